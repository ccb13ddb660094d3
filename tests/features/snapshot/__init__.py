"""Tests of features/snapshot/."""
