"""An empty installation for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.features.inboxes import Intake


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)
