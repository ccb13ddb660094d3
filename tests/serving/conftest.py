"""The databases that the tests of serving run on."""

from tests.serving.databases import address, database, postgres

__all__ = ["address", "database", "postgres"]
