"""Tests of serving/explain/."""
