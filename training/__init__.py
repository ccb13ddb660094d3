"""How a model comes to be: cohort, labels, fit, judgement, publication."""
