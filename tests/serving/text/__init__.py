"""Tests of serving/text/."""
