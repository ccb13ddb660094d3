"""Tests of serving/months/."""
