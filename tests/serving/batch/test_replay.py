"""Replay: a past month computed again is the month that was published, whatever came since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from serving.batch.replay import compare_frames
from tests.running_service import done, lights, refused
from tests.serving.provinces import AS_OF, Province

REPLAY = ("replay", "--as-of", AS_OF)


@pytest.fixture(scope="module")
def scored(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    own = ruled_province.copied_to(tmp_path_factory.mktemp("scored") / "var")
    own.scored()
    return own


@pytest.fixture
def own(scored: Province, tmp_path: Path) -> Province:
    return scored.copied_to(tmp_path / "var")


def later(province: Province, folder: Path) -> None:
    """One more payment comes, and the county writes rules and policy of its own."""
    [loan] = province.month.scan("warnings").select("loan_id").head(1).collect().to_series()
    folder.mkdir()
    cells = (
        f"payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on\nX,{loan},{AS_OF},1.00,0,,{AS_OF}\n"
    )
    (folder / "payments.csv").write_text(cells)
    done(lights(province.data, "load", folder, "--delivered-on", AS_OF))
    (province.data / "policy.toml").write_text('[[policy]]\nsince = 2025-01-01\nsource = "notice"\nfund.share = 0.8\n')


def test_a_month_is_computed_again_as_it_was_whatever_came_since(own: Province, tmp_path: Path) -> None:
    later(own, tmp_path / "later")
    before = own.files
    told = json.loads(done(lights(own.data, *REPLAY, "--json")))
    assert (told["equal"], told["rows"], told["edition"]) == (True, own.month.manifest.rows, 1)
    assert own.files == before
    assert not list(own.folder.glob(".replaying*"))


def test_each_edition_is_replayed_by_its_own_inputs(own: Province, tmp_path: Path) -> None:
    later(own, tmp_path / "later")
    done(lights(own.data, "score", "--as-of", AS_OF))
    for edition in (1, 2):
        assert "loans, equal" in done(lights(own.data, *REPLAY, "--edition", edition))


def test_rows_that_were_changed_by_hand_are_told(own: Province) -> None:
    path = own.month.folder / "warnings" / "640324.parquet"
    rows = pl.read_parquet(path).with_columns(pl.col("as_of").cast(pl.String))
    loan = rows["loan_id"][0]
    more = pl.when(pl.col("loan_id") == loan).then(1.0).otherwise(0.0)
    rows.with_columns(pl.col("outstanding_principal") + more).head(-1).write_parquet(path)
    ran = lights(own.data, *REPLAY, "--diff")
    assert ran.returncode == 1
    assert "warnings: only published 0, only replayed 1" in ran.stdout
    assert "outstanding_principal: 1" in ran.stdout
    assert f"for example: {loan}" in ran.stdout
    assert "features" not in ran.stdout


def test_a_model_that_is_there_no_more_is_told(judged_province: Province, tmp_path: Path) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    own.scored()
    shutil.rmtree(own.data / "models" / "7")
    assert refused(lights(own.data, *REPLAY)).startswith("There is no model 7")


def test_an_edition_that_never_was_is_told(own: Province) -> None:
    assert refused(lights(own.data, *REPLAY, "--edition", 7)) == f"{AS_OF} has no edition 7; there are [1]."


def test_a_difference_counts_rows_and_cells_by_column() -> None:
    published = pl.DataFrame({"loan_id": ["A", "B", "C"], "light": ["red", None, "green"], "rules": [[1], [2], []]})
    replayed = pl.DataFrame({"loan_id": ["A", "B", "D"], "light": ["red", "red", "green"], "rules": [[1, 2], [2], []]})
    found = compare_frames(published, replayed, "loan_id")
    assert (found.only_published, found.only_replayed) == (1, 1)
    assert found.columns == {"light": 1, "rules": 1}
    assert found.examples == ("A", "B")


def test_missing_equals_missing() -> None:
    rows = pl.DataFrame({"loan_id": ["A"], "light": [None], "rules": [[None]]})
    assert compare_frames(rows, rows, "loan_id").columns == {}
