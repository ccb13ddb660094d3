"""Snapshots: the facts that had happened and were known by a day.

No other code looks at rows known later; this one does so only to hide them.
"""
