"""The manuals of clerk, officer and official, word by word: commands run, pages opened, words and pictures compared."""

from __future__ import annotations

import ast
import html
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.behaviour.bank_workbook import write_bank_workbook
from tests.conftest import County
from tests.manual_steps import DOCS, commands_of, follow, pages_of, steps_of
from tests.running_service import key_for, serving, signed, unsigned

ROOT = DOCS.parent
MANUALS = ("clerk", "officer", "official")
ROLES = {"clerk": "clerk", "officer": "officer", "official": "county_official"}
LANGUAGES = ("", ".en")


def manual(name: str, language: str = "") -> Path:
    return DOCS / f"{name}{language}.md"


def prose(page: Path) -> str:
    """A page without its blocks of commands."""
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", MANUALS)
def test_both_languages_hold_the_same_commands_and_paths(name: str) -> None:
    chinese, english = manual(name), manual(name, ".en")
    assert commands_of(chinese) == commands_of(english)
    assert pages_of(chinese) == pages_of(english)


@dataclass(frozen=True)
class Walk:
    """A manual that was followed: the data folder it leaves, and what each command printed, in both languages."""

    data: Path
    printed: tuple[str, ...]


@pytest.fixture(scope="module")
def clerk_walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The clerk's manual, followed in a folder that holds a bank's workbook and nothing else."""
    folder = tmp_path_factory.mktemp("clerk")
    (folder / "收件").mkdir()
    write_bank_workbook(folder / "收件")
    variables = {"LIGHTS_DATA": str(folder / "var"), "LIGHTS_LANG": "both"}
    return Walk(folder / "var", follow(manual("clerk"), folder, variables))


@pytest.fixture(scope="module")
def official_walk(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """The official's manual, followed beside the store of a county."""
    folder = tmp_path_factory.mktemp("official")
    county = by_rules.copied_to(folder / "var")
    variables = {"LIGHTS_DATA": str(county.data), "LIGHTS_LANG": "both"}
    return Walk(county.data, follow(manual("official"), folder, variables))


def test_a_clerk_with_a_workbook_gets_to_a_published_month(clerk_walk: Walk) -> None:
    months = MonthRepository(DataFolder(clerk_walk.data))
    assert months.months() == [date(2025, 8, 31), date(2025, 6, 30)]
    june = months.month(date(2025, 6, 30)).scan("warnings").collect()
    assert june["loan_id"].n_unique() == june.height > 80
    assert not june["loan_id"].is_in(["D0001"]).any(), "repaid, by the payment that came corrected"
    assert june.filter(loan_id="D0041")["light"].to_list() == ["yellow"], "known to be extended"


def test_what_the_clerk_corrected_is_in_the_ledger(clerk_walk: Walk) -> None:
    ledger = DataFolder(clerk_walk.data).ledger
    assert ledger.quarantined_rows().is_empty()
    payments = ledger.scan("payments").sort("known_on").collect()
    newest = {row["payment_id"]: row for row in payments.iter_rows(named=True)}
    assert newest["P0007"]["paid_on"] == date(2024, 9, 9)
    assert newest["P0011"]["loan_id"] == "D0006"
    events = ledger.scan("loan_events").sort("known_on").collect()
    assert events.select("loan_id", "withdrawn").rows() == [("D0041", None), ("D0041", "true")]


def test_the_official_s_numbers_and_rules_are_taken_in(official_walk: Walk) -> None:
    store, day = DataFolder(official_walk.data), date(2025, 12, 31)
    policy = store.policies.in_force(day)
    assert (policy.visits.most_lit, policy.casework.yellow_within, policy.groups.least_loans) == (0.2, 10, 50)
    [line] = [rule for rule in store.rules.in_force(day) if rule.id == "R203"]
    assert [condition.bound for condition in line.conditions] == [9000]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["clerk", "official"])
def test_what_a_manual_shows_is_what_the_commands_print(
    name: str, language: str, clerk_walk: Walk, official_walk: Walk
) -> None:
    walk = {"clerk": clerk_walk, "official": official_walk}[name]
    steps = steps_of(manual(name, language))
    printed = [{line.strip() for line in text.splitlines()} for text in walk.printed]
    missing = [
        (step.command, line)
        for step, lines in zip(steps, printed, strict=True)
        for line in step.shown
        if line and line not in lines
    ]
    assert missing == []
    assert sum(len(step.shown) for step in steps) > 1


@pytest.fixture(scope="module")
def address(official_walk: Walk) -> Iterator[str]:
    """The county's pages, without a key; an upload and a job are there for the clerk."""
    with serving(official_walk.data, role="clerk") as signed_in:
        file = {"file": ("还款明细.csv", "还款流水号,贷款编号,还款日期,实还本金,实还利息\n".encode())}
        month = {"as_of": "2025-12-30"}  # no month end: the job ends at once
        for path, sent in (("/uploads", {"files": file}), ("/jobs/score", {"data": month})):
            http_requests.post(f"{signed_in}{path}", follow_redirects=True, **sent).raise_for_status()
        yield unsigned(signed_in)


@pytest.fixture(scope="module", params=MANUALS)
def manual_pages(
    request: pytest.FixtureRequest, address: str, official_walk: Walk
) -> tuple[str, Mapping[str, int], str]:
    """A manual, what each path that it names answers to the role it is for, and the text of these pages."""
    name = str(request.param)
    loans = MonthRepository(DataFolder(official_walk.data)).month().scan("warnings").sort("loan_id").collect()
    lit = loans.filter(pl.col("light") != "green")
    bank, household, loan = lit.select("bank", "household_id", "loan_id").row(0)
    key = key_for(official_walk.data, ROLES[name], bank=bank if name == "officer" else None)
    codes, texts = dict[str, int](), list[str]()
    if name == "officer":  # what may be recorded stands in an open case
        cases = f"{signed(address, key)}/households/{household}/cases"
        http_requests.post(cases, data={"loan_id": loan}, follow_redirects=True).raise_for_status()
    for path in pages_of(manual(name)):
        real = path.format(household=household, loan=loan, number=1)
        asked = {"as_of": "2025-12-31", "kind": "monthly"} if path.startswith("/reports/") else {}
        answer = http_requests.get(
            f"{signed(address, key)}{real}", params={"lang": "zh", **asked}, follow_redirects=True
        )
        codes[path] = answer.status_code
        if answer.headers["content-type"].startswith("text/html"):
            texts.append(html.unescape(re.sub(r"<[^>]+>", "\n", answer.text)))
    return name, codes, "\n".join(texts)


def test_every_path_of_a_manual_opens_for_its_role(manual_pages: tuple[str, Mapping[str, int], str]) -> None:
    name, codes, _ = manual_pages
    assert len(codes) > 5, name
    assert {path: code for path, code in codes.items() if code != 200} == {}


@cache
def page_words() -> tuple[str, ...]:
    """The Chinese words of the pages as patterns; what is filled in may be anything."""
    sections = tomllib.loads((ROOT / "serving/text/words.toml").read_text("utf-8")).values()
    words = [entry["zh"] for section in sections for entry in section.values()]
    return tuple(re.sub(r"\\\{.*?\\\}", ".+", re.escape(text)) for text in words)


def test_labels_of_a_manual_stand_on_its_pages(manual_pages: tuple[str, Mapping[str, int], str]) -> None:
    name, _, text = manual_pages
    labels = dict.fromkeys(re.findall("「([^」]+)」", prose(manual(name))))
    assert len(labels) > 10, name
    unknown = [
        label for label in labels if label not in text and not any(re.fullmatch(words, label) for words in page_words())
    ]
    assert unknown == []


@cache
def told_texts() -> tuple[str, ...]:
    """Every text in the code, as far as nothing is filled in."""
    return tuple(
        node.value
        for package in ("features", "serving")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_messages_that_the_clerk_looks_up_are_those_of_the_code(language: str) -> None:
    page = manual("clerk", language).read_text("utf-8")
    messages = re.findall(r"^\| `([^`]+)` \|", page.rpartition("\n## ")[2], re.MULTILINE)
    assert len(messages) > 15
    assert [message for message in messages if not any(message in text for text in told_texts())] == []


def test_the_pictures_of_the_manuals_are_there_and_small() -> None:
    pages = [manual(name, language) for name in MANUALS for language in LANGUAGES]
    named = {picture for page in pages for picture in re.findall(r"!\[[^\]]+\]\((\w+\.png)\)", page.read_text("utf-8"))}
    pictures = {path.name: path.stat().st_size for path in DOCS.glob("*.png")}
    assert named <= set(pictures)
    assert len(pictures) <= 6
    assert {name: size for name, size in pictures.items() if size > 150_000} == {}
