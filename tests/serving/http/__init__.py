"""Tests of serving/http/."""
