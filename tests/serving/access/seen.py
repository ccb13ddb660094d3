"""The desk as somebody sees it, and a number that is nobody's."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.features.inboxes import identity_number
from tests.running_service import key_for

NOBODYS = identity_number()


def seen_by(desk: FastAPI, role: str, bank: str | None = None, area: str | None = None) -> TestClient:
    key = key_for(desk.state.context.store.folder, role, bank, area)
    return TestClient(desk, headers={"authorization": f"Bearer {key}"})
