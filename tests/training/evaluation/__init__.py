"""The judgement and the gate."""
