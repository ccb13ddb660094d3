"""Tests of serving/cli/."""
