"""What the batch published is what the interface answers, the page shows and the terminal prints."""

from __future__ import annotations

import html
import itertools
import json
import math
import re
from typing import Any

import polars as pl
import pytest

from models.five_classes.matrices import CLASS_WORDS, MATRICES
from serving.months.published_editions import month_folder_name
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, lights

KINDS = ("red", "yellow", "green", "gone_bad")
LIGHTS = {
    "zh": {"red": "红灯", "yellow": "黄灯", "green": "绿灯"},
    "en": {"red": "red", "yellow": "yellow", "green": "green"},
}
CLASSES = [*CLASS_WORDS, "not_assessable"]
Answer = dict[str, Any]


def published(county: County, household: str) -> list[Answer]:
    """The Parquet rows of a household, spelled as the interface spells them, without sentences."""
    rows = county.warnings.filter(pl.col("household_id") == household).to_dicts()
    for row in rows:
        for name in ("as_of", "bad_since", "bad_due_on", "arrears_ended_on", "probation_until"):
            row[name] = None if row[name] is None else str(row[name])
        row["incomplete"] = [{"code": code} for code in row["incomplete"]]
        for told, names in (("reasons", ("value", "typical")), ("changes", ("before", "after"))):
            for each, name in itertools.product(row[told], names):
                code = each.pop(f"{name}_code")
                each[name] = each[name] if code is None else code
    return rows


def without_sentences(answer: Any) -> Any:
    if isinstance(answer, list):
        return [without_sentences(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    sentences = re.compile("(^|_)(zh|en)$|^open_rules$")
    return {name: without_sentences(value) for name, value in answer.items() if not sentences.search(name)}


def explained(served: str, household: str) -> Answer:
    answer: Answer = http_requests.get(f"{served}/api/v1/households/{household}/explanation").raise_for_status().json()
    return answer


def page_of(served: str, household: str, lang: str) -> str:
    """The page's text, tags taken out and spaces put together."""
    source = http_requests.get(f"{served}/households/{household}", params={"lang": lang}).raise_for_status().text
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", source)).split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_interface_answers_what_was_published(county: County, served: str, kind: str) -> None:
    household = county.one_of_each()[kind]
    loans = explained(served, household)["loans"]
    assert [without_sentences(loan["warning"]) for loan in loans] == published(county, household)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loan_is_told_alike_alone_in_the_list_and_under_its_household(county: County, served: str, kind: str) -> None:
    household = county.one_of_each()[kind]
    warning = explained(served, household)["loans"][0]["warning"]
    alone = http_requests.get(f"{served}/api/v1/loans/{warning['loan_id']}/warning").json()
    assert alone == {**warning, "month_incomplete": None}
    assert warning in http_requests.get(f"{served}/api/v1/warnings", params={"q": warning["loan_id"]}).json()["items"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_tells_what_the_interface_answers(county: County, served: str, kind: str) -> None:
    household = county.one_of_each()[kind]
    told = json.loads(done(lights(county.data, "explain", household, "--json")))
    assert told == explained(served, household)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_what_the_interface_answers(county: County, served: str, kind: str, lang: str) -> None:
    household = county.one_of_each()[kind]
    text = page_of(served, household, lang)
    for loan in explained(served, household)["loans"]:
        warning = loan["warning"]
        assert f"{LIGHTS[lang][warning['light']]} {'贷款' if lang == 'zh' else 'Loan'} {warning['loan_id']}" in text
        said = [*warning["rules"], *warning["reasons"]]
        assert [one[lang] for one in said if one[lang] not in text] == []
        assert [f"{one['contribution']:+.2f}" in text for one in warning["reasons"]] == [True] * len(warning["reasons"])
        assert loan[f"likelihood_{lang}"] in text
        assert warning[f"action_{lang}"] in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_every_fact_and_every_instalment(county: County, served: str, kind: str) -> None:
    household = county.one_of_each()[kind]
    text = page_of(served, household, "en")
    for loan in explained(served, household)["loans"]:
        for feature in (feature for family in loan["families"] for feature in family["features"]):
            assert f"{feature['label_en']} {feature['value_en']} {feature['typical_en']}" in text
        assert loan["instalments"]
        for due in loan["instalments"]:
            assert f"{due['due_on']} {due['principal_due']:,.2f} {due['interest_due']:,.2f}" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_terminal_prints_light_likelihood_rules_and_reasons(county: County, served: str, lang: str) -> None:
    for household in county.one_of_each().values():
        printed = done(lights(county.data, "explain", household, "--lang", lang))
        for loan in explained(served, household)["loans"]:
            said = [*loan["warning"]["rules"], *loan["warning"]["reasons"]]
            assert [one[lang] for one in said if one[lang] not in printed] == []
            assert loan[f"likelihood_{lang}"] in printed
            assert LIGHTS[lang][loan["warning"]["light"]] in printed


def test_reasons_and_other_facts_sum_to_the_models_parts(county: County, served: str) -> None:
    bundle = county.store.models.champion
    assert bundle
    names = [column.name for column in bundle.columns]
    for kind in ("red", "yellow", "green"):
        loan = explained(served, county.one_of_each()[kind])["loans"][0]
        facts = county.facts.filter(pl.col("loan_id") == loan["warning"]["loan_id"])
        shown = {reason["feature"] for reason in loan["warning"]["reasons"]}
        rest = sum(
            part for name, part in zip(names, bundle.contributions(facts)[0][0], strict=True) if name not in shown
        )
        assert loan["other_facts"] == pytest.approx(rest, abs=1e-6)


@pytest.mark.parametrize("kind", ["red", "yellow", "green"])
def test_the_whole_change_is_the_difference_of_the_two_published_log_odds(
    county: County, served: str, kind: str
) -> None:
    before = pl.read_parquet(county.data / "warnings" / month_folder_name(county.before) / "*.parquet")
    then = dict(before.select("loan_id", "probability").rows())
    for loan in explained(served, county.one_of_each()[kind])["loans"]:
        changed, warning = loan["changed"], loan["warning"]
        if then.get(warning["loan_id"]) is None:
            assert (changed["total"], changed["kinds"]) == (None, [])
            continue
        moved = log_odds(warning["probability"]) - log_odds(then[warning["loan_id"]])
        parts = [change["contribution"] for each in changed["kinds"] for change in each["changes"]]
        assert changed["total"] == pytest.approx(moved, abs=1e-6)
        assert math.fsum(parts) == pytest.approx(moved, abs=1e-6)
        assert changed["since"] == str(county.before)


@pytest.mark.parametrize("kind", ["red", "yellow", "green"])
def test_the_threshold_reasons_lead_from_the_loans_beside_to_this_one(county: County, served: str, kind: str) -> None:
    for loan in explained(served, county.one_of_each()[kind])["loans"]:
        told = loan["threshold"]
        given = math.fsum(reason["contribution"] for reason in told["reasons"])
        assert told["compared_log_odds"] + given + told["other_facts"] == pytest.approx(told["log_odds"], abs=1e-9)
        assert told["log_odds"] == pytest.approx(log_odds(loan["warning"]["probability"]), abs=1e-6)
        assert told["light"] == loan["warning"]["model_light"]
        assert told["light"] != told["instead"]


def test_the_page_and_the_terminal_put_the_threshold_question_first(county: County, served: str) -> None:
    household = county.one_of_each()["yellow"]
    page, printed = page_of(served, household, "en"), done(lights(county.data, "explain", household, "--lang", "en"))
    for loan in explained(served, household)["loans"]:
        for text, average in ((page, "Reasons, against the average loan"), (printed, "Against the average loan")):
            assert loan["threshold"]["en"] in text
            assert text.index(loan["threshold"]["en"]) < text.index(average)
            assert all(reason["en"] in text for reason in loan["threshold"]["reasons"])
            assert all(change["en"] in text for change in loan["warning"]["changes"])


def test_families_hold_every_part_and_sum_with_the_base_to_the_log_odds(county: County, served: str) -> None:
    loan = explained(served, county.one_of_each()["red"])["loans"][0]
    families = [family["contribution"] for family in loan["families"]]
    parts = [feature["contribution"] or 0 for family in loan["families"] for feature in family["features"]]
    whole = log_odds(loan["warning"]["probability"]) - loan["warning"]["base_value"]
    assert math.fsum(families) == pytest.approx(whole, abs=1e-6)
    assert math.fsum(parts) == pytest.approx(whole, abs=1e-6)


def test_no_single_feature_is_told_in_percentage_points(served: str, county: County) -> None:
    for lang in ("zh", "en"):
        text = page_of(served, county.one_of_each()["red"], lang)
        assert not re.search("百分点|percentage point", text)


def log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_the_likelihood_is_the_probability_of_a_hundred_loans(county: County, served: str) -> None:
    loan = explained(served, county.one_of_each()["red"])["loans"][0]
    names = ("probability", "probability_low", "probability_high")
    count, least, most = (round(100 * loan["warning"][name]) for name in names)
    assert loan["likelihood_en"].startswith(
        f"Of 100 loans like this one, about {count} ({least} to {most} by the data at hand) go bad within 6 months (30"
    )
    assert loan["likelihood_zh"].startswith(
        f"与此相似的 100 笔贷款中，约 {count} 笔（按现有数据 {least} 至 {most} 笔）在 6 个月内变坏"
    )


def test_a_loan_that_has_gone_bad_is_said_to_have(county: County, served: str) -> None:
    loan = explained(served, county.one_of_each()["gone_bad"])["loans"][0]
    assert loan["likelihood_en"] == "This loan is bad; nothing is predicted."
    assert loan["likelihood_zh"] == "该笔贷款已是不良，不作预测。"
    assert loan["warning"]["status"] == "bad"
    assert loan["warning"]["status_zh"].endswith("至今未补还，属不良，不作预测。")
    for lang in ("zh", "en"):
        assert loan["warning"][f"status_{lang}"] in page_of(served, county.one_of_each()["gone_bad"], lang)
    assert loan["other_facts"] is None


def test_a_light_by_the_rules_alone_is_said_to_be(by_rules: County) -> None:
    household = by_rules.warnings.filter(pl.col("light") == "green")["household_id"][0]
    zh, en = (done(lights(by_rules.data, "explain", household, "--lang", lang)) for lang in ("zh", "en"))
    assert "没有可用模型，灯色只按规则。" in zh
    assert "There was no usable model; the light is by the rules alone." in en
    assert "（规则：绿灯，模型：无）" in zh
    assert "(rules: green, model: none)" in en


@pytest.mark.parametrize("kind", ["green", "gone_bad"])
def test_a_loan_has_its_class_by_both_matrices_with_its_reason_on_the_page_and_in_the_terminal(
    county: County, served: str, kind: str
) -> None:
    household = county.one_of_each()[kind]
    page = http_requests.get(f"{served}/households/{household}", params={"lang": "en"}).text
    printed = done(lights(county.data, "explain", household, "--lang", "en"))
    for loan in explained(served, household)["loans"]:
        days = loan["warning"]["days_past_due"]
        assert [each["matrix"] for each in loan["classes"]] == list(MATRICES)
        for each in loan["classes"]:
            assert CLASSES.index(each["code"]) >= CLASSES.index(MATRICES[each["matrix"]].class_of(days))
            assert each["en"] in page
            assert each["reason_en"] in page
            assert f"{each['en']}: {each['reason_en']}" in printed


def test_a_rule_that_could_not_be_assessed_says_which_value_is_missing(county: County, served: str) -> None:
    open_loans = county.warnings.filter(pl.col("not_assessable").list.contains("R206"))
    [warning, *_] = (each["warning"] for each in explained(served, open_loans["household_id"][0])["loans"])
    assert [rule["id"] for rule in warning["open_rules"]] == warning["not_assessable"]
    [price] = [rule for rule in warning["open_rules"] if rule["id"] == "R206"]
    assert price["zh"] == "缺少：申报产业价格同比"
    assert price["en"] == "missing: Declared product's price against a year ago"
