"""The database of accounts, cases and audit log: SQLite by default, PostgreSQL by address."""
