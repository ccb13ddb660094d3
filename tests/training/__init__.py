"""Tests of how a model comes to be."""
