"""The naive referee: contract section 2 in plain loops, and the random ledgers it is asked about."""
