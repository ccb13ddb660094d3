"""The page of frames, docs/reference/frames.md, written from declared schemas: `python -m tests.frames_page`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from features.frame_schema import FrameSchema
from tests.style import PACKAGES

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "frames.md"
NOT_IMPORTED = ("serving.database.migrations", "training.mlflow_loader", "training.mlflow_model")
"""Modules that are no part of an import: migrations run by alembic, and what MLflow loads, whose import warns."""


def declared_schemas() -> dict[str, FrameSchema]:
    """The schema of each function that declares one, by its full name."""
    found = {}
    for module in _modules():
        for name, value in vars(importlib.import_module(module)).items():
            for where, one in _with_methods(name, value):
                schema = getattr(one, "frame_schema", None)
                if isinstance(schema, FrameSchema) and one.__module__ == module:
                    found[f"{module}.{where}"] = schema
    return dict(sorted(found.items()))


def page() -> str:
    """The whole page."""
    lines = [
        "# Frames",
        "",
        "The columns of the polars frames that public functions return. Written by `python -m tests.frames_page`;",
        "do not edit. A DataFrame is compared with its schema at each call, a LazyFrame by the tests.",
    ]
    for name, schema in declared_schemas().items():
        lines += ["", f"## {name}", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{column}` | {_type(one.dtype)} | {one.meaning} |" for column, one in schema.columns.items()]
        if schema.extra is not None:
            lines += ["", f"Further columns: {schema.extra}"]
    return "\n".join(lines) + "\n"


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for one in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not one.name.startswith(NOT_IMPORTED):
                yield one.name


def _with_methods(name: str, value: object) -> Iterator[tuple[str, object]]:
    yield name, value
    if inspect.isclass(value):
        for attribute, one in vars(value).items():
            function = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
            yield f"{name}.{attribute}", function


def _type(dtype: pl.DataType | None) -> str:
    return "varies" if dtype is None else f"`{dtype}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
