"""Nobody's identity number gets past the door; all numbers here are of a region that does not exist."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.features.inboxes import DRAWN, Intake, identity_number, table, with_cell
from tests.running_service import lights

HEAD, SON, BORN_LATER = identity_number(), identity_number("20051224", 17), identity_number("20051231", 3)
LOAN = "202402060012345678"


def county_of_numbers() -> dict[str, pl.DataFrame]:
    """The drawn county, H1 and M1 under one person's number, M2 under another's, L1 under a long loan number."""
    people = {"H1": HEAD, "M1": HEAD, "M2": SON, "L1": LOAN}
    return {
        name: table(text).with_columns(pl.all().replace(people), pl.lit(SON).alias("身份证号"))
        for name, text in DRAWN.items()
    }


def everything_under(folder: Path) -> str:
    """Every file's bytes, and every Parquet file's cells."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    cells = [str(pl.read_parquet(path).to_dicts()) for path in files if path.suffix == ".parquet"]
    return "".join([*cells, *(path.read_bytes().decode("latin-1") for path in files), *map(str, files)])


def assert_hidden(text: str) -> None:
    assert [number for number in (HEAD, SON, BORN_LATER) if number in text] == []


def test_no_number_is_kept_or_printed_and_a_person_is_one_pseudonym_everywhere(intake: Intake) -> None:
    ran = lights(intake.data, "load", intake.inbox(**county_of_numbers()), "--json")
    assert ran.returncode == 0, ran.stderr
    assert_hidden(ran.stdout + ran.stderr + everything_under(intake.data))
    (pseudonym,) = set(intake.kept("members")["member_id"]) & set(intake.kept("households")["household_id"])
    for name in ("households", "members", "income_statements", "loans", "policies", "hardships"):
        assert pseudonym in intake.kept(name)["household_id"].to_list()
    assert pseudonym in intake.kept("loans")["borrower_member_id"].to_list()


def test_an_ordinary_long_number_stays_readable(intake: Intake) -> None:
    intake.deliver(**county_of_numbers())
    for name in ("loans", "instalments", "payments", "loan_events", "use_checks"):
        assert LOAN in intake.kept(name)["loan_id"].to_list()


def test_none_is_kept_of_rows_that_are_wrong_waiting_or_in_conflict(intake: Intake) -> None:
    intake.bad_share = 1
    tables = county_of_numbers()
    moved = with_cell(tables["households"], village_name="东沟")
    intake.deliver(loans=tables["loans"], households=pl.concat([tables["households"], moved]))
    intake.deliver(
        **{"members.csv": f"member_id,household_id\n{SON},nobody\n{BORN_LATER},{HEAD},{SON}\n\x01{SON},H2\n"}
    )
    assert intake.ledger.quarantined_rows()["kind"].to_list() == ["conflict", "conflict", "broken", "broken", "waiting"]
    assert_hidden(everything_under(intake.data))


@pytest.mark.parametrize(
    "line",
    [
        f"H3,{SON},",
        f"H3,990101100201,{SON},{HEAD},{BORN_LATER}",
        f'H3,990101100201,"{SON}\nH4,990101100201,{HEAD}"',
        f"H3 {SON},x,户{HEAD}",
        f"H3,{SON.lower()},",
    ],
    ids=["in another column", "beyond the header", "in a cell of two lines", "in longer cells", "in small letters"],
)
def test_none_is_kept_of_a_line_that_broke(intake: Intake, line: str) -> None:
    intake.bad_share = 1
    inbox = intake.inbox(**{"households.csv": f"household_id,village_code,village_name\n{line}\n"})
    assert intake.load(inbox).files[0].quarantined == 1
    assert_hidden(everything_under(intake.data).upper())


def test_none_is_printed_of_a_file_without_a_header(intake: Intake) -> None:
    ran = lights(
        intake.data, "load", intake.inbox(**{"members.csv": f"{SON},{HEAD},child\n{BORN_LATER},{HEAD},child\n"})
    )
    assert ran.returncode == 1
    assert_hidden(ran.stdout + ran.stderr + everything_under(intake.data))


def test_delivered_again_in_small_letters_it_is_the_same_person(intake: Intake) -> None:
    number = next(n for n in map(identity_number, ["19800307"] * 99, range(99)) if n.endswith("X"))
    household = with_cell(table(DRAWN["households"])[:1], household_id=number)
    intake.deliver(households=household)
    assert intake.deliver(households=with_cell(household, household_id=number.lower())).files[0].known == 1
