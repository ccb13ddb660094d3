"""The append-only ledger: commits, the part files that hold delivered rows, and the ledger that reads both."""
