"""Editions that were written before a column was published: it is null in their rows."""

from __future__ import annotations

import json

import polars as pl
import pytest

from features.checksums import checksum
from features.compute import FEATURES_SCHEMA
from serving.explain.household import household_explanation
from serving.explain.sentences import render_warnings
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_index
from serving.months.previous_month import previous_month_of, previous_month_of_few
from serving.months.published_frames import WARNINGS_SCHEMA
from tests.serving.provinces import Province

LATER_COLUMNS = {"warnings": "loan_checks", "features": "savings", "typical": "savings"}


@pytest.fixture
def published(ruled: Province) -> Province:
    """A published month whose files lack a column of each kind."""
    ruled.scored()
    folder = ruled.month.folder
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for kind, column in LATER_COLUMNS.items():
        for path in (folder / kind).glob("*.parquet"):
            pl.read_parquet(path).drop(column).write_parquet(path)
            manifest["checksums"][f"{kind}/{path.name}"] = checksum(path)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (folder / "manifest.sha256").unlink()
    return ruled


@pytest.mark.parametrize("kind", LATER_COLUMNS)
def test_a_scan_has_the_column_without_values(published: Province, kind: str) -> None:
    rows = published.month.scan(kind).collect()
    assert rows[LATER_COLUMNS[kind]].null_count() == rows.height > 0
    for schema, of in ((WARNINGS_SCHEMA, "warnings"), (FEATURES_SCHEMA, "features")):
        assert kind != of or schema.mismatch(rows.schema) is None


def test_rows_by_position_have_the_column_without_values(published: Province) -> None:
    month = published.month
    assert month.rows("warnings", [1, 0]).schema == month.scan("warnings").collect_schema()
    assert month.rows("warnings", [1, 0], ["loan_checks", "loan_id"])["loan_checks"].to_list() == [None, None]
    assert month.rows("features", [2], ["savings"]).rows() == [(None,)]
    assert loan_index(month).collect().height == month.manifest.rows


def test_the_month_is_explained_and_compared_with(published: Province) -> None:
    month: PublishedMonth = published.month
    warnings, features = month.rows("warnings", [0]), month.rows("features", [0])
    assert render_warnings(warnings, features, month)[0].loan_checks == []
    explanation = household_explanation(month, published.store, warnings["household_id"].item())
    assert explanation.loans[0].warning.loan_checks == []
    for previous in (previous_month_of, previous_month_of_few):
        answer = previous(month, warnings["loan_id"])
        assert answer.features is None  # changes of what was not published cannot be told
        assert answer.lights["previous_light"].to_list() == warnings["light"].to_list()
