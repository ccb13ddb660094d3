"""The desk of the county, without a server."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from serving.app import application
from serving.settings import settings_of
from tests.conftest import County


@pytest.fixture(scope="module")
def desk(county: County) -> FastAPI:
    return application(county.store, settings_of(county.data))
