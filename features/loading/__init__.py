"""From an inbox to the ledger: find the files, sort their rows, keep what is right, set aside the rest."""
