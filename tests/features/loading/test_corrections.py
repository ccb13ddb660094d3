"""What corrects what: revisions are counted apart, numbers used twice are set aside, a schedule is replaced whole."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.snapshot.latest_versions import LatestVersions
from tests.features.inboxes import DRAWN, Intake, drawn, parents_of, table, with_cell
from tests.running_service import lights

LATER = "2024-06-25"
OTHER_OWNER = {
    "members": {"household_id": "H2"},
    "loans": {"household_id": "H2"},
    "payments": {"loan_id": "L2"},
    "credit_events": {"household_id": "H2"},
    "policies": {"household_id": "H2"},
    "hardships": {"household_id": "H2"},
    "claims": {"policy_id": "I2"},
}
SCHEDULE = """
    loan_id | schedule_no | due_on     | principal_due | interest_due | known_on
    L1      | 1           | 2024-06-20 | 0             | 100          | 2024-02-01
    L1      | 1           | 2024-09-20 | 0             | 100          | 2024-02-01
    L1      | 1           | 2024-12-20 | 10000         | 100          | 2024-02-01
    """
FAMILY = """
    member_id | household_id | relation | status  | known_on
    A1        | H1           | head     | present | 2024-01-10
    A2        | H1           | spouse   | present | 2024-01-10
    """


def first_row(name: str, **cells: str | None) -> pl.DataFrame:
    return with_cell(table(DRAWN[name])[:1], **cells)


def numbered(*numbers: str, relation: str = "head") -> pl.DataFrame:
    rows = [with_cell(table(FAMILY)[:1], member_id=n, relation=relation, known_on=LATER) for n in numbers]
    return pl.concat(rows)


def dues(intake: Intake, day: str) -> list[str]:
    versions = LatestVersions(intake.ledger.tables(), date.fromisoformat(day))
    return versions.newest("instalments").sort("due_on").collect()["due_on"].cast(pl.String).to_list()


@pytest.fixture
def lenient(intake: Intake) -> Intake:
    """The installation, taking files however many of their rows are wrong."""
    intake.bad_share = 1
    return intake


def test_a_later_version_with_other_content_is_counted_as_revised_and_not_as_new(intake: Intake) -> None:
    intake.deliver(**(parents_of("payments") | drawn("payments")))
    rows = pl.concat([first_row("payments", payer="other", known_on=LATER), first_row("payments", payment_id="new")])
    (file,) = intake.deliver(payments=rows).files
    assert (file.added, file.revised, file.known, file.quarantined) == (1, 1, 0, 0)


def test_a_version_that_repeats_the_one_before_is_known(intake: Intake) -> None:
    intake.deliver(**(parents_of("payments") | drawn("payments")))
    (file,) = intake.deliver(payments=first_row("payments", known_on=LATER)).files
    assert (file.added, file.revised, file.known) == (0, 0, 1)


@pytest.mark.parametrize("name", OTHER_OWNER)
def test_a_number_that_comes_again_with_another_owner_is_set_aside_naming_both(lenient: Intake, name: str) -> None:
    lenient.deliver(**(parents_of(name) | drawn(name)))
    before = lenient.kept(name)
    moved = first_row(name, **OTHER_OWNER[name], known_on=LATER)
    (file,) = lenient.deliver(**{name: moved}).files
    assert (file.added, file.revised, file.quarantined, file.reused) == (0, 0, 1, 1)
    (((column, new),), ((kind, reason_zh, reason_en),)) = (
        OTHER_OWNER[name].items(),
        lenient.aside("kind", "reason_zh", "reason_en"),
    )
    old, number = table(DRAWN[name])[column][0], table(DRAWN[name])[TABLES[name].key[0]][0]
    assert kind == "reused"
    for reason in (reason_zh, reason_en):
        assert reason.index(number) < reason.index(old) < reason.index(new)
    assert lenient.kept(name).equals(before)


@pytest.mark.parametrize("name", OTHER_OWNER)
@pytest.mark.parametrize("declared", ["by the load", "by the row"])
def test_a_declared_correction_moves_the_fact(intake: Intake, name: str, declared: str) -> None:
    intake.deliver(**(parents_of(name) | drawn(name)))
    moved = first_row(name, **OTHER_OWNER[name], known_on=LATER)
    if declared == "by the row":
        moved = with_cell(moved, 更正="是")
    report = intake.load(intake.inbox(**{name: moved}), corrections=declared == "by the load")
    assert [(file.revised, file.quarantined, file.ignored) for file in report.files] == [(1, 0, ())]


@pytest.mark.parametrize("cells", [{"bank": "另一银行"}, {"originated_on": "2024-02-09"}])
def test_a_loan_keeps_its_bank_and_its_drawdown_day(lenient: Intake, cells: dict[str, str]) -> None:
    lenient.deliver(**(parents_of("loans") | drawn("loans")))
    assert lenient.deliver(loans=first_row("loans", **cells, known_on=LATER)).files[0].reused == 1


@pytest.mark.parametrize(("said", "revised"), [("true", 1), ("TRUE", 1), ("false", 0), ("否", 0), (None, 0)])
def test_the_column_corrects_is_read_under_its_own_name(lenient: Intake, said: str | None, revised: int) -> None:
    lenient.deliver(**(parents_of("payments") | drawn("payments")))
    moved = first_row("payments", loan_id="L2", known_on=LATER, corrects=said)
    assert lenient.deliver(payments=moved).files[0].revised == revised


def test_a_number_used_twice_within_one_file_stays_with_the_first(lenient: Intake) -> None:
    lenient.deliver(**parents_of("payments"))
    one, other = first_row("payments"), first_row("payments", loan_id="L2", known_on=LATER)
    (file,) = lenient.deliver(payments=pl.concat([other, one])).files
    assert (file.added, file.reused, lenient.kept("payments")["loan_id"].to_list()) == (1, 1, ["L1"])


def test_rows_that_are_set_aside_change_nothing_when_they_come_again(lenient: Intake) -> None:
    lenient.deliver(**(parents_of("payments") | drawn("payments")))
    inbox = lenient.inbox(payments=first_row("payments", loan_id="L2", known_on=LATER))
    first = lenient.load(inbox)
    assert lenient.load(inbox).data_version == first.data_version


def test_payments_numbered_anew_every_quarter_are_refused_with_the_reason(intake: Intake) -> None:
    intake.deliver(**(parents_of("payments") | drawn("payments")))
    swapped = pl.concat([first_row("payments", payment_id=f"P{n}", loan_id=f"L{3 - n}") for n in (1, 2)])
    inbox = intake.inbox(payments=swapped.drop("known_on"))
    ran = lights(intake.data, "load", inbox, "--delivered-on", LATER, "--json")
    (file,) = json.loads(ran.stdout)["files"]
    assert (ran.returncode, file["reused"], file["added"], file["revised"]) == (1, 2, 0, 0)
    assert "2 行的编号已属其他贷款" in file["refused"]["zh"]
    assert "2 have numbers that belong to another loan" in file["refused"]["en"]
    ran = lights(intake.data, "load", inbox, "--delivered-on", LATER, "--json", "--corrections")
    assert (ran.returncode, json.loads(ran.stdout)["files"][0]["revised"]) == (0, 2)


def test_a_household_whose_members_all_come_under_new_numbers_is_set_aside(lenient: Intake) -> None:
    lenient.deliver(**drawn("households"), members=FAMILY)
    (file,) = lenient.deliver(members=numbered("B1", "B2")).files
    assert (file.added, file.reused, lenient.aside("kind")) == (0, 2, [("renumbered",)] * 2)
    inbox = lenient.inbox(members=numbered("B1", "B2"))
    assert lenient.load(inbox, corrections=True).files[0].added == 2


@pytest.mark.parametrize(
    "rows",
    [numbered("B1"), numbered("B1", "B2", relation="child"), numbered("A1", "B1", "B2")],
    ids=["fewer than before", "no head among them", "a known one among them"],
)
def test_further_members_of_a_household_are_taken(intake: Intake, rows: pl.DataFrame) -> None:
    intake.deliver(**drawn("households"), members=FAMILY)
    assert intake.deliver(members=rows).files[0].quarantined == 0


@pytest.mark.parametrize("dated", [True, False])
def test_a_schedule_delivered_again_is_replaced_whole(intake: Intake, dated: bool) -> None:
    intake.deliver(**parents_of("instalments"), instalments=SCHEDULE)
    again = with_cell(table(SCHEDULE)[[0, 2]], known_on=LATER if dated else None)
    intake.deliver(LATER, instalments=again)
    assert dues(intake, "2024-06-24") == ["2024-06-20", "2024-09-20", "2024-12-20"]
    assert dues(intake, LATER) == ["2024-06-20", "2024-12-20"]


def test_an_undated_schedule_with_one_other_sum_comes_whole(intake: Intake) -> None:
    intake.deliver(**parents_of("instalments"), instalments=SCHEDULE)
    changed = table(SCHEDULE).with_columns(pl.Series("interest_due", ["100", "90", "100"])).drop("known_on")
    (file,) = intake.deliver(LATER, instalments=changed).files
    assert (file.added, file.revised, file.known) == (0, 1, 2)
    assert dues(intake, LATER) == ["2024-06-20", "2024-09-20", "2024-12-20"]


def test_other_days_under_the_same_schedule_number_replace_it(intake: Intake) -> None:
    intake.deliver(**parents_of("instalments"), instalments=SCHEDULE)
    (file,) = intake.deliver(instalments=with_cell(table(SCHEDULE)[:1], due_on="2025-02-20", known_on=LATER)).files
    assert (file.added, file.revised) == (0, 1)
    assert (dues(intake, LATER), len(dues(intake, "2024-06-01"))) == (["2025-02-20"], 3)


def test_the_same_undated_schedule_again_changes_nothing(intake: Intake) -> None:
    first = intake.deliver(**parents_of("instalments"), instalments=SCHEDULE)
    again = table(SCHEDULE).drop("known_on")
    assert intake.deliver(LATER, instalments=again).data_version == first.data_version


def test_rows_that_hang_on_a_number_used_twice_are_set_aside_with_it(intake: Intake) -> None:
    intake.bad_share = 1.0
    intake.deliver(**drawn("households", "loans"))
    other = with_cell(table(DRAWN["loans"])[:1], household_id="H2", bank="邮储", originated_on="2023-04-01")
    payments = with_cell(table(DRAWN["payments"]), payment_id="P8")[:1]
    report = intake.deliver(loans=other, payments=payments, instalments=DRAWN["instalments"])
    assert [(file.table, file.added, file.reused) for file in report.files] == [
        ("loans", 0, 1),
        ("instalments", 1, 1),
        ("payments", 0, 1),
    ]
    assert set(intake.aside("table", "kind")) == {(name, "reused") for name in ("loans", "instalments", "payments")}
    assert intake.kept("payments").is_empty()
    # Alone, a payment is of the loan that has the number.
    assert intake.deliver(payments=payments).files[0].added == 1
    assert intake.aside("table") == [("loans",), ("instalments",)]


def test_two_loans_of_one_number_on_one_day_are_a_number_used_twice(intake: Intake) -> None:
    intake.bad_share = 1.0
    loans = table(DRAWN["loans"])[:1]
    both = pl.concat([loans, with_cell(loans, bank="邮储")])
    report = intake.deliver(households=DRAWN["households"], loans=both, payments=table(DRAWN["payments"])[:1])
    assert [(file.table, file.added, file.reused) for file in report.files] == [
        ("households", 2, 0),
        ("loans", 1, 1),
        ("payments", 0, 1),
    ]


def test_a_loan_that_waits_with_a_number_in_use_is_a_number_used_twice(intake: Intake) -> None:
    """Else its payments would be counted on the loan that has the number, while it waits for its household."""
    intake.bad_share = 1.0
    intake.deliver(**drawn("households", "loans"))
    other = with_cell(table(DRAWN["loans"])[:1], household_id="H9", bank="邮储")
    payment = with_cell(table(DRAWN["payments"])[:1], payment_id="P8")
    report = intake.deliver(loans=other, payments=payment)
    assert [(file.table, file.added, file.reused, file.waiting) for file in report.files] == [
        ("loans", 0, 1, 0),
        ("payments", 0, 1, 0),
    ]
    assert intake.kept("payments").is_empty()
