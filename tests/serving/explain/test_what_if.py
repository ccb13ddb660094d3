"""What if: the same code as scoring, one fact moved, nothing stored; and one household's own rows scored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import features_at, snapshot_at
from features.contract.tables import TABLES
from features.months import same_day_after
from serving.explain.household_cache import household_month
from serving.explain.sentences import render_warnings
from serving.explain.what_if.apply import HouseholdSnapshot, household_snapshot
from serving.explain.what_if.facts import (
    HardshipResolved,
    HypotheticalFact,
    ImpossibleFactsError,
    IncomeStatement,
    LivestockBought,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    UseCheck,
)
from serving.explain.what_if.rescore import month_rescorer
from serving.explain.what_if_answers import what_if
from serving.months.data_folder import DataFolder
from tests import http_requests
from tests.conftest import County
from tests.features.one_loan import AS_OF, one_loan

Row = dict[str, Any]


@pytest.fixture(scope="module")
def yellow(county: County) -> str:
    return county.one_of_each()["yellow"]


def snapshot_of(county: County, household: str) -> HouseholdSnapshot:
    return household_snapshot(county.month, county.store, household)


def after(county: County, household: str, *facts: HypotheticalFact) -> Row:
    """The features of the household's first loan with facts supposed."""
    home = household_month(county.month, county.store, household)
    supposed = home.ledger_snapshot.apply_facts(facts)
    rescorer = month_rescorer(county.month, county.store)
    return rescorer.rescore(supposed.snapshot, home.peers, home.previous_month).facts.row(0, named=True)


def before(county: County, household: str) -> Row:
    return county.facts.filter(pl.col("household_id") == household).row(0, named=True)


def test_a_household_alone_equals_its_rows_of_the_batch(county: County) -> None:
    rescorer = month_rescorer(county.month, county.store)
    for household in county.warnings["household_id"].unique().sort()[:15]:
        home = household_month(county.month, county.store, household)
        again = rescorer.rescore(home.ledger_snapshot.snapshot, home.peers, home.previous_month)
        assert_frame_equal(again.facts, home.features.sort("loan_id"))
        then = {each.loan_id: each for each in render_warnings(home.warnings, home.features, county.month)}
        for warning in again.warnings:
            was = then[warning.loan_id]
            assert (warning.light, warning.probability) == (was.light, was.probability)
            assert [r.feature for r in warning.reasons] == [r.feature for r in was.reasons]
            assert [r.contribution for r in warning.reasons] == pytest.approx(
                [r.contribution for r in was.reasons], abs=1e-6
            )


def test_a_payment_pays_the_overdue_interest_before_principal(county: County) -> None:
    late = county.facts.filter(~pl.col("has_gone_bad"), pl.col("overdue_interest") > 0).row(0, named=True)
    owed, home = late["overdue_interest"], late["household_id"]
    [loan] = [
        row
        for row in [after(county, home, Payment(kind="payment", loan_id=late["loan_id"], yuan=round(owed + 100, 2)))]
        if row["loan_id"] == late["loan_id"]
    ] or pytest.skip("its first loan is another one")
    assert loan["overdue_interest"] == 0
    assert loan["outstanding_principal"] == pytest.approx(late["outstanding_principal"] - 100)


def test_a_village_does_not_keep_the_arrears_its_household_has_paid(county: County) -> None:
    """The others' share hangs on the others alone."""
    running = county.facts.filter(~pl.col("has_gone_bad"), pl.col("days_to_maturity") > 0)
    home = running.filter(pl.col("overdue_amount") > 0).sort("loan_id")["household_id"][0]
    mine = county.facts.filter(pl.col("household_id") == home)
    owed = mine.filter(pl.col("overdue_amount") > 0).select("loan_id", "overdue_amount").rows()
    paid = after(county, home, *(Payment(kind="payment", loan_id=loan, yuan=yuan) for loan, yuan in owed))
    was = before(county, home)
    assert paid["overdue_amount"] == 0
    assert paid["village_overdue_share"] == was["village_overdue_share"]
    assert paid["township_bad_share"] == was["township_bad_share"]


def test_sheep_sold_go_into_the_savings_and_sheep_bought_out_of_them(county: County) -> None:
    rich = county.facts.filter(pl.col("sheep_count") >= 2, pl.col("savings") >= 500)["household_id"][0]
    was = before(county, rich)
    sold = after(county, rich, LivestockSold(kind="livestock_sold", sheep=2, yuan=2000))
    assert (sold["sheep_count"], sold["savings"]) == (was["sheep_count"] - 2, was["savings"] + 2000)
    bought = after(county, rich, LivestockBought(kind="livestock_bought", sheep=1, yuan=500))
    assert (bought["sheep_count"], bought["savings"]) == (was["sheep_count"] + 1, was["savings"] - 500)


def test_a_hardship_is_new_until_it_is_resolved(county: County, yellow: str) -> None:
    hit = NewHardship(kind="hardship", cause="disaster", loss_amount=9000)
    assert after(county, yellow, hit)["unresolved_hardship"] == 1
    assert after(county, yellow, hit, HardshipResolved(kind="hardship_resolved"))["unresolved_hardship"] == 0


def test_a_first_hardship_counts_for_a_household_that_had_none(county: County) -> None:
    spared = county.facts.filter(~pl.col("has_gone_bad"), pl.col("hardship_age_months").is_null())["household_id"][0]
    assert snapshot_of(county, spared).newest_rows("hardships") == []
    hit = after(county, spared, NewHardship(kind="hardship", cause="illness", loss_amount=9000))
    assert (hit["unresolved_hardship"], hit["hardships_12m"], hit["hardship_loss_12m"]) == (1, 1, 9000)


def test_a_second_question_about_a_household_is_answered_like_a_first(county: County, yellow: str) -> None:
    """What the questions before have left in memory moves nothing."""
    hit = NewHardship(kind="hardship", cause="illness", loss_amount=9000)
    loan = before(county, yellow)["loan_id"]
    pays = Payment(kind="payment", loan_id=loan, yuan=1)
    asked = [after(county, yellow, *facts) for facts in ((hit,), (pays,), (hit, pays), (hit,), ())]
    afresh = snapshot_of(county, yellow)
    home = household_month(county.month, county.store, yellow)
    for facts, was in zip(((hit,), (pays,), (hit, pays), (hit,), ()), asked, strict=True):
        rows = afresh.apply_facts(facts).tables
        alone = features_at(county.newest, rows, peers=home.peers)
        assert alone.row(0, named=True) == was


def test_a_use_check_is_the_newest_finding(county: County, yellow: str) -> None:
    loan = before(county, yellow)["loan_id"]
    found = after(county, yellow, UseCheck(kind="use_check", loan_id=loan, finding="diverted"))
    assert (found["use_finding"], found["use_diverted"]) == ("diverted", 1)


def test_an_income_statement_may_repeat_the_figures_of_the_last(county: County, yellow: str) -> None:
    was = before(county, yellow)
    again = after(county, yellow, IncomeStatement(kind="income_statement"))
    assert (again["statement_age_months"], again["net_income"]) == (0, was["net_income"])


def test_a_repeated_income_statement_has_the_figures_of_a_year_and_never_those_of_a_month() -> None:
    again = IncomeStatement(kind="income_statement", transfer_income=500)
    for months, income in ((6, 6000 * 2 + 500), (1, 500)):
        start = same_day_after(AS_OF, -months) + timedelta(days=1)
        half = {"household_id": "H1", "period_start": start, "period_end": AS_OF, "wage_income": 6000.0}
        snapshot = snapshot_at(AS_OF, one_loan(income_statements=[{**half, "known_on": AS_OF}]))
        supposed = HouseholdSnapshot(snapshot, "H1", "640323").apply_facts([again])
        assert features_at(AS_OF, supposed.tables)["net_income"].item() == income
    with pytest.raises(ImpossibleFactsError, match="of half a year"):
        HouseholdSnapshot(snapshot, "H1", "640323").apply_facts([IncomeStatement(kind="income_statement")])


def test_more_time_moves_the_maturity_and_the_principal_that_falls_due(county: County) -> None:
    due = county.facts.filter(
        ~pl.col("has_gone_bad"), pl.col("days_to_maturity").is_between(5, 60), pl.col("overdue_amount") == 0
    ).unique("household_id", keep="none")
    was = due.row(0, named=True)
    matures_on = county.newest + timedelta(days=was["days_to_maturity"])
    new = same_day_after(matures_on, 12)
    moved = after(county, was["household_id"], MoreTime(kind="more_time", loan_id=was["loan_id"], new_matures_on=new))
    assert moved["days_to_maturity"] == (new - county.newest).days
    assert moved["extensions"] == was["extensions"] + 1
    assert moved["due_next_3m"] < was["due_next_3m"]


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (Payment(kind="payment", loan_id="L-no", yuan=1), "has no open loan L-no"),
        (UseCheck(kind="use_check", loan_id="L-no", finding="idle"), "has no open loan L-no"),
        (LivestockSold(kind="livestock_sold", sheep=99_999, yuan=1), "cannot move by -99,999"),
        (LivestockBought(kind="livestock_bought", sheep=1, yuan=9_999_999), "savings are"),
    ],
)
def test_what_cannot_be_is_refused_and_says_why(county: County, yellow: str, fact: HypotheticalFact, said: str) -> None:
    with pytest.raises(ImpossibleFactsError, match=said):
        snapshot_of(county, yellow).apply_facts([fact])


@pytest.mark.parametrize(("more", "taken"), [(0.0, True), (0.02, False)])
def test_no_more_is_paid_than_is_owed(county: County, yellow: str, more: float, taken: bool) -> None:
    loan = before(county, yellow)
    owed = round(loan["outstanding_principal"] + loan["overdue_interest"] + more, 2)
    pays = Payment(kind="payment", loan_id=loan["loan_id"], yuan=owed)
    if not taken:
        with pytest.raises(ImpossibleFactsError, match="cannot be paid"):
            snapshot_of(county, yellow).apply_facts([pays])
    else:
        loans = {each.loan_id: each for each in what_if(county.month, county.store, yellow, [pays]).loans}
        assert loans[loan["loan_id"]].after is None


def test_nothing_is_stored(county: County, served: str, yellow: str) -> None:
    url = f"{served}/api/v1/households/{yellow}"
    told_before = http_requests.get(f"{url}/explanation").json()
    was = sorted(path for path in county.data.rglob("*") if "mlflow" not in path.parts)
    loan = before(county, yellow)
    half = round(loan["outstanding_principal"] / 2 + loan["overdue_interest"], 2)
    asked = {"facts": [{"kind": "payment", "loan_id": loan["loan_id"], "yuan": half}]}
    answer = http_requests.post(f"{url}/what-if", json=asked).raise_for_status().json()
    assert [each["before"] for each in answer["loans"]] == [each["warning"] for each in told_before["loans"]]
    paid = next(each for each in answer["loans"] if each["loan_id"] == loan["loan_id"])
    assert paid["after"]["outstanding_principal"] < paid["before"]["outstanding_principal"]
    assert http_requests.get(f"{url}/explanation").json() == told_before
    assert sorted(path for path in county.data.rglob("*") if "mlflow" not in path.parts) == was


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"facts": []}, 422, "facts"),
        ({"facts": [{"kind": "lottery"}]}, 422, "facts"),
        ({"facts": [{"kind": "hardship_resolved"}] * 21}, 422, "facts"),
        ({"facts": [{"kind": "payment", "loan_id": "L-no", "yuan": 5}]}, 422, "has no open loan L-no"),
        ({"facts": [{"kind": "payment", "loan_id": "L-no", "yuan": -5}]}, 422, "yuan"),
        ({"facts": [{"kind": "livestock_sold", "yuan": 5}]}, 422, "name sheep or cattle"),
        ({"facts": [{"kind": "use_check", "loan_id": "x", "finding": "fine"}]}, 422, "finding"),
        ({"facts": [{"kind": "hardship_resolved", "also": 1}]}, 422, "also"),
    ],
)
def test_a_what_if_that_cannot_be_is_a_problem(served: str, yellow: str, asked: Row, status: int, said: str) -> None:
    answer = http_requests.post(f"{served}/api/v1/households/{yellow}/what-if", json=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["en"]


def test_an_unknown_household_is_not_found(served: str) -> None:
    asked = {"facts": [{"kind": "hardship_resolved"}]}
    assert http_requests.post(f"{served}/api/v1/households/H-no/what-if", json=asked).status_code == 404


def rows_of(county: County, household: str) -> dict[str, list[Row]]:
    """All that is known of a household, as JSON."""
    rows = snapshot_of(county, household).tables
    frames = {name: rows[name].select(TABLES[name].column_names).collect() for name in TABLES if name != "prices"}
    return {
        name: json.loads(frame.with_columns(pl.selectors.date().cast(pl.String)).write_json())
        for name, frame in frames.items()
    }


def test_a_households_own_rows_score_as_the_batch_did(county: County, served: str, yellow: str) -> None:
    given = {"tables": rows_of(county, yellow)}
    scored = http_requests.post(f"{served}/api/v1/score", json=given).raise_for_status().json()
    published = county.warnings.filter(pl.col("household_id") == yellow)
    assert scored["household_id"] == yellow
    assert {w["loan_id"]: (w["light"], w["probability"]) for w in scored["warnings"]} == {
        loan: (light, probability)
        for loan, light, probability in published.select("loan_id", "light", "probability").rows()
    }


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("loans", "principal", "much", "loans row 1, principal: money is a number of yuan"),
        ("loans", "bank", None, "loans row 1, bank"),
        ("loans", "colour", "red", "has no column 'colour'"),
        ("payments", "loan_id", "L-no", "payments names a loan_id that loans does not hold"),
        ("loans", "household_id", "H-other", "All rows must be of one household"),
    ],
)
def test_rows_that_break_the_contract_are_a_problem_that_says_where(
    county: County, served: str, yellow: str, table: str, column: str, value: str | None, said: str
) -> None:
    tables = rows_of(county, yellow)
    tables[table][0][column] = value
    answer = http_requests.post(f"{served}/api/v1/score", json={"tables": tables})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert said in answer.json()["en"]


def test_a_table_that_is_needed_is_asked_for(county: County, served: str, yellow: str) -> None:
    tables = rows_of(county, yellow)
    del tables["payments"]
    answer = http_requests.post(f"{served}/api/v1/score", json={"tables": tables})
    assert (answer.status_code, "payments" in answer.json()["en"]) == (422, True)


def test_rules_changed_since_the_month_was_published_are_said(
    county: County, tmp_path_factory: Any, yellow: str
) -> None:
    own = county.copied_to(tmp_path_factory.mktemp("own") / "var")
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text(
        '[[rule]]\nid = "R203"\nlight = "yellow"\nhard = false\nsource = "notice"\nsince = 2020-01-01\n'
        'when = [{feature = "income_per_head", sign = "<", bound = 9000}]\nzh = "{income_per_head}"\n'
        'en = "{income_per_head}"\n'
    )
    DataFolder(own.data).replace_rules(rules, own.newest)
    with pytest.raises(Exception, match="score the month again"):
        what_if(own.month, own.store, yellow, [HardshipResolved(kind="hardship_resolved")])
