"""The inbox that is written: there when it is whole, and never before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.contract.tables import TABLES
from features.messages import Refused

TRUTH = "truth"


@contextmanager
def whole_inbox(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into, that takes its place in the end; an earlier simulation there gives way.

    Raises Refused where `out` holds anything that no simulation wrote.
    """
    out = out.resolve()
    _check_may_give_way(out)
    making, before = out.with_name(f".{out.name}.making"), out.with_name(f".{out.name}.before")
    for left_over in (making, before):
        shutil.rmtree(left_over, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        yield making
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    if out.exists():
        out.rename(before)
    making.rename(out)
    shutil.rmtree(before, ignore_errors=True)


def _check_may_give_way(out: Path) -> None:
    found = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    if (found and TRUTH not in found) or found - {*TABLES, TRUTH} or (out.exists() and not out.is_dir()):
        raise Refused(
            f"{out} 中已有其他文件, 不予覆盖; 请用 --out 另选文件夹。",
            f"{out} already holds something else and is left alone; choose another folder with --out.",
        )
