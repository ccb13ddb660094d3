"""The shipped words for code values, several for each, column by column."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Mapping[str, Mapping[str, list[str]]]]:
    return tomllib.loads(files("features.delivery").joinpath("words/codes.toml").read_text("utf-8"))


def code_words(table: str, column: str) -> dict[str, str]:
    """Each word for a code value of a column, with the code; empty where the column has none.

    >>> code_words("loans", "repayment_method")["按季结息到期还本"]
    'bullet_quarterly_interest'
    """
    return {word: code for code, words in words_of_codes(table, column).items() for word in words}


def words_of_codes(table: str, column: str) -> Mapping[str, list[str]]:
    """Each code value of a column with its words, the one that is shown first; empty where the column has none.

    >>> words_of_codes("members", "sex")["F"]
    ['女', '女性', 'female']
    """
    return {**_shipped()["every_table"], **_shipped().get(table, {})}.get(column, {})
