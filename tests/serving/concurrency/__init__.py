"""Tests of serving/concurrency/."""
