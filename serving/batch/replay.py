"""Replay: a published month computed again as it was, and in what the two differ."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from serving.batch.inputs import HOUSEHOLDS_IN_PART, inputs_of, opened
from serving.batch.plan import rounds_of
from serving.batch.publish import finished
from serving.batch.run import Alone, computed, counties_of
from serving.months.data_folder import Store
from serving.months.repository import Month, Published

_KEYS = {"warnings": "loan_id", "features": "loan_id", "typical": "township_code"}
_EXAMPLES = 5


@dataclass(frozen=True)
class Difference:
    """Of one kind of rows: those only published, those only replayed, and by column how many differ.

    examples: some of the loans (townships, for `typical`) that differ.
    """

    only_published: int
    only_replayed: int
    columns: Mapping[str, int]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """What a replay found: by kind of rows the difference, for the kinds that differ at all."""

    as_of: date
    edition: int
    rows: int
    differences: Mapping[str, Difference]

    @property
    def is_equal(self) -> bool:
        return not self.differences


def replay(store: Store, as_of: date, edition: int | None, advance: Callable[[int, str], object]) -> Replay:
    """Compute an edition (the published one, where none is named) again, from the data, rules, policy, model and month
    before that it names, and compare.

    Raises Refused where it is not published, or what it was computed from is there no more.
    """
    month = Published(store).month(as_of) if edition is None else Published(store).edition(as_of, edition)
    with _aside(month) as making:
        inputs = inputs_of(store, month, HOUSEHOLDS_IN_PART)
        rounds = rounds_of(opened(inputs).ledger, HOUSEHOLDS_IN_PART)
        computed(rounds, inputs, making, Alone(), advance)
        files = finished(counties_of(rounds), making)
        again = Month(as_of, making / "edition")
        same = files.checksums == month.manifest.checksums and month.is_whole
        return Replay(as_of, month.edition, files.rows, {} if same else dict(_differences(month, again)))


@contextmanager
def _aside(month: Month) -> Iterator[Path]:
    """A folder that is gone afterwards."""
    making = month.folder.with_name(f".replaying-{month.folder.name}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _differences(published: Month, replayed: Month) -> Iterator[tuple[str, Difference]]:
    for kind, key in _KEYS.items():
        difference = difference_of(published.scan(kind).collect(), replayed.scan(kind).collect(), key)
        if difference.columns or difference.only_published or difference.only_replayed:
            yield kind, difference


def difference_of(published: pl.DataFrame, replayed: pl.DataFrame, key: str) -> Difference:
    """Row by row by its key: missing equals missing, and a list its equal."""
    left, right = _keyed(published, key), _keyed(replayed, key)
    both = left.join(right, on=key, suffix=" replayed", nulls_equal=True)
    names = [name for name in published.columns if name != key and name in replayed.columns]
    found = both.select(key, *(pl.col(name).ne_missing(pl.col(f"{name} replayed")) for name in names))
    counts = {name: int(found[name].sum()) for name in names}
    gone = dict.fromkeys({*published.columns} ^ {*replayed.columns}, both.height)
    differs = found.filter(pl.any_horizontal(names)) if names else found.clear()
    return Difference(
        only_published=left.join(right, on=key, how="anti", nulls_equal=True).height,
        only_replayed=right.join(left, on=key, how="anti", nulls_equal=True).height,
        columns={name: count for name, count in sorted({**counts, **gone}.items()) if count},
        examples=tuple(str(one) for one in differs[key].sort()[:_EXAMPLES]),
    )


def _keyed(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """In plain types; a key that stands twice is told apart by its order."""
    plain = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return plain.unique(key, keep="first", maintain_order=True)
