"""Numbers used twice: rows that would move a fact to another owner, and households whose members are numbered anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from features.contract.declarations import CORRECTS, LINE, ContractTable

REASON = KIND, COLUMN, REASON_ZH, REASON_EN = ("aside kind", "aside column", "aside zh", "aside en")
"""Columns that a row set aside has besides its own: the kind in quarantine, the column to look at, and why."""
THEIRS = "theirs "
"""Prefix of the columns of the version that a row is compared with."""
_OWNERS = {
    "household_id": ("农户", "household"),
    "loan_id": ("贷款", "loan"),
    "policy_id": ("保单", "policy"),
    "bank": ("银行", "bank"),
    "originated_on": ("放款日", "drawn on"),
}
_ADVICE = (
    "编号重复使用；确为更正请用 --corrections 装入，或在该行「更正」列填 是",
    "a number used twice; where it is a correction, load with --corrections or say corrects = true in the row",
)
_HANGS = (
    "所属{} {} 的编号在此次送达中重复使用，已隔离，该行随之隔离；请更正编号后一并重新送达",
    "its {} {} is a number used twice in this delivery and was set aside, and this row with it; correct the number and "
    "deliver both again",
)
_NUMBERED_ANEW = (
    "该户原有 {} 名成员，此次 {} 名全是新编号：成员重新编号；确为新成员请用 --corrections 装入",
    "the household had {} members, and all {} delivered have new numbers: numbered anew; where they are other people, "
    "load with --corrections",
)
_GONE = ("left", "deceased")
_IS_CORRECTION = (pl.col(CORRECTS.name) == "true").fill_null(False)


def with_other_version(rows: pl.DataFrame, versions: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows, each with the newest version not known later than it, or else with the first known later.

    versions: those to choose from; their columns get the prefix THEIRS. A row whose key has none is left out.
    """
    theirs = versions.select(pl.all().name.prefix(THEIRS))
    paired = rows.join(theirs, left_on=list(key), right_on=[THEIRS + name for name in key], coalesce=False)
    known = pl.col(THEIRS + "known_on")
    distance = (pl.col("known_on") - known).dt.total_days().abs()
    nearest_first = paired.sort(LINE, known > pl.col("known_on"), distance, maintain_order=True)
    return nearest_first.unique(LINE, keep="first", maintain_order=True)


def reused_numbers(rows: pl.DataFrame, stored: pl.DataFrame, table: ContractTable) -> pl.DataFrame:
    """The rows whose key is that of a fact of another loan, household, bank or policy, with the columns of REASON.

    rows: rows to store; those that are declared corrections may move a fact. stored: the stored versions of their keys,
    in the table's columns. Where a key is not stored, the row known first in the file has it.
    """
    if not table.hangs_on:
        return rows.clear().with_columns(pl.lit(None, pl.String).alias(name) for name in REASON)
    key, names = list(table.key), list(table.hangs_on)
    first = rows.join(stored, on=key, how="anti").sort("known_on", maintain_order=True).unique(key, keep="first")
    owned = pl.concat([stored, *(frame.select(stored.columns) for frame in (first, rows.filter(_IS_CORRECTION)))])
    compared = with_other_version(rows.filter(~_IS_CORRECTION), owned, key)
    moved = compared.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(THEIRS + name)) for name in names))
    number = pl.concat_str(key, separator=" ")
    before = [_owner(names, THEIRS, language) for language in (0, 1)]
    here = [_owner(names, "", language) for language in (0, 1)]
    return moved.select(
        *rows.columns,
        pl.lit("reused").alias(KIND),
        pl.lit(key[0]).alias(COLUMN),
        pl.format("{} 已属{}，此行属{}：{}", number, before[0], here[0], pl.lit(_ADVICE[0])).alias(REASON_ZH),
        pl.format("{} is of {}, here of {}: {}", number, before[1], here[1], pl.lit(_ADVICE[1])).alias(REASON_EN),
    )


def hanging_rows(rows: pl.DataFrame, table: ContractTable, aside: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """The rows that hang on a number set aside in the same delivery, with the columns of REASON.

    Nobody can tell which of the two loans, households or policies with the number they are of. aside: the numbers by
    table.
    """
    parent, by = table.parent or ("", "")
    numbers = aside.get(parent, ())
    here = rows.filter(pl.col(by).is_in(sorted(numbers))) if numbers else rows.clear()
    zh, en = _HANGS
    owner = _OWNERS.get(by, ("", ""))
    number = pl.col(by) if by else pl.lit("")
    return here.select(
        *rows.columns,
        pl.lit("reused").alias(KIND),
        pl.lit(by).alias(COLUMN),
        pl.format(zh, pl.lit(owner[0]), number).alias(REASON_ZH),
        pl.format(en, pl.lit(owner[1]), number).alias(REASON_EN),
    )


def members_numbered_anew(rows: pl.DataFrame, delivered: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The rows of members of households whose members all come under new numbers, with the columns of REASON.

    rows: rows to store. delivered: all rows of the file. stored: every stored version of every member. A household is
    numbered anew where none of its stored members is delivered, no delivered one is stored anywhere, and at least as
    many come, a head or somebody of unknown relation among them, as were there: a child born since is none of these.
    """
    newest = stored.sort("known_on").unique("member_id", keep="last")
    before = newest.group_by("household_id").agg(
        (~pl.col("status").is_in(_GONE).fill_null(False)).sum().alias("before"),
    )
    is_new = ~pl.col("member_id").is_in(newest["member_id"].implode())  # outside the groups: once for all
    heads = ((pl.col("relation") == "head") | pl.col("relation").is_null()).any().alias("has head")
    households = (
        delivered.with_columns(is_new.alias("all new"))
        .group_by("household_id")
        .agg(pl.col("member_id").n_unique().alias("come"), pl.col("all new").all(), heads)
    )
    is_anew = pl.col("all new") & pl.col("has head") & (pl.col("come") >= pl.col("before"))
    anew = households.join(before, on="household_id").filter(is_anew)
    zh, en = (pl.format(words, "before", "come") for words in _NUMBERED_ANEW)
    return (
        rows.filter(~_IS_CORRECTION)
        .join(anew, on="household_id", maintain_order="left")
        .select(
            *rows.columns,
            pl.lit("renumbered").alias(KIND),
            pl.lit("member_id").alias(COLUMN),
            zh.alias(REASON_ZH),
            en.alias(REASON_EN),
        )
    )


def _owner(names: Sequence[str], prefix: str, language: int) -> pl.Expr:
    """The owners of a row in words: `household H1, bank A, drawn on 2024-01-01`."""
    parts = [
        pl.format("{} {}", pl.lit(_OWNERS[name][language]), pl.col(prefix + name).cast(pl.String).fill_null("-"))
        for name in names
    ]
    return pl.concat_str(parts, separator=", ")
