"""Every link of a written page leads to a file that there is, and to a heading that it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.behaviour.test_command_line import COMMANDS
from tests.style import PACKAGES

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT)
    for folder in ("", "docs", "features", "models", "notebooks", "serving", "training")
    for path in (ROOT / folder).glob("*.md" if not folder else "**/*.md")
)
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall((ROOT / page).read_text("utf-8")):
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


REFERENCE = re.compile(r"\b(contract|domain), section (\d+)")


def test_every_section_that_code_names_is_there() -> None:
    """`contract, section N` and `domain, section N` are headings of docs/reference."""
    named = {
        each
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for each in REFERENCE.findall(path.read_text("utf-8"))
    }
    there = {
        (page, number)
        for page in ("contract", "domain")
        for number in re.findall(
            r"^## (\d+)\.", (ROOT / "docs/reference" / f"{page}.md").read_text("utf-8"), re.MULTILINE
        )
    }
    assert len(named) > 3
    assert named - there == set()


def test_every_command_is_on_the_page_of_commands() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert [command for command in COMMANDS if f"`lights {command}" not in page] == []


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120
