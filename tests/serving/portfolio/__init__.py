"""Tests of serving/portfolio/."""
