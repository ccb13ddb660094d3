"""The monitor by the command line: lines, JSON, page, metrics, and an exit that says whether something is beyond."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from features.catalog import MODEL_COLUMNS
from serving.audit.command_line import database_of
from serving.audit.log import AuditQuery, search_entries
from serving.cli.month import BEYOND_BOUNDS
from tests.conftest import County
from tests.running_service import done, lights, refused

WIDE = """
[drift]
feature_psi = 100
score_psi = 100
missing_rise = 0.99
slow_importance = 0.99
[codes]
changed = 0.99
new_loans_psi = 100
[calibration]
least_loans = 1000000
[performance]
least_auc = 0.01
[quality]
days_late = 10000
rows_jump = 10000
mean_jump = 10000
missing_jump = 0.99
"""


@pytest.fixture(scope="module")
def ran(county: County, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, int]:
    folder = tmp_path_factory.mktemp("monitor")
    files = ("--html", folder / "monitor.html", "--prometheus", folder / "lights.prom", "--lang", "en")
    command = lights(county.data, "monitor", "--as-of", county.newest, "--json", *files)
    return json.loads(command.stdout), folder, command.returncode


def test_every_model_feature_and_the_score_is_compared_with_the_training(
    county: County, ran: tuple[dict[str, Any], Path, int]
) -> None:
    rows = [row for row in ran[0]["drift"]["rows"] if row["as_of"] == str(county.newest)]
    assert len(rows) == len(MODEL_COLUMNS) + 1
    assert any(row["psi"] for row in rows)


def test_the_exit_says_whether_anything_is_beyond_its_bound(ran: tuple[dict[str, Any], Path, int]) -> None:
    assert ran[2] == (BEYOND_BOUNDS if ran[0]["findings"] else 0)


def test_a_finding_that_is_acknowledged_is_listed_audited_and_no_longer_ends_with_three(
    county: County, tmp_path: Path
) -> None:
    own = county.copied_to(tmp_path / "var")
    own_bounds = WIDE.replace("least_auc = 0.01", "least_auc = 0.9999").replace("1000000", "50\nfactor = 1000")
    (tmp_path / "own.toml").write_text(own_bounds)
    command = ("monitor", "--as-of", county.newest, "--limits", tmp_path / "own.toml")
    before = lights(own.data, *command, "--json")
    assert [each["code"] for each in json.loads(before.stdout)["findings"]] == ["performance:auc_expected"]
    assert before.returncode == BEYOND_BOUNDS
    words = ("--acknowledge", "performance:auc_expected", "--reason", "刚换模型")
    after = lights(own.data, *command, *words)
    assert (after.returncode, "刚换模型" in after.stdout, "all within bounds" in after.stdout) == (0, True, True)
    (finding,) = json.loads(done(lights(own.data, *command, "--json")))["findings"]
    assert (finding["acknowledged"]["reason"], finding["acknowledged"]["as_of"]) == ("刚换模型", str(county.newest))
    with database_of(own.data).read_session() as session:
        entry = next(each for each in search_entries(session, AuditQuery()) if each.subject == "lights monitor")
    assert json.loads(entry.detail) == {"as_of": str(county.newest), "acknowledged": "performance:auc_expected"}
    assert "has no finding of the code" in refused(lights(own.data, *command, "--acknowledge", "late", *words[2:]))
    assert lights(own.data, *command, *words[:2]).returncode == 2


def test_a_card_of_an_earlier_version_is_compared_and_the_report_says_what_it_lacks(
    county: County, tmp_path: Path
) -> None:
    own = county.copied_to(tmp_path / "var")
    path = own.data / "models" / "1" / "card.json"
    (path.parent / "checksums.json").unlink()
    card = json.loads(path.read_text("utf-8"))
    for name in ("by_month", "importance", "recent"):
        del card["reference"][name]
    for bins in card["reference"]["bins"].values():
        missing = bins.pop("missing") or 0.0
        bins["shares"] = [*(share * (1 - missing) for share in bins["shares"]), missing]
    path.write_text(json.dumps(card), "utf-8")
    report = json.loads(lights(own.data, "monitor", "--as-of", county.newest, "--json").stdout)
    assert any(row["psi"] for row in report["drift"]["rows"])
    assert ["Training again brings them" in note["en"] for note in report["notes"]] == [True]


def test_a_new_card_holds_all_that_the_monitor_compares_with(ran: tuple[dict[str, Any], Path, int]) -> None:
    assert ran[0]["notes"] == []
    importance = [row["importance"] for row in ran[0]["drift"]["rows"] if row["importance"] is not None]
    assert max(importance) > 0
    assert all({"code", "importance", "acknowledged"} <= set(finding) for finding in ran[0]["findings"])


def test_with_bounds_that_nothing_reaches_all_is_fine(county: County, tmp_path: Path) -> None:
    (tmp_path / "wide.toml").write_text(WIDE)
    command = lights(county.data, "monitor", "--as-of", county.newest, "--limits", tmp_path / "wide.toml")
    assert (command.returncode, "all within bounds" in command.stdout) == (0, True)


def test_metrics_are_in_the_format_that_prometheus_reads(ran: tuple[dict[str, Any], Path, int]) -> None:
    found = {family.name: family for family in text_string_to_metric_families((ran[1] / "lights.prom").read_text())}
    assert {"lights_drift_psi", "lights_expected_rate", "lights_source_silent"} <= set(found)
    total = found["lights_findings_total_beyond"].samples[0].value
    assert total == len(ran[0]["findings"])


def test_the_page_is_whole_in_itself(ran: tuple[dict[str, Any], Path, int]) -> None:
    page = (ran[1] / "monitor.html").read_text("utf-8")
    assert '<html lang="en">' in page
    assert not re.search(r"""(?:src|href|url)\s*[=:(]\s*["']?\s*(?:https?:)?//""", page)
    for said in ("Drift of features and score", "Label maturity", "Data quality by source", "What was delivered when"):
        assert said in page


def test_labels_of_the_newest_month_are_not_mature_yet(county: County, ran: tuple[dict[str, Any], Path, int]) -> None:
    newest = ran[0]["calibration"]["rows"][0]
    assert (newest["as_of"], newest["said_en"], newest["observed"]) == (str(county.newest), "labels not mature", None)
    assert ran[0]["label_maturity"]["rows"][0]["days_left"] > 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [(("--as-of", "1999-12-31"), "not published"), (("--limits", "{wrong}"), "limits wrong.toml are wrong")],
)
def test_what_cannot_be_watched_is_refused(county: County, tmp_path: Path, asked: tuple[str, str], said: str) -> None:
    (tmp_path / "wrong.toml").write_text("[drift]\nfeature_psi = -1\n")
    words = [word.replace("{wrong}", str(tmp_path / "wrong.toml")) for word in asked]
    assert said in refused(lights(county.data, "monitor", "--as-of", county.newest, *words))
