"""Which table a file or a sheet is, told by its name in English or Chinese, with anything before or behind the word."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from features.contract.identity_numbers import half_width
from features.contract.tables import TABLES
from features.messages import Bilingual

_PACKAGE = "features.delivery"


@lru_cache(maxsize=1)
def table_words() -> Mapping[str, str]:
    """Each word of words/tables.toml, in lower case, with the table it tells."""
    shipped = tomllib.loads(files(_PACKAGE).joinpath("words/tables.toml").read_text("utf-8"))
    return {word.lower(): table for table in TABLES for word in shipped.get(table, ())}


@lru_cache(maxsize=1)
def table_names() -> Mapping[str, Bilingual]:
    """Each table of the contract as people call it.

    >>> table_names()["loans"].zh, table_names()["loans"].en
    ('贷款', 'loans')
    """
    chinese = {table: word for word, table in reversed(list(table_words().items())) if not word.isascii()}
    return {table: Bilingual(chinese[table], table) for table in TABLES}


def tables_told_by(name: str) -> tuple[str, ...]:
    """The tables that a name tells: none, one, or several where words of one length tell different tables.

    An English word stands at the name's beginning or behind a sign that is no letter, and ends likewise; a Chinese
    word may stand anywhere. The longest word decides.

    >>> tables_told_by("payments_202412"), tables_told_by("甲银行贷款台账-12月"), tables_told_by("说明")
    (('payments',), ('loans',), ())
    """
    plain = half_width(name).lower()
    told = {
        word: table
        for word, table in table_words().items()
        if (re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", plain) if word.isascii() else word in plain)
    }
    longest = max(map(_weight, told), default=0)
    return tuple(dict.fromkeys(table for word, table in told.items() if _weight(word) == longest))


def _weight(word: str) -> int:
    """The length by which words are compared: a Chinese sign says as much as three letters."""
    return sum(1 if sign.isascii() else 3 for sign in word)
