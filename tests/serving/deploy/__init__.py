"""Tests of serving/deploy/."""
