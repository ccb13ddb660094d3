"""Tests of features/ledger/."""
