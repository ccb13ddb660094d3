"""One measurement in a process of its own, so that neither side warms or fills the other's memory.

`python -m tests.benchmarks.measured WHAT FOLDER [LOANS]` prints what it found as JSON and loads only what it measures.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

AS_OF = date(2025, 12, 31)
BEFORE = date(2025, 11, 30)
TOLERANCE = 0.005
HOUSEHOLDS = 200
_WARMING_UP = 10


def build(folder: Path) -> dict[str, Any]:
    """Also compiles what both sides share, so that no run is charged for it."""
    from features.compute import features_at
    from features.ledger.ledger import Ledger
    from tests.benchmarks import county

    size = county.build(folder, int(sys.argv[3]), lambda line: print(line, file=sys.stderr, flush=True))
    features_at(AS_OF, Ledger(folder / "empty").tables())
    return {"loans": size.loans, "instalments": size.instalments}


def ours(folder: Path) -> dict[str, Any]:
    from features.compute import NOT_FEATURES, features_at
    from features.ledger.ledger import Ledger

    frame, seconds = _timed(lambda: features_at(AS_OF, Ledger(folder / "ledger").tables()))
    cost = _cost(seconds)
    frame.write_parquet(folder / "ours.parquet")
    return cost | {"features": frame.width - len(NOT_FEATURES), "open": frame.height}


def pandas(folder: Path) -> dict[str, Any]:
    from tests.benchmarks.pandas_features.compute import NAMES, features

    frame, seconds = _timed(lambda: features(folder / "ledger", AS_OF))
    cost = _cost(seconds)
    frame.to_parquet(folder / "pandas.parquet")
    return cost | {"features": len(NAMES), "open": len(frame)}


def agreement(folder: Path) -> dict[str, Any]:
    import polars as pl

    from tests.benchmarks.agreement import differences, largest_difference

    left, right = (pl.read_parquet(folder / f"{name}.parquet") for name in ("ours", "pandas"))
    return {"differences": differences(left, right, TOLERANCE), "largest": largest_difference(left, right)}


def household(folder: Path) -> dict[str, Any]:
    """One household's features from the ledger, in ms: the totals of its village, bank and so on known before."""
    import polars as pl

    from features.compute import features_at, peer_statistics_at
    from features.ledger.ledger import Ledger

    ledger = Ledger(folder / "ledger")
    [county] = ledger.counties
    around = peer_statistics_at(AS_OF, ledger.tables())

    def alone(home: str) -> pl.DataFrame:
        return features_at(AS_OF, ledger.tables(county, home), peers=around)

    homes = pl.read_parquet(folder / "ours.parquet", columns=["household_id"])["household_id"].unique().sort()
    drawn = random.Random(1).sample(homes.to_list(), HOUSEHOLDS + _WARMING_UP)
    took = [_timed(partial(alone, home))[1] for home in drawn]
    return {"p50_ms": median(took[_WARMING_UP:]) * 1000}


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def _cost(seconds: float) -> dict[str, Any]:
    """cpu_seconds: of the whole process, imports included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss * 1024 / 1e9}


MEASUREMENTS = {each.__name__: each for each in (build, ours, pandas, agreement, household)}

if __name__ == "__main__":
    print(json.dumps(MEASUREMENTS[sys.argv[1]](Path(sys.argv[2]))))
