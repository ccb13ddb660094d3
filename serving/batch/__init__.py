"""The monthly run: inputs, plan, tasks, warnings, publication and replay, on one machine or several."""
