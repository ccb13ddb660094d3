"""Evaluation of a model beside the rules and simpler opponents, at the rules' number of visits."""
