"""The work list: a published month's warnings, filtered, sorted, and cut into pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl
import polars.selectors as cs

from features.messages import Refused
from serving.explain.sentence_cache import told_at
from serving.months.loan_index import PLACE, Sort
from serving.months.repository import Month
from serving.portfolio.quadrants import Corner, corner
from serving.schemas.loan_warning import WarningPage

_PLAIN = (cs.categorical() | cs.enum()).cast(pl.String)


@dataclass(frozen=True)
class Asked:
    """What a list is asked for. area: first digits of a village code. q: part of an identifier. loan: one loan."""

    light: str | None = None
    rule_light: str | None = None
    model_light: str | None = None
    bank: str | None = None
    area: str | None = None
    due_within_days: int | None = None
    q: str | None = None
    sort: Sort = Sort.RISK
    limit: int = 50
    cursor: str | None = None
    loan: str | None = None
    corner: Corner | None = None


@dataclass(frozen=True)
class Listed:
    """All rows that were asked for, in no order, and where those of one page stand, in theirs."""

    rows: pl.DataFrame
    places: list[int]
    next_cursor: str | None


def listed(month: Month, asked: Asked, columns: Sequence[str] = ()) -> Listed:
    """Where a page of warnings stands; of all rows that were asked for, the columns of the index that are named.

    Raises Refused where the cursor is none of ours, or belongs to an edition that is no longer shown.
    """
    edition = f"{month.as_of}:{month.manifest.edition}:{_digest(asked)}"
    order = asked.sort.order
    rows = (
        month.holding(asked.q).filter(_conditions(asked)).select(*columns, PLACE, order).with_columns(_PLAIN).collect()
    )
    start = min(_start(asked.cursor, edition), rows.height)
    end = min(start + asked.limit, rows.height)
    places = _first(rows, order, end)[start:]
    return Listed(rows, places, _cursor(end, edition) if end < rows.height else None)


def _first(rows: pl.DataFrame, order: str, many: int) -> list[int]:
    """Where the first rows of an order stand; a million are not sorted for fifty."""
    if not many:
        return []
    last = rows[order].bottom_k(many).max()
    return rows.filter(pl.col(order) <= last).sort(order)[PLACE].to_list()


def worklist(month: Month, asked: Asked) -> WarningPage:
    """One page of the month's warnings.

    Raises Refused as `listed` does.
    """
    found = listed(month, asked)
    return WarningPage(
        **month.versions,
        total=found.rows.height,
        items=told_at(month, found.places),
        next_cursor=found.next_cursor,
    )


@dataclass(frozen=True)
class Counts:
    """Loans by light and by corner."""

    lights: dict[str, int]
    corners: dict[str, int]


def counts(month: Month, asked: Asked) -> Counts:
    """Of what is asked for, whatever its lights: what each light and corner would list."""
    whatever = replace(asked, light=None, rule_light=None, model_light=None, corner=None)
    return _counts(month, replace(whatever, sort=Sort.RISK, limit=0, cursor=None))


@lru_cache(maxsize=256)
def _counts(month: Month, asked: Asked) -> Counts:
    """An edition never changes."""
    rows = month.holding(asked.q).filter(_conditions(asked))
    found = rows.group_by(pl.col("light").cast(pl.String), corner()).agg(pl.len().alias("loans")).collect()
    lights, corners = (
        dict(found.group_by(name).agg(pl.col("loans").sum()).select(name, "loans").rows())
        for name in ("light", "corner")
    )
    return Counts(lights, corners)


def _digest(asked: Asked) -> str:
    """Of what is asked for, but not of where in it: a cursor leads on in its own list alone."""
    return hashlib.sha256(repr(replace(asked, cursor=None, limit=0)).encode()).hexdigest()[:8]


def _conditions(asked: Asked) -> list[pl.Expr]:
    equal = {name: getattr(asked, name) for name in ("light", "rule_light", "model_light", "bank")}
    equal["loan_id"] = asked.loan
    conditions = [pl.col(name) == value for name, value in equal.items() if value is not None]
    if asked.corner is not None:
        conditions.append(asked.corner.holds)
    if asked.area is not None:
        conditions.append(pl.col("village_code").str.starts_with(asked.area))
    if asked.due_within_days is not None:
        conditions.append(pl.col("days_to_maturity").is_between(0, asked.due_within_days))
    return conditions or [pl.lit(True)]


def _cursor(position: int, edition: str) -> str:
    return base64.urlsafe_b64encode(f"{edition}:{position}".encode()).decode()


def _start(cursor: str | None, edition: str) -> int:
    """An edition never changes, so a position in it stays what it was."""
    if cursor is None:
        return 0
    try:
        at, position = base64.urlsafe_b64decode(cursor.encode()).decode().rsplit(":", 1)
        start = int(position)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise Refused(
            "游标无效; 请从第一页重新开始。", "The cursor is none of ours; begin again without one."
        ) from error
    if at != edition or start < 0:
        raise Refused(
            "名单已更新, 或条件已改变; 请从第一页重新开始。",
            "The list has been published anew, or is another one; begin again without a cursor.",
        )
    return start
