"""The interface: filters, order, pages of a list, one loan, one household, the model, health and the document."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
import pytest

from serving.months.published_editions import month_folder_name
from tests import http_requests
from tests.conftest import County

Answer = dict[str, Any]
VERSIONS = ("as_of", "model_version", "policy_version", "data_version")
OUTSIDE = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?\s*(?:https?:)?//[^"'\s>)]+""")


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def answered(served: str, path: str, **asked: Any) -> Answer:
    """An answer, read by a reader that takes no NaN."""
    answer = http_requests.get(served + path, params=asked).raise_for_status()
    assert answer.headers["content-type"] == "application/json"
    read: Answer = json.loads(answer.text, parse_constant=refuse)
    return read


def listed(served: str, **asked: Any) -> list[Answer]:
    items: list[Answer] = answered(served, "/api/v1/warnings", limit=500, **asked)["items"]
    return items


def loans(items: list[Answer]) -> list[str]:
    return [item["loan_id"] for item in items]


AREA = "64032310120200"
FILTERS = [
    *[({"light": light}, pl.col("light") == light) for light in ("green", "yellow", "red")],
    *[({"rule_light": light}, pl.col("rule_light") == light) for light in ("green", "yellow", "red")],
    *[({"model_light": light}, pl.col("model_light") == light) for light in ("green", "yellow", "red")],
    ({"bank": "甲银行"}, pl.col("bank") == "甲银行"),
    *[({"area": AREA[:n]}, pl.col("village_code").str.starts_with(AREA[:n])) for n in (2, 4, 6, 8, 9, 11, 12)],
    ({"area": "11"}, pl.lit(False)),
    ({"due_within_days": 0}, pl.col("days_to_maturity") == 0),
    ({"due_within_days": 90}, pl.col("days_to_maturity").is_between(0, 90)),
    ({"q": "L01000014"}, pl.col("loan_id").str.contains("L01000014", literal=True)),
    ({"q": "H0100003"}, pl.col("household_id").str.contains("H0100003", literal=True)),
    ({"q": ".*"}, pl.lit(False)),
    ({"light": "red", "bank": "甲银行"}, (pl.col("light") == "red") & (pl.col("bank") == "甲银行")),
]


@pytest.mark.parametrize(("asked", "condition"), FILTERS, ids=[str(asked) for asked, _ in FILTERS])
def test_a_filter_finds_exactly_the_loans_that_meet_it(
    county: County, served: str, asked: Answer, condition: pl.Expr
) -> None:
    wanted = county.warnings.filter(condition)
    answer = answered(served, "/api/v1/warnings", limit=500, **asked)
    assert sorted(loans(answer["items"])) == wanted["loan_id"].to_list()
    assert answer["total"] == wanted.height


def test_a_past_month_is_answered_as_it_was_published(county: County, served: str) -> None:
    before = pl.read_parquet(county.data / "warnings" / month_folder_name(county.before) / "*.parquet")
    items = listed(served, as_of=county.before)
    assert sorted(loans(items)) == sorted(before["loan_id"])
    assert {item["as_of"] for item in items} == {str(county.before)}


def test_by_risk_red_yellow_green_come_each_by_rank_and_bad_loans_after_the_other_red_ones(served: str) -> None:
    worst = {"red": 0, "yellow": 1, "green": 2}
    items = listed(served)
    last = len(items) + 1
    assert items == sorted(items, key=lambda item: (worst[item["light"]], item["score_rank"] or last, item["loan_id"]))
    assert {item["status"] for item in items if item["score_rank"] is None} == {"bad"}


@pytest.mark.parametrize("status", ["performing", "probation", "bad"])
def test_a_status_lists_its_loans(county: County, served: str, status: str) -> None:
    mine = county.warnings.filter(pl.col("status") == status)
    assert set(loans(listed(served, status=status))) == set(mine["loan_id"])
    assert mine.height


@pytest.mark.parametrize(("sort", "sign"), [("days_to_maturity", 1), ("outstanding_principal", -1)])
def test_other_orders_are_by_their_column_then_by_loan(served: str, sort: str, sign: int) -> None:
    items = listed(served, sort=sort)
    assert items == sorted(items, key=lambda item: (sign * item[sort], item["loan_id"]))


def test_by_loan_is_by_loan(served: str) -> None:
    assert loans(listed(served, sort="loan_id")) == sorted(loans(listed(served)))


@pytest.mark.parametrize("sort", ["risk", "days_to_maturity", "outstanding_principal", "loan_id"])
def test_turning_pages_shows_every_loan_once_and_in_order(served: str, sort: str) -> None:
    found: list[Answer] = []
    page = answered(served, "/api/v1/warnings", sort=sort, limit=37)
    while page["next_cursor"]:
        assert len(page["items"]) == 37
        found += page["items"]
        page = answered(served, "/api/v1/warnings", sort=sort, limit=37, cursor=page["next_cursor"])
    assert found + page["items"] == listed(served, sort=sort)


def test_the_last_page_has_no_next_though_it_is_full(served: str) -> None:
    total = answered(served, "/api/v1/warnings", limit=1)["total"]
    assert total <= 500
    page = answered(served, "/api/v1/warnings", limit=total)
    assert (len(page["items"]), page["next_cursor"]) == (total, None)


def test_every_answer_about_a_person_names_month_and_versions(county: County, served: str) -> None:
    manifest = county.month.manifest
    warning = listed(served, light="red")[0]
    for path in (
        "/api/v1/warnings",
        f"/api/v1/loans/{warning['loan_id']}/warning",
        f"/api/v1/households/{warning['household_id']}/explanation",
    ):
        answer = answered(served, path)
        assert {name: answer[name] for name in VERSIONS} == {name: getattr(manifest, name) for name in VERSIONS}


def test_a_missing_number_is_null(county: County, served: str) -> None:
    gone_bad = answered(served, f"/api/v1/households/{county.one_of_each()['gone_bad']}/explanation")["loans"][0]
    assert gone_bad["warning"]["probability"] is None
    holes = [
        feature
        for item in listed(served, light="green")[:20]
        for family in answered(served, f"/api/v1/households/{item['household_id']}/explanation")["loans"][0]["families"]
        for feature in family["features"]
        if feature["value"] is None
    ]
    assert {(hole["value_zh"], hole["value_en"]) for hole in holes} == {("无数据", "no data")}


def test_an_explanation_names_every_loan_of_the_household(county: County, served: str) -> None:
    several = county.warnings.filter(pl.col("household_id").is_duplicated())
    household = several["household_id"][0]
    told = answered(served, f"/api/v1/households/{household}/explanation")
    mine = county.warnings.filter(pl.col("household_id") == household)
    assert [loan["warning"]["loan_id"] for loan in told["loans"]] == mine["loan_id"].to_list()
    for loan in told["loans"]:
        assert {due["loan_id"] for due in loan["instalments"]} == {loan["warning"]["loan_id"]}


def test_the_history_tells_what_was_paid_late_and_what_is_overdue(county: County, served: str) -> None:
    overdue = county.warnings.filter(pl.col("days_past_due") > 0).to_dicts()[0]
    told = answered(served, f"/api/v1/households/{overdue['household_id']}/explanation")
    loan = next(loan for loan in told["loans"] if loan["warning"]["loan_id"] == overdue["loan_id"])
    due = [due for due in loan["instalments"] if due["days_late"] is not None]
    assert max(one["days_late"] for one in due if not one["covered"]) == overdue["days_past_due"]
    assert all(one["due_on"] <= str(county.newest) for one in due)
    assert [one["due_on"] for one in due] == sorted(one["due_on"] for one in due)


def test_a_loans_history_is_each_month_as_it_was_published(county: County, served: str) -> None:
    before = pl.read_parquet(county.data / "warnings" / month_folder_name(county.before) / "*.parquet")
    loan = sorted(set(before["loan_id"]) & set(county.warnings["loan_id"]))[0]
    told = answered(served, f"/api/v1/loans/{loan}/history")
    lights = [month.filter(pl.col("loan_id") == loan)["light"][0] for month in (before, county.warnings)]
    assert [month["light"] for month in told["months"]] == lights
    assert [month["as_of"] for month in told["months"]] == [str(county.before), str(county.newest)]
    past = answered(served, f"/api/v1/loans/{loan}/history", as_of=county.before)
    assert past["months"] == told["months"][:1]


def test_the_model_tells_its_card_its_policy_and_who_crowned_it(county: County, served: str) -> None:
    answer = answered(served, "/api/v1/model")
    bundle = county.store.models.champion
    assert bundle
    assert (answer["model_version"], answer["refused"]) == (bundle.version, None)
    assert answer["card"]["horizon_months"] == 6
    assert answer["policy"]["yellow_from"] == bundle.policy.yellow_from
    trained, promoted = answer["history"]
    assert (trained["alias"], trained["in_spite_of"]) == ("challenger", [])
    assert trained["reason"].startswith("newly trained; gate 2: evidence")
    assert (promoted["alias"], promoted["reason"]) == ("champion", "an example in spite of the gate")
    assert "evidence.policy" in promoted["in_spite_of"]


def test_health_tells_that_it_lives_and_which_month_it_serves(county: County, served: str) -> None:
    assert answered(served, "/health/live") == {"status": "live"}
    assert answered(served, "/health/ready") == {
        "status": "ready",
        "as_of": str(county.newest),
        "champion": "1",
    }


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/?lang=zh", "/?lang=en", "/households/nobody", "/?as_of=x"]
)
def test_nothing_is_fetched_from_an_outside_address(served: str, path: str) -> None:
    assert OUTSIDE.findall(http_requests.get(served + path).text) == []


def test_the_document_describes_every_route_and_its_problems(served: str) -> None:
    document = answered(served, "/openapi.json")
    assert set(document["paths"]) == {
        "/health/live",
        "/health/ready",
        "/api/v1/warnings",
        "/api/v1/loans/{loan_id}/warning",
        "/api/v1/loans/{loan_id}/history",
        "/api/v1/households",
        "/api/v1/households/{household_id}",
        "/api/v1/households/{household_id}/explanation",
        "/api/v1/households/{household_id}/what-if",
        "/api/v1/score",
        "/api/v1/summary",
        "/api/v1/migration",
        "/api/v1/maturities",
        "/api/v1/insurance",
        "/api/v1/ledger",
        "/api/v1/ledger/{household_id}",
        "/api/v1/news",
        "/api/v1/news/feed",
        "/api/v1/news/feed.atom",
        "/api/v1/news/feed.json",
        "/api/v1/households/{household_id}/today",
        "/api/v1/model",
        "/api/v1/cases",
        "/api/v1/cases/assign",
        "/api/v1/cases/{case_id}",
        "/api/v1/audit",
    }
    for path, route in document["paths"].items():
        if path.startswith("/api"):
            for operation in route.values():
                assert {"401", "403", "404", "409", "422", "429"} <= set(operation["responses"])
    assert set(document["components"]["schemas"]["Problem"]["properties"]) >= {"type", "title", "status", "zh", "en"}


@pytest.mark.parametrize(
    ("preferred", "asked", "tag"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "", "en"),
        ("fr", "", "zh-Hans"),
        ("en", "?lang=zh", "zh-Hans"),
        ("zh", "?lang=en", "en"),
    ],
)
def test_a_page_speaks_the_language_asked_for_else_the_browsers(
    served: str, preferred: str, asked: str, tag: str
) -> None:
    answer = http_requests.get(f"{served}/{asked}", headers={"accept-language": preferred})
    assert f'<html lang="{tag}">' in answer.text


def test_answers_are_kept_by_no_one_and_open_in_no_frame(served: str) -> None:
    headers = http_requests.get(served).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
