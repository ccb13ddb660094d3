"""Which numbers are somebody's, and what stands in their place; all are of a region that does not exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contract.identity_numbers import is_identity_number
from features.contract.pseudonym import Pseudonyms, load_pseudonyms
from features.messages import UserError
from tests.features.inboxes import identity_number

KEYED = Pseudonyms(b"one key")
SOMEBODY = identity_number()
numbers = st.builds(identity_number, born=st.dates().map("{:%Y%m%d}".format), serial=st.integers(0, 999))


@given(numbers)
def test_every_well_formed_number_is_known_and_no_longer_readable(number: str) -> None:
    assert is_identity_number(number)
    assert KEYED.pseudonym(number).startswith("p")
    assert not any(digit in "Xx" for digit in KEYED.pseudonym(number))
    assert number not in KEYED.pseudonym(number)


@given(numbers, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_makes_it_no_identity_number(number: str, place: int, added: int) -> None:
    wrong = str((int(number[place]) + added) % 10)
    assert not is_identity_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "H1", "990101198003070012345", SOMEBODY[:17], f"{SOMEBODY}0"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert KEYED.pseudonym(text) == text


def test_a_number_ends_in_a_small_or_a_capital_x_alike() -> None:
    ends_in_x = next(n for n in map(identity_number, ["19800307"] * 99, range(99)) if n.endswith("X"))
    assert KEYED.pseudonym(ends_in_x) == KEYED.pseudonym(ends_in_x.lower())


def test_another_key_gives_another_pseudonym() -> None:
    assert KEYED.pseudonym(SOMEBODY) != Pseudonyms(b"another key").pseudonym(SOMEBODY)


def test_within_a_text_only_the_number_is_replaced() -> None:
    assert (
        KEYED.replace_identity_numbers(f"户{SOMEBODY}号 202402060012345678")
        == f"户{KEYED.pseudonym(SOMEBODY)}号 202402060012345678"
    )
    assert (
        KEYED.replace_identity_numbers(f"\\u0001{SOMEBODY}7 {SOMEBODY}")
        == f"\\u0001{KEYED.pseudonym(SOMEBODY)}7 {KEYED.pseudonym(SOMEBODY)}"
    )


@pytest.mark.parametrize("key", [b"", b"half"])
def test_a_damaged_key_is_refused_and_left_alone(tmp_path: Path, key: bytes) -> None:
    (tmp_path / "pseudonym.key").write_bytes(key)
    with pytest.raises(UserError, match=r"已损坏.*is damaged"):
        load_pseudonyms(tmp_path)
    assert (tmp_path / "pseudonym.key").read_bytes() == key


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first, again = load_pseudonyms(tmp_path / "var"), load_pseudonyms(tmp_path / "var")
    assert first.pseudonym(SOMEBODY) == again.pseudonym(SOMEBODY)
    assert [(path.name, oct(path.stat().st_mode & 0o777)) for path in (tmp_path / "var").iterdir()] == [
        ("pseudonym.key", "0o600")
    ]
