"""Evaluation of a model beside the rules and simpler baselines, at the rules' number of visits."""
