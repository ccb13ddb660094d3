"""What becomes of bad loans, and what banks book and take back: each in the contract's form."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.contract.validation import check_rows
from features.delivered_tables import DeliveredTables
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules
from features.snapshot.loan_book import LoanBook
from tests.training.simulate.conftest import Tables
from training.simulate.order import Order
from training.simulate.province import simulate

LAST = date(2025, 12, 31)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a county of 6,000 households."""
    simulate(Order(6000, 48, seed=5), out := tmp_path_factory.mktemp("county"))
    return {name: pl.read_parquet(out / name / "*.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def standing(tables: Tables) -> pl.DataFrame:
    """The events that were not withdrawn."""
    events = tables["loan_events"]
    withdrawn = events.filter(pl.col("withdrawn") == "true")
    return events.join(withdrawn, on=["loan_id", "kind", "occurred_on"], how="anti")


@pytest.fixture(scope="module")
def spells(tables: Tables) -> pl.DataFrame:
    book = LoanBook(LatestVersions(DeliveredTables.from_frames(tables), known_by=None), LAST, LifeRules())
    return book.lives.spells.join(book.versions.loans.select("loan", "loan_id").collect(), on="loan")


def test_loans_recover_pass_probation_and_fall_again(spells: pl.DataFrame) -> None:
    ended, cured = spells.drop_nulls("arrears_ended_on"), spells.drop_nulls("performing_on")
    assert 0.8 * spells.height < ended.height < spells.height
    assert 0.05 * spells.height < cured.height < ended.height
    assert spells["loan_id"].n_unique() < 0.95 * spells.height


def test_some_loans_are_extended_or_renewed_after_they_went_bad(standing: pl.DataFrame, spells: pl.DataFrame) -> None:
    for kind in ("extended", "renewed"):
        agreed = standing.filter(pl.col("kind") == kind)
        ended = spells.join(
            agreed, left_on=["loan_id", "arrears_ended_on"], right_on=["loan_id", "occurred_on"], how="semi"
        )
        assert ended.height > 5


def test_some_loans_are_lost_and_stay_bad(standing: pl.DataFrame, spells: pl.DataFrame) -> None:
    lost = standing.filter(pl.col("kind").is_in(("compensated", "written_off")), pl.col("occurred_on") < LAST)
    last = spells.sort("bad_on").unique("loan_id", keep="last").join(lost, on="loan_id", how="semi")
    assert last.height > 5
    assert last["arrears_ended_on"].null_count() == last.height


def test_a_reversal_takes_back_an_earlier_payment_under_a_number_of_its_own(tables: Tables) -> None:
    newest = tables["payments"].sort("known_on").unique("payment_id", keep="last")
    is_reversal = pl.min_horizontal("principal_paid", "interest_paid") < 0
    back = newest.filter(is_reversal).with_columns(-pl.col("principal_paid"), -pl.col("interest_paid"))
    sums = ["loan_id", "principal_paid", "interest_paid"]
    pairs = back.join(newest.filter(~is_reversal), on=sums, suffix="_first")
    earlier = pairs.filter(
        pl.col("paid_on_first") < pl.col("paid_on"), pl.col("payment_id_first") < pl.col("payment_id")
    )
    assert back.height > 20
    assert set(earlier["payment_id"]) == set(back["payment_id"])


def test_a_withdrawn_event_was_known_before_and_never_is_one_that_happened(tables: Tables) -> None:
    key = ["loan_id", "kind", "occurred_on"]
    withdrawn = tables["loan_events"].filter(pl.col("withdrawn") == "true")
    first = tables["loan_events"].filter(pl.col("withdrawn").is_null()).join(withdrawn, on=key, suffix="_withdrawn")
    assert withdrawn.height > 5
    assert set(withdrawn["kind"]) == {"extended", "settled"}
    assert (first.height, first.filter(pl.col("known_on") >= pl.col("known_on_withdrawn")).height) == (
        withdrawn.height,
        0,
    )


def test_some_later_schedules_ask_for_the_rest_alone_and_for_all_of_it(tables: Tables) -> None:
    loans = tables["loans"].unique("loan_id").select("loan_id", "principal")
    asked = (
        tables["instalments"]
        .filter(pl.col("schedule_no") > 1)
        .group_by("loan_id")
        .agg(pl.col("principal_due").sum(), pl.col("known_on").min())
    )
    rest = asked.join(loans, on="loan_id").filter(pl.col("principal_due") < pl.col("principal") - 1)
    newest = tables["payments"].sort("known_on").unique("payment_id", keep="last")
    paid = rest.join(newest, on="loan_id").filter(pl.col("paid_on") <= pl.col("known_on"))
    repaid = paid.group_by("loan_id").agg(pl.col("principal_paid").sum())
    outstanding = rest.join(repaid, on="loan_id", how="left").select(
        pl.col("principal") - pl.col("principal_paid").fill_null(0)
    )
    assert rest.height > 5
    assert outstanding.to_series().to_list() == pytest.approx(rest["principal_due"].to_list(), abs=0.01)


def test_most_subsidies_are_paid_to_the_bank_and_some_to_the_household(tables: Tables) -> None:
    loans = tables["loans"].sort("known_on").unique("loan_id", keep="last")
    subsidised = loans.filter(pl.col("subsidy_share") > 0)
    refunded = subsidised.filter(pl.col("subsidy_manner") == "refund")
    assert 0.04 < refunded.height / subsidised.height < 0.12
    assert set(subsidised["subsidy_manner"]) == {"direct", "refund"}
    from_the_state = tables["payments"].filter(pl.col("payer") == "subsidy")
    assert from_the_state.join(refunded, on="loan_id", how="semi").is_empty()


def test_every_payment_keeps_the_contract(tables: Tables) -> None:
    table = TABLES["payments"]
    as_text = tables["payments"].select(
        pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("line"),
        pl.lit(len(table.columns)).alias("cells_found"),
        *(pl.col(name).cast(pl.String) for name in table.column_names),
        pl.lit(None, pl.String).alias("corrects"),
    )
    assert check_rows(as_text, table, len(table.columns), LAST).faults.is_empty()
