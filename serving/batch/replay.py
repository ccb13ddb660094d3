"""Replay: a published month computed again from its own inputs, and compared with what was published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.atomic_files import scratch_folder
from serving.batch.inputs import HOUSEHOLDS_IN_PART, open_context, published_run_spec
from serving.batch.plan import stages_for
from serving.batch.publish import write_edition
from serving.batch.run import ThisProcess, one_task_per_county, run_tasks
from serving.months.data_folder import DataFolder
from serving.months.edition import unchecked_rows
from serving.months.repository import MonthRepository

_KEYS = {"warnings": "loan_id", "features": "loan_id", "typical": "township_code"}
"""The key of each kind of frame."""
_EXAMPLES = 5


@dataclass(frozen=True)
class Difference:
    """How the published and the replayed rows of one kind differ.

    only_published, only_replayed: rows that the other lacks. columns: by column, rows that differ in it. examples:
    some of the loans (townships, for `typical`) that differ.
    """

    only_published: int
    only_replayed: int
    columns: Mapping[str, int]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """The result of a replay: its edition, its number of loans, and the difference of each kind that differs."""

    as_of: date
    edition: int
    rows: int
    differences: Mapping[str, Difference]

    @property
    def is_equal(self) -> bool:
        """Whether every row is as published."""
        return not self.differences


def replay(
    data_folder: DataFolder, as_of: date, edition: int | None, report_progress: Callable[[int, str], object]
) -> Replay:
    """Compute a published edition again from the data, rules, policy, model and previous month that it names.

    Args:
        data_folder: with the published month.
        as_of: a published month end.
        edition: the number of an edition; None for the published one.
        report_progress: called after each task with the number of its loans and a line to print.

    Returns:
        The differences between what was published and what is computed now. Nothing is stored.

    Raises:
        UserError: where the edition is not published, or one of its inputs is no longer there.

    Example:
        >>> from datetime import date
        >>> from serving.batch.replay import replay
        >>> from serving.months.data_folder import DataFolder
        >>> replay(DataFolder(data), date(2025, 12, 31), None, lambda loans, line: None).is_equal
        True
    """
    repository = MonthRepository(data_folder)
    month = repository.month(as_of) if edition is None else repository.edition(as_of, edition)
    with scratch_folder(month.folder.with_name(f".replaying-{month.folder.name}")) as staging:
        spec = published_run_spec(data_folder, month, HOUSEHOLDS_IN_PART)
        stages = stages_for(open_context(spec).ledger, HOUSEHOLDS_IN_PART)
        run_tasks(stages, spec, staging, ThisProcess(), report_progress)
        files = write_edition(one_task_per_county(stages), staging)
        differences = {}
        if files.checksums != month.manifest.checksums or not month.is_whole:
            for kind, key in _KEYS.items():
                folders = (month.folder, staging / "edition")
                published, replayed = (unchecked_rows(folder, kind, as_of).collect() for folder in folders)
                difference = compare_frames(published, replayed, key)
                if difference.columns or difference.only_published or difference.only_replayed:
                    differences[kind] = difference
        return Replay(as_of, month.edition, files.rows, differences)


def compare_frames(published_rows: pl.DataFrame, replayed_rows: pl.DataFrame, key: str) -> Difference:
    """Compare two frames row by row of a key: missing equals missing, and a list an equal list."""
    old, new = _one_row_per_key(published_rows, key), _one_row_per_key(replayed_rows, key)
    both = old.join(new, on=key, suffix=" replayed", nulls_equal=True)
    names = [name for name in old.columns if name != key and name in new.columns]
    differs = both.select(key, *(pl.col(name).ne_missing(pl.col(f"{name} replayed")) for name in names))
    counts = {name: int(differs[name].sum()) for name in names}
    only_in_one = dict.fromkeys({*old.columns} ^ {*new.columns}, both.height)
    examples = differs.filter(pl.any_horizontal(names)) if names else differs.clear()
    return Difference(
        only_published=old.join(new, on=key, how="anti", nulls_equal=True).height,
        only_replayed=new.join(old, on=key, how="anti", nulls_equal=True).height,
        columns={name: count for name, count in sorted({**counts, **only_in_one}.items()) if count},
        examples=tuple(str(value) for value in examples[key].sort()[:_EXAMPLES]),
    )


def _one_row_per_key(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """The first row of each key, with categorical columns as text."""
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).unique(key, keep="first", maintain_order=True)
