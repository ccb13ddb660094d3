"""How many households have to stand behind a figure that is told of others."""

from __future__ import annotations

MIN_HOUSEHOLDS = 6
"""Households that a figure told of others needs: the one it is told to, and five others (contract, section 3)."""
