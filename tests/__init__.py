"""Tests: they mirror the folders, and keep the naive referee in oracle."""
