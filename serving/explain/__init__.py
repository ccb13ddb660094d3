"""One household: reasons, the threshold question, what changed, counterfactuals, and the sentences that tell them."""
