"""The database: both kinds, migrated, and what it refuses."""
