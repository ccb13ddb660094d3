"""Tests of serving/batch/."""
