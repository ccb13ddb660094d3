"""The judgement: what a model is worth beside the rules and simpler rungs, at the same number of visits."""
