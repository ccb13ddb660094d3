"""Tests of what features say about the next months."""
