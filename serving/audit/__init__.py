"""The audit log: entries in a hash chain, their writer, and what the machine's own user does."""
