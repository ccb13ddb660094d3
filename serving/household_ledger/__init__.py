"""The ledger of every household, borrower or not: grades, limits, drawings; credit villages; revolving grants."""
