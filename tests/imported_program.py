"""The program as the process has it of which the tests' commands are forks: imported, and numba's types set up.

It computes nothing: a frame that is computed starts polars' threads, and a fork has the thread alone that forked.
"""

from __future__ import annotations

import importlib

from numba.core.registry import cpu_target

MODULES = (
    *("serving.cli.output", "serving.batch.run", "serving.batch.replay", "serving.audit.command_line"),
    *("serving.explain.household", "serving.server", "serving.reports.issue", "serving.monitor.watch"),
    *("features.loading.load", "training.simulate.province", "training.train", "training.publish"),
    *("training.promotion", "training.month_thresholds", "training.evaluation.gate_input"),
    *("alembic.command", "mlflow", "pandas", "pyarrow.parquet", "scipy.linalg"),
)
"""With all that these import; a command imports what is missing by itself."""

for module in MODULES:
    importlib.import_module(module)
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()  # half of what a command takes that computes one loan
