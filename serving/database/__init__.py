"""People, keys, cases and audit: SQLite as delivered, PostgreSQL by address."""
