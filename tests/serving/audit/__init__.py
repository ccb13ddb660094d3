"""Tests of serving/audit/."""
