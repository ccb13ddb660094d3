"""A province that all tests of the monthly run copy, and the databases that the tests of serving run on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from serving.app import application
from serving.settings import settings_of
from tests.conftest import County
from tests.models.frames import fitted_bundle
from tests.serving.databases import address, database, postgres
from tests.serving.provinces import Province, built

__all__ = ["address", "database", "postgres"]


@pytest.fixture(scope="session")
def judged_province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Judged by a small model to which ten days past due are bad; nothing is published yet."""
    bundle = fitted_bundle()
    champion = replace(bundle, card={**bundle.card, "bad_after_days": 10})
    return built(tmp_path_factory.mktemp("judged"), champion)


@pytest.fixture(scope="session")
def ruled_province(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Judged by the rules alone, which is quick; nothing is published yet."""
    return built(tmp_path_factory.mktemp("ruled"), None)


@pytest.fixture
def ruled(ruled_province: Province, tmp_path: Path) -> Province:
    """One of its own, to be changed by one test."""
    return ruled_province.copied_to(tmp_path / "var")


@pytest.fixture(scope="module")
def desk(county: County) -> FastAPI:
    """The county's service without a server."""
    return application(county.store, settings_of(county.data))
