"""Versions: the same again changes nothing, a later known_on corrects, the same day with other content conflicts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.snapshot.latest_versions import LatestVersions
from tests.features.inboxes import DRAWN, Intake, drawn, parents_of, table, with_cell

HOUSE = """
    household_id | village_code | village_name | known_on
    H1           | 990101100201 | 羊路         | 2024-01-10
    """
CONFLICT = (
    "同一主键、同一知悉日已有不同内容；两笔须用不同编号，更正须用较晚的知悉日",
    "the same key and known_on exist with other content; two facts need two numbers, a correction a later known_on",
)


def house(village: str, known_on: str) -> pl.DataFrame:
    return with_cell(table(HOUSE), village_name=village, known_on=known_on)


def undated(village: str) -> pl.DataFrame:
    return with_cell(table(HOUSE), village_name=village).drop("known_on")


def versions(intake: Intake) -> list[tuple[str, str]]:
    """Each kept version of the household: its village and since when."""
    kept = intake.kept("households").sort("known_on")
    return kept.select("village_name", pl.col("known_on").dt.to_string()).rows()


def village_known(intake: Intake, day: str) -> list[str]:
    known = (
        LatestVersions(intake.ledger.tables(), date.fromisoformat(day)).newest_of_all_households("households").collect()
    )
    return known["village_name"].to_list()


def test_the_same_inbox_twice_changes_nothing_at_all(intake: Intake) -> None:
    inbox = intake.inbox(**DRAWN)
    first, again = intake.load(inbox), intake.load(inbox)
    assert again.data_version == first.data_version
    assert [(file.added, file.known) for file in again.files] == [(0, 2)] * len(TABLES)


def test_a_file_with_rows_set_aside_and_waiting_changes_nothing_when_it_comes_again(intake: Intake) -> None:
    intake.bad_share = 1
    wrong = with_cell(house("东沟", "2024-01-10"), village_code="x")
    inbox = intake.inbox(households=pl.concat([table(HOUSE), wrong, house("东沟", "2024-01-10")]), **drawn("payments"))
    first, aside = intake.load(inbox), intake.ledger.quarantined_rows()
    assert aside["kind"].to_list() == ["broken", "conflict", "waiting", "waiting"]
    assert intake.load(inbox).data_version == first.data_version
    assert intake.ledger.quarantined_rows().equals(aside)


def test_the_same_rows_in_other_files_and_another_order_change_nothing(intake: Intake) -> None:
    first = intake.deliver(**DRAWN)
    split = {f"{name}/{n}.csv": table(text)[[n, n]] for name, text in DRAWN.items() for n in (1, 0)}
    files = {name: _csv(rows) for name, rows in split.items()}
    assert intake.deliver(**files).data_version == first.data_version


def test_the_same_row_many_times_in_one_file_is_one_row(intake: Intake) -> None:
    (file,) = intake.deliver(households=pl.concat([table(HOUSE)] * 3)).files
    assert (file.rows, file.added, file.known, file.quarantined) == (3, 1, 2, 0)


def test_the_same_money_written_otherwise_is_the_same_row(intake: Intake) -> None:
    first = intake.deliver(**drawn("prices"))
    again = table(DRAWN["prices"]).with_columns(pl.Series("price", ["1150.00", "+3.125e1"]))
    assert intake.deliver(prices=again).data_version == first.data_version


@pytest.mark.parametrize("together", [True, False], ids=["in one file", "in two deliveries"])
def test_the_same_key_and_day_with_other_content_is_a_conflict(intake: Intake, together: bool) -> None:
    intake.bad_share = 1
    one, other = table(HOUSE), house("东沟", "2024-01-10")
    for rows in [pl.concat([one, other])] if together else [one, other]:
        intake.deliver(households=rows)
    assert versions(intake) == [("羊路", "2024-01-10")]
    assert intake.aside("line", "column", "value", "reason_zh", "reason_en") == [
        (3 if together else 2, "household_id", "H1", *CONFLICT)
    ]


@pytest.mark.parametrize("name", TABLES)
def test_in_every_table_another_cell_on_the_same_day_conflicts_and_a_day_later_corrects(
    intake: Intake, name: str
) -> None:
    intake.bad_share = 1
    intake.deliver(**(parents_of(name) | drawn(name)))
    row, column = (
        table(DRAWN[name])[:1],
        next(c for c in reversed(TABLES[name].column_names[:-1]) if c not in TABLES[name].key),
    )
    other = with_cell(row, **{column: table(DRAWN[name])[column][1]})
    assert intake.deliver(**{name: other}).files[0].quarantined == 1
    assert intake.deliver(**{name: with_cell(other, known_on="2024-06-20")}).files[0].revised == 1
    assert (intake.kept(name).height, intake.aside()) == (3, [])


def test_a_correction_counts_from_the_day_it_was_known(intake: Intake) -> None:
    intake.deliver(households=HOUSE)
    intake.deliver(households=house("东沟", "2024-02-10"))
    assert versions(intake) == [("羊路", "2024-01-10"), ("东沟", "2024-02-10")]
    assert [village_known(intake, day) for day in ("2024-01-09", "2024-02-09", "2024-02-10")] == [
        [],
        ["羊路"],
        ["东沟"],
    ]


def test_an_older_version_that_comes_late_does_not_undo_the_correction(intake: Intake) -> None:
    intake.deliver(households=house("东沟", "2024-02-10"))
    intake.deliver(households=HOUSE)
    assert [village_known(intake, day) for day in ("2024-01-10", "2024-02-10")] == [["羊路"], ["东沟"]]


def test_a_correction_may_be_taken_back(intake: Intake) -> None:
    rows = [house(village, f"2024-0{month}-10") for month, village in enumerate(("羊路", "东沟", "羊路"), 1)]
    intake.deliver(households=pl.concat(rows))
    assert [village for village, _ in versions(intake)] == ["羊路", "东沟", "羊路"]


def test_without_known_on_a_row_was_known_when_it_was_delivered(intake: Intake) -> None:
    intake.deliver("2024-01-31", households=undated("羊路"))
    assert versions(intake) == [("羊路", "2024-01-31")]


def test_an_empty_known_on_beside_filled_ones_is_the_delivery_day(intake: Intake) -> None:
    later = with_cell(house("东沟", "2024-01-10"), known_on=None)
    intake.deliver("2024-01-31", households=pl.concat([table(HOUSE), later]))
    assert versions(intake) == [("羊路", "2024-01-10"), ("东沟", "2024-01-31")]


def test_the_same_undated_file_on_a_later_day_adds_nothing(intake: Intake) -> None:
    tables = {name: table(text).drop("known_on") for name, text in DRAWN.items()}
    first = intake.deliver("2024-06-30", **tables)
    again = intake.deliver("2024-07-31", **tables)
    assert (again.data_version, [file.known for file in again.files]) == (first.data_version, [2] * len(TABLES))


def test_an_undated_file_set_aside_or_waiting_adds_nothing_on_a_later_day(intake: Intake) -> None:
    intake.bad_share = 1
    rows = pl.concat([undated("羊路"), undated("东沟"), with_cell(undated("羊路"), village_code="x")])
    payments = table(DRAWN["payments"]).drop("known_on")
    first = intake.deliver("2024-06-30", households=rows, payments=payments)
    assert intake.deliver("2024-07-31", households=rows, payments=payments).data_version == first.data_version


def test_an_undated_file_adds_what_has_changed_since(intake: Intake) -> None:
    for day, village in (
        ("2024-01-31", "羊路"),
        ("2024-02-29", "东沟"),
        ("2024-03-31", "东沟"),
        ("2024-04-30", "羊路"),
    ):
        intake.deliver(day, households=undated(village))
    assert versions(intake) == [("羊路", "2024-01-31"), ("东沟", "2024-02-29"), ("羊路", "2024-04-30")]


def _csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv(quote_style="necessary").encode()
