"""The ledger of every household: against a naive computation from the delivered files, and as each reader sees it."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pytest
from fastapi import FastAPI

from features.compute import every_household_at, features_at, household_facts
from features.contract.tables import TABLES
from features.messages import UserError
from models.rating.credit_places import credit_townships, credit_villages
from models.rating.households import RATING_FACTS
from models.rating.rate import household_ratings
from serving.access.roles import Role
from serving.access.scope import scope_of
from serving.app import application
from serving.batch.run import score
from serving.household_ledger.county_ledger import LedgerQuery, ledger_page, month_ledger_rows
from serving.household_ledger.ledger_basis import ledger_basis
from serving.household_ledger.one_household import household_ledger
from serving.household_ledger.tables import revolving_grants
from serving.months.data_folder import DataFolder
from serving.settings import settings_of
from tests.behaviour.test_oracle import rows_of
from tests.oracle.dues import LifeRules
from tests.oracle.knowledge import COLUMNS, Tables, as_known
from tests.oracle.random_ledger import random_ledger
from tests.oracle.ratings import facts_of, rating
from tests.running_service import done, lights
from tests.serving.access.seen import seen_by
from tests.serving.provinces import AS_OF, AT, Province

BEFORE = date(2025, 11, 30)


@pytest.fixture(scope="module")
def province(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Two months published by the rules alone, which is quick."""
    mine = ruled_province.copied_to(tmp_path_factory.mktemp("ledger") / "var")
    for day in (BEFORE, AS_OF):
        score(mine.store, day, "clerk", AT, lambda *_: None)
    return mine


@pytest.fixture(scope="module")
def rows(province: Province) -> pl.DataFrame:
    """The ledger of all households, without restriction."""
    return month_ledger_rows(province.month, province.store).collect()


@pytest.fixture(scope="module")
def desk(province: Province) -> FastAPI:
    return application(province.store, settings_of(province.data))


@pytest.fixture(scope="module")
def delivered(ruled_province: Province) -> dict[str, pd.DataFrame]:
    """The files as they were delivered, read by pandas."""
    inbox = ruled_province.data.parent / "inbox"
    return {
        name: pd.concat([pd.read_parquet(path) for path in sorted((inbox / name).glob("*.parquet"))])
        for name in COLUMNS
    }


def household_rows(delivered: dict[str, pd.DataFrame], household: str) -> Tables:
    """The rows of one household as the oracle takes them, and of its loans."""
    loans = delivered["loans"]
    loan_ids = set(loans[loans["household_id"] == household]["loan_id"])
    tables: Tables = {}
    for name, frame in delivered.items():
        if "household_id" in frame.columns:
            own = frame[frame["household_id"] == household]
        elif "loan_id" in frame.columns:
            own = frame[frame["loan_id"].isin(loan_ids)]
        else:
            continue
        own = own.reindex(columns=[*TABLES[name].schema])
        typed = pl.from_pandas(own.reset_index(drop=True), nan_to_null=True).cast(pl.Schema(TABLES[name].schema))
        tables[name] = typed.to_dicts()
    return tables


def test_ratings_of_fifty_households_are_what_the_delivered_files_give(
    province: Province, rows: pl.DataFrame, delivered: dict[str, pd.DataFrame]
) -> None:
    policy = province.month.policy
    has_loan, had_loan = pl.col("open_loans") > 0, pl.col("loans_ever") > 0
    borrowing = rows.filter(has_loan).sort("in_arrears", "household_id", descending=[True, False]).head(25)
    chosen = pl.concat([borrowing, rows.filter(~has_loan & had_loan).head(10), rows.filter(~had_loan).head(15)])
    assert chosen.height == 50
    assert chosen["in_arrears"].any()
    counties = set(delivered)  # the simulated counties deliver all tables
    differing = []
    for row in chosen.to_dicts():
        known = as_known(household_rows(delivered, row["household_id"]), AS_OF)
        facts = facts_of(known, counties, AS_OF, LifeRules())
        for table in ("631", "1531"):
            if (
                row[f"points_{table}"] is None
                and table == "631"
                and row["household_type"] not in ("lifted_out", "unstable")
            ):
                continue
            expected = rating(facts, policy, table)
            if (row[f"points_{table}"], row[f"grade_{table}"]) != (expected["points"], expected["grade"]):
                differing.append((row["household_id"], table, row[f"points_{table}"], expected, facts))
    assert differing == []


@pytest.mark.parametrize("seed", range(8))
def test_facts_of_borrowers_in_the_ledger_are_those_of_their_loans(seed: int) -> None:
    tables, day = rows_of(random_ledger(seed, 20)), date(2024, 9, 30)
    of_loans = features_at(day, tables).select("loan_id", *(fact.name for fact in RATING_FACTS))
    facts = household_facts(every_household_at(day, tables), RATING_FACTS)
    assert facts.select(of_loans.columns).join(of_loans, on="loan_id", how="semi").sort("loan_id").equals(of_loans)
    assert set(facts["household_id"]) == set(
        tables["households"].filter(pl.col("known_on") <= day).collect()["household_id"]
    )


def test_a_borrowers_rating_is_the_one_of_its_published_facts(province: Province, rows: pl.DataFrame) -> None:
    month = province.month
    published = month.scan("features").collect()
    for table in ("631", "1531"):
        ratings = household_ratings(published, month.policy.ratings[table], month.policy.points)
        expected = published.select("household_id").hstack(ratings.select("points", "grade")).unique()
        found = rows.filter(pl.col(f"points_{table}").is_not_null()).join(expected, on="household_id")
        assert found.height > 0
        assert found[f"points_{table}"].equals(found["points_right"])


def test_a_household_that_never_had_a_loan_has_nothing_deducted_and_says_why(
    province: Province, rows: pl.DataFrame
) -> None:
    household = rows.filter(pl.col("loans_ever") == 0)["household_id"][0]
    answer = household_ledger(ledger_basis(province.store), household)
    assert "Never had a loan" in answer.loans_en
    lines = {line.code: line.points for line in answer.ratings[0].lines}
    assert (lines["late_instalments"], lines["open_arrears"], lines["diverted_use"]) == (0, 0, 0)
    assert (answer.drawn, answer.headroom, answer.loans) == (0, answer.limit, [])


def test_what_is_drawn_leaves_the_headroom_or_is_above_the_limit(rows: pl.DataFrame) -> None:
    graded = rows.filter(pl.col("limit").is_not_null())
    left, above = graded["headroom"], graded["above_limit"]
    assert (left - above).to_list() == pytest.approx((graded["limit"] - graded["drawn"]).to_list())
    assert ((left == 0) | (above == 0)).all()


def test_why_a_grade_moved_is_told_by_item_and_sums_to_the_points(province: Province, rows: pl.DataFrame) -> None:
    told = 0
    for household in rows["household_id"].head(30):
        answer = household_ledger(ledger_basis(province.store), household)
        assert [move.compared_with for move in answer.moves] == ["previous_month", "year_before"][: len(answer.moves)]
        assert [day.as_of for day in answer.history][:2] == [AS_OF, BEFORE]
        for move in answer.moves:
            points = [line.before is None or line.after is None for line in move.lines]
            if answer.known == 1 and not any(points) and move.points_before is not None and move.points is not None:
                change = sum((line.after or 0) - (line.before or 0) for line in move.lines)
                assert change == pytest.approx(move.points - move.points_before, abs=0.02)
                told += bool(move.lines)
    assert told


def test_a_diverted_use_costs_the_headroom_of_the_worse_grade(province: Province, rows: pl.DataFrame) -> None:
    household = rows.filter((pl.col("grade") == "excellent") & (pl.col("drawn") == 0))["household_id"][0]
    answer = household_ledger(ledger_basis(province.store), household)
    risk = answer.at_risk
    assert answer.limit is not None
    assert risk.if_diverted.limit is not None
    assert risk.if_diverted.headroom_lost == answer.limit - risk.if_diverted.limit > 0


def test_sums_of_villages_are_those_of_their_households(province: Province, rows: pl.DataFrame) -> None:
    credit = province.month.policy.credit
    villages = credit_villages(rows, credit)
    assert villages["households"].sum() == rows.height
    for village in villages.filter(pl.col("credit_households").is_not_null()).to_dicts():
        own = [row for row in rows.to_dicts() if row["village_code"] == village["code"]]
        eligible = [row for row in own if row["age_band"] in ("granted", "included") and not row["listed"]]
        granted = [row for row in eligible if row["limit"]]
        assert village["excellent_households"] == sum(row["grade"] == "excellent" for row in own)
        assert village["credit_households"] == sum(row["grade"] in ("excellent", "good") for row in own)
        assert (village["eligible_households"], village["limit_households"]) == (len(eligible), len(granted))
        assert village["granted"] == sum(row["limit"] for row in granted)
        if village["drawn"] is not None:
            assert village["drawn"] == pytest.approx(sum(row["drawn"] for row in granted))
    townships = credit_townships(rows, credit)
    whole = villages.filter(pl.col("granted").is_not_null().all().over(pl.col("code").str.head(9)))
    for code, granted_yuan in whole.group_by(pl.col("code").str.head(9)).agg(pl.col("granted").sum()).rows():
        assert townships.filter(pl.col("code") == code)["granted"].to_list() == [granted_yuan]


def test_a_small_village_has_no_figures_and_none_can_be_worked_out(rows: pl.DataFrame, province: Province) -> None:
    code = rows["village_code"][0]
    small = pl.concat(
        [rows.filter(pl.col("village_code") == code).head(3), rows.filter(pl.col("village_code") != code)]
    )
    villages = credit_villages(small, province.month.policy.credit)
    hidden = villages.filter((pl.col("verdict") == "too_few") & pl.col("code").str.starts_with(code[:9]))
    assert code in hidden["code"].to_list()
    assert hidden["households"].sum() >= 6
    assert hidden["credit_households"].is_null().all()


def test_a_reader_sees_the_households_of_area_and_bank_and_an_analyst_no_numbers(
    province: Province, rows: pl.DataFrame
) -> None:
    village, bank = rows["village_code"][0], rows.filter(pl.col("open_loans") > 0)["banks"][0][0]
    cadre = DataFolder(province.data, scope_of(Role.CADRE, None, village, b""))
    officer = DataFolder(province.data, scope_of(Role.OFFICER, bank, None, b""))
    analyst = DataFolder(province.data, scope_of(Role.ANALYST, None, None, b"key"))
    seen = {
        name: month_ledger_rows(ledger_basis(store).month, store).collect()  # type: ignore[arg-type]
        for name, store in (("cadre", cadre), ("officer", officer), ("analyst", analyst))
    }
    assert set(seen["cadre"]["household_id"]) == set(rows.filter(pl.col("village_code") == village)["household_id"])
    own = [not banks or bank in banks for banks in rows["banks"].to_list()]
    assert set(seen["officer"]["household_id"]) == set(rows.filter(pl.Series(own))["household_id"])
    assert set(seen["analyst"]["household_id"]).isdisjoint(rows["household_id"])
    other = rows.filter(pl.col("village_code") != village)["household_id"][0]
    with pytest.raises(UserError, match="not in the ledger"):
        household_ledger(ledger_basis(cadre), other)


def test_a_loan_of_another_bank_is_counted_and_not_listed(province: Province, rows: pl.DataFrame) -> None:
    basis = ledger_basis(province.store)
    banks = basis.ledger_on(AS_OF, basis.tables()).loans.group_by("household_id").agg(pl.col("bank").n_unique())
    borrowing = rows.filter(pl.col("open_loans") > 0).join(banks.filter(pl.col("bank") > 1), on="household_id")
    row = borrowing.row(0, named=True)
    officer = DataFolder(province.data, scope_of(Role.OFFICER, row["banks"][0], None, b""))
    answer = household_ledger(ledger_basis(officer), row["household_id"])
    assert {loan.bank for loan in answer.loans} == {row["banks"][0]}
    assert len(answer.loans) + answer.loans_elsewhere == row["loans_ever"]
    assert answer.loans_elsewhere > 0


def test_pages_of_the_list_hold_every_household_once(province: Province, rows: pl.DataFrame) -> None:
    listed, cursor = list[str](), None
    while True:
        page = ledger_page(province.month, province.store, LedgerQuery(limit=100, cursor=cursor))
        listed += [item.household_id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(listed) == page.total == rows.height
    assert set(listed) == set(rows["household_id"])
    first = ledger_page(province.month, province.store, LedgerQuery(limit=1))
    of_another_list = LedgerQuery(grade="poor", cursor=first.next_cursor)
    with pytest.raises(UserError, match="another one"):
        ledger_page(province.month, province.store, of_another_list)


def test_a_revolving_grant_tells_granted_drawn_and_left(province: Province) -> None:
    basis = ledger_basis(province.store)
    loans = basis.ledger_on(AS_OF, basis.tables()).loans
    grants = revolving_grants(loans, AS_OF)
    is_open = (loans["product"] == "revolving") & loans["is_open"]
    assert set(grants.filter("is_open")["loan_id"]) == set(loans.filter(is_open)["loan_id"])
    told = grants.filter("is_open")
    assert told.height > 0
    assert told["headroom"].to_list() == pytest.approx((told["principal"] - told["outstanding_principal"]).to_list())


def asked(desk: FastAPI, path: str, role: str = "county_official", status: int = 200, **parameters: Any) -> Any:
    answer = seen_by(desk, role).get(path, params=parameters)
    assert answer.status_code == status, answer.text
    return answer


def test_interface_page_and_list_say_the_same_of_a_household(desk: FastAPI, rows: pl.DataFrame) -> None:
    row = rows.filter((pl.col("loans_ever") == 0) & pl.col("grade").is_not_null()).row(0, named=True)
    answer = asked(desk, f"/api/v1/ledger/{row['household_id']}").json()
    assert (answer["points"], answer["grade"], answer["limit"]) == (row["points"], row["grade"], row["limit"])
    listed = asked(desk, "/api/v1/ledger", q=row["household_id"], borrowing=False).json()
    assert [item["points"] for item in listed["items"]] == [row["points"]]
    for lang, never in (("zh", "从未贷款"), ("en", "Never had a loan")):
        page = asked(desk, f"/ledger/{row['household_id']}", lang=lang).text
        assert never in page
        assert f"{row['points']:g}" in page
    assert row["household_id"] in asked(desk, "/ledger", q=row["household_id"], lang="en").text


def test_an_unknown_household_is_refused_in_both_languages(desk: FastAPI) -> None:
    told = asked(desk, "/api/v1/ledger/H-none", status=404).json()
    assert told["zh"] == f"{AS_OF} 的农户台账中没有农户 H-none；请核对编号。"
    assert told["en"] == f"Household H-none is not in the ledger of {AS_OF}; check the identifier."
    assert asked(desk, "/ledger/H-none", status=404, lang="en").text.count("H-none")


def test_villages_are_shown_to_a_clerk_and_households_are_not(desk: FastAPI, rows: pl.DataFrame) -> None:
    assert "Credit villages" in asked(desk, "/ledger/villages", role="clerk", lang="en").text
    asked(desk, "/ledger", role="clerk", status=403)
    asked(desk, f"/ledger/{rows['household_id'][0]}", role="analyst", status=403)
    masked = asked(desk, "/api/v1/ledger", role="analyst", limit=500).json()["items"]
    assert {item["household_id"] for item in masked}.isdisjoint(rows["household_id"])


@pytest.mark.parametrize("path", ["/ledger.xlsx", "/ledger/villages.xlsx", "/ledger/grants.xlsx"])
def test_workbooks_hold_the_rows_of_the_pages(desk: FastAPI, rows: pl.DataFrame, path: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(asked(desk, path, lang="en").content), read_only=True)
    cells = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell}
    if path == "/ledger.xlsx":
        assert set(rows["household_id"]) <= cells
    assert {"/ledger.xlsx": "Headroom", "/ledger/villages.xlsx": "Verdict"}.get(path, "Loan") in {
        cell.partition(" (")[0] for cell in cells
    }


def test_a_look_at_a_household_and_an_export_are_audited(desk: FastAPI, rows: pl.DataFrame) -> None:
    household = rows["household_id"][0]
    asked(desk, f"/ledger/{household}")
    asked(desk, "/ledger.xlsx", grade="poor")
    entries = asked(desk, "/api/v1/audit", role="auditor", limit=50).json()["items"]
    told = {(entry["action"], entry["subject"]) for entry in entries}
    assert ("look", "GET /ledger/{household_id}") in told
    assert ("export", "GET /ledger.xlsx") in told


def test_the_command_tells_one_household_and_writes_them_all(
    province: Province, rows: pl.DataFrame, tmp_path: Path
) -> None:
    row = rows.filter(pl.col("loans_ever") == 0).row(0, named=True)
    told = json.loads(done(lights(province.data, "ledger", "--household", row["household_id"], "--json")))
    assert (told["points"], told["grade"], told["as_of"]) == (row["points"], row["grade"], str(AS_OF))
    printed = done(lights(province.data, "ledger", "--household", row["household_id"], "--as-of", "2025-10-31"))
    assert "从未贷款" in printed
    assert "not published" in printed
    done(lights(province.data, "ledger", "--as-of", AS_OF, "--out", tmp_path / "all.parquet"))
    assert (
        pl.read_parquet(tmp_path / "all.parquet")
        .sort("household_id")
        .equals(rows.drop("row_number").sort("household_id"))
    )
    done(lights(province.data, "ledger", "--as-of", AS_OF, "--out", tmp_path / "all.csv"))
    assert pl.read_csv(tmp_path / "all.csv").height == rows.height
    assert lights(province.data, "ledger").returncode == 2
    assert lights(province.data, "ledger", "--out", tmp_path / "all.doc").returncode == 2
