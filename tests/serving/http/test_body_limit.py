"""Bodies that are too large: refused by their announced length and while they are read, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serving.http.body_limit import MIB
from tests import http_requests
from tests.conftest import County
from tests.running_service import serving


@pytest.fixture(scope="module")
def address(by_rules: County) -> Iterator[str]:
    with serving(by_rules.data) as signed:
        yield signed


def in_pieces(size: int) -> Iterator[bytes]:
    """A body whose length is not announced."""
    for _ in range(size // (MIB // 4)):
        yield b"x" * (MIB // 4)


@pytest.mark.parametrize(("path", "limit"), [("/cases/1", 1), ("/api/v1/cases/assign", 8)])
def test_a_body_beyond_the_limit_is_refused_announced_or_not(address: str, path: str, limit: int) -> None:
    kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
    headers = {"content-type": kind, "accept": "application/json"}
    for content in (b"x" * (limit * MIB + 1), in_pieces((limit + 1) * MIB)):
        answer = http_requests.post(f"{address}{path}", content=content, headers=headers)
        assert answer.status_code == 413, answer.text
        assert f"{limit} MB" in answer.json()["en"]
        assert f"{limit} MB" in answer.json()["zh"]


def test_a_body_within_the_limit_is_read(address: str) -> None:
    answer = http_requests.post(
        f"{address}/api/v1/cases/assign", content=b"x" * MIB, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
