"""The data contract: the tables that banks and offices deliver, their reading, validation and pseudonyms."""
