"""The work on a loan: cases, events, outcomes."""
