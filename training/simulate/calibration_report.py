"""The calibration report, ten seeds against their targets: `python -m training.simulate.calibration_report --write`."""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.simulate.industries import INDUSTRIES, LENDING_RATE
from training.simulate.measured import measure_county
from training.simulate.order import Order
from training.simulate.parameters import Parameters
from training.simulate.policies import COVERS
from training.simulate.province import simulate
from training.simulate.shocks import SHOCKS
from training.simulate.targets import TARGETS, Target

DOCUMENT = Path(__file__).with_name("CALIBRATION.md")
MONTHS, REPLICATES = 48, 40
Values = list[list[float]]
"""A list of values for each target, one value for each seed."""

_PREFACE = """\
# 模拟县校准 Calibration of the simulated county

目标范围、来源与 {seeds} 个随机种子的实际结果; 由 `python -m training.simulate.calibration_report --write` 生成。
Targets with their sources, and what {seeds} seeds achieve: {households:,} households each, {months} months, four month
ends three months apart, {replicates} futures tried for each hazard. Written by
`python -m training.simulate.calibration_report --seeds {seeds} --households {households} --write`; the parameters
behind it stand one a line in `parameters.py`, `industries.py`, `shocks.py`, `policies.py` (together version {version}).
One quantity alone is measured by
`python -m training.simulate.calibration_report --seeds {seeds} --households {households}`
followed by what stands in its last column.

"""
_HEADER = (
    "| 指标 Quantity | 目标 Target | 来源 Source | 中位数 Median | 最小 Min | 最大 Max | 达标种子 Seeds within |"
    " 命令 Command |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def version() -> str:
    """Hash of all declared values: a calibration report is valid for the values of its version alone."""
    declared = (Parameters(), INDUSTRIES, LENDING_RATE, SHOCKS, COVERS, [(t.words.en, t.low, t.high) for t in TARGETS])
    return hashlib.sha256(repr(declared).encode()).hexdigest()[:8]


def report_page(values: Values, households: int, targets: Sequence[Target] = TARGETS) -> str:
    """CALIBRATION.md as text; households: in each simulated county; targets: those measured."""
    seeds = len(values[0])
    numbers = range(1, seeds + 1)
    preface = _PREFACE.format(
        seeds=seeds, households=households, months=MONTHS, replicates=REPLICATES, version=version()
    )
    rows = [_target_row(target, row) for target, row in zip(targets, values, strict=True)]
    seed_lines = [
        "## 各种子 Each seed\n\n",
        f"| 指标 Quantity | {' | '.join(map(str, numbers))} |\n",
        f"|---|{'---|' * seeds}\n",
        *(
            f"| {target.words.zh} {target.words.en} | {' | '.join(map(target.format_value, row))} |\n"
            for target, row in zip(targets, values, strict=True)
        ),
    ]
    return preface + _HEADER + "".join(rows) + "\n" + "".join(seed_lines)


def _target_row(target: Target, values: list[float]) -> str:
    median = float(np.median(values))
    cells = (
        f"{target.words.zh} {target.words.en}",
        f"{target.format_value(target.low)} – {target.format_value(target.high)}",
        target.source,
        *(target.format_value(value) for value in (median, min(values), max(values))),
        f"{sum(map(target.is_met, values))}/{len(values)}" + ("" if target.is_met(median) else " ✗"),
        f'`--only "{target.words.en}"`',
    )
    return f"| {' | '.join(cells)} |\n"


def measure_targets(seed: int, households: int, targets: Sequence[Target] = TARGETS) -> list[float]:
    """Value of each target's quantity in the county of a seed."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Order(households, MONTHS, seed, REPLICATES), Path(folder))
        county = measure_county(Path(folder))
    return [target.measure(county) for target in targets]


def main() -> None:
    """Print the report, or write it to CALIBRATION.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--households", type=int, default=10_000)
    parser.add_argument("--only", default="", help="quantities whose English words contain this")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    targets = [target for target in TARGETS if options.only in target.words.en]
    if not targets or (options.only and options.write):
        parser.error("--only takes the words of a quantity, and what is written is whole")
    by_seed = [measure_targets(seed, options.households, targets) for seed in range(1, options.seeds + 1)]
    text = report_page([list(row) for row in zip(*by_seed, strict=True)], options.households, targets)
    if options.write:
        DOCUMENT.write_text(text, "utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
