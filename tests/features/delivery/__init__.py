"""Tests of features/delivery/."""
