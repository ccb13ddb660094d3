"""Missing data of a feature frame is reported with it."""

from __future__ import annotations

from datetime import date

from features.catalog import OUTPUT_FEATURES
from features.compute import features_at
from features.delivered_tables import DeliveredTables
from features.missing_data import missing_data_lines
from tests.features.one_loan import AS_OF, OPTIONAL, loan, one_loan


def lines_of(rows: DeliveredTables, as_of: date = AS_OF) -> list[str]:
    return [line.en for line in missing_data_lines(features_at(as_of, rows), rows, as_of)]


def test_a_county_is_told_which_tables_it_has_not_delivered() -> None:
    homes = [{"household_id": f"H{county}", "village_code": f"64032{county}100001"} for county in (1, 2)]
    hardship = {"event_id": "E1", "household_id": "H1", "occurred_on": date(2024, 3, 1), "cause": "illness"}
    borrowed = [loan(f"L{county}", household_id=f"H{county}") for county in (1, 2)]
    first, second, _ = lines_of(one_loan(households=homes, loans=borrowed, hardships=[hardship]))
    not_delivered = "tables not delivered: "
    assert first == f"  640321: {not_delivered}{', '.join(name for name in OPTIONAL if name != 'hardships')}"
    assert second == f"  640322: {not_delivered}{', '.join(OPTIONAL)}"


def test_features_that_no_loan_has_a_value_of_are_named() -> None:
    rows = one_loan()
    *_, line = lines_of(rows)
    frame = features_at(AS_OF, rows)
    empty = [each.name for each in OUTPUT_FEATURES if frame[each.name].null_count() == frame.height]
    assert line == f"  missing for every loan ({len(empty)}): {', '.join(empty)}"
    assert "repayment_cover" in empty
    assert "days_past_due" not in empty


def test_where_no_loan_is_open_nothing_is_said_to_be_missing() -> None:
    assert lines_of(one_loan(), date(2024, 2, 29)) == []
