"""How a model is made: cohort, labels, fit, evaluation, gate, registration; and the simulator of a county."""
