"""Re-export of `as_codes`: models registered in MLflow by version 0.1 import it from here."""

from __future__ import annotations

from models.traffic_light.evaluate import as_codes

__all__ = ["as_codes"]
