"""The moment and the day on which tests happen."""

from __future__ import annotations

from datetime import UTC, date, datetime

NOW = datetime(2026, 1, 10, 8, tzinfo=UTC)
TODAY = date(2026, 1, 10)
