"""The migration over HTTP: whole and by group, from the two months published."""

from __future__ import annotations

from typing import Any

import pytest

from tests import http_requests
from tests.conftest import County


def asked(served: str, **parameters: object) -> dict[str, Any]:
    answer: dict[str, Any] = (
        http_requests.get(f"{served}/api/v1/migration", params={name: str(value) for name, value in parameters.items()})
        .raise_for_status()
        .json()
    )
    return answer


@pytest.mark.parametrize("level", ["county", "township", "village", "bank"])
def test_groups_sum_to_the_whole_and_the_whole_holds_every_open_loan(county: County, served: str, level: str) -> None:
    found = asked(served, **{"from": county.before, "to": county.newest, "level": level})
    assert (found["since"], found["as_of"]) == (str(county.before), str(county.newest))
    grouped = sum(move["loans"] for group in found["groups"] for move in group["moves"])
    assert grouped == sum(move["loans"] for move in found["moves"])
    still = ("green", "yellow", "red", "gone_bad")
    assert sum(move["loans"] for move in found["moves"] if move["after"] in still) == county.warnings.height


def test_months_left_out_are_the_newest_and_the_one_before_it(county: County, served: str) -> None:
    assert asked(served) == asked(served, **{"from": county.before, "to": county.newest})


def test_a_bank_or_area_narrows_it(county: County, served: str) -> None:
    bank = county.warnings["bank"][0]
    mine = sum(move["loans"] for move in asked(served, bank=bank)["moves"])
    assert 0 < mine < sum(move["loans"] for move in asked(served)["moves"])
    assert asked(served, area="99")["moves"] == []


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"from": "2001-01-31"}, 409), ({"level": "hamlet"}, 422), ({"to": "yesterday"}, 422)],
)
def test_what_is_not_published_or_not_known_is_refused(served: str, parameters: dict[str, str], status: int) -> None:
    answer = http_requests.get(f"{served}/api/v1/migration", params=parameters)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
