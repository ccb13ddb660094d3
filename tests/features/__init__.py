"""What the county knew: the door, the ledger, and what was known on a day."""
