"""The monthly run in parts: the same bytes in however many, taken up where a run was killed, never mixed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from features.messages import UserError
from tests.running_service import done, kill, lights, refused, started
from tests.serving.provinces import AS_OF, IN_BLOCKS, WHOLE, Province, records

COUNTIES = ["640323", "640324", "640325"]


@pytest.fixture(scope="module")
def whole(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Each county in one part."""
    own = judged_province.copied_to(tmp_path_factory.mktemp("whole") / "var")
    own.scored(WHOLE)
    return own


def test_a_county_in_blocks_gives_the_bytes_of_the_county_in_one_part(
    judged_province: Province, whole: Province, tmp_path: Path
) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    blocks = {str(part["part"]) for part in own.scored(IN_BLOCKS).parts}
    assert {"640323-001.lights", "640323-002.lights", "640325-002.facts", "640324.community"} <= blocks
    assert own.files == whole.files


def test_a_part_has_a_file_a_county_of_each_kind(whole: Province) -> None:
    kinds = ("features", "typical", "warnings")
    assert sorted(whole.files) == [f"{kind}/{county}.parquet" for kind in kinds for county in COUNTIES]


def test_loans_of_all_counties_are_ranked_together(whole: Province) -> None:
    rows = whole.month.scan("warnings").collect().drop_nulls("probability")
    ranks = rows.select(pl.col("probability").rank("min", descending=True).cast(pl.Int64)).to_series()
    assert rows["score_rank"].to_list() == ranks.to_list()
    assert rows.filter(pl.col("score_rank") <= 20)["county_code"].n_unique() > 1


def test_the_manifest_tells_parts_seconds_lights_and_rows_explained_again(whole: Province) -> None:
    manifest, rows = whole.month.manifest, whole.month.scan("warnings").collect()
    assert [part["part"] for part in manifest.parts] == [f"{county}.whole" for county in COUNTIES]
    assert sum(part["rows"] for part in manifest.parts) == manifest.rows == rows.height
    assert (manifest.scored_by, manifest.workers, manifest.explained_again) == ("clerk", 1, 0)
    assert set(manifest.seconds) == {"parts", "files"}
    for light, counted in manifest.lights.items():
        money = rows.filter(pl.col("light") == light)["outstanding_principal"]
        assert counted == {"loans": len(money), "outstanding_principal": pytest.approx(money.sum(), abs=0.005)}


def killed_with(province: Province, finished: int) -> dict[str, bytes]:
    """Begin a run and kill it once so many parts are finished; the records it leaves."""
    run = started(province.data, "score", "--as-of", AS_OF)
    while run.poll() is None and len(records(province)) < finished:
        pass
    kill(run)
    return dict(records(province))


@pytest.mark.parametrize("finished", [1, 2])
def test_a_killed_run_is_taken_up_from_its_finished_parts(ruled: Province, finished: int) -> None:
    left = killed_with(ruled, finished)
    assert len(left) >= finished
    ran = lights(ruled.data, "score", "--as-of", AS_OF)
    done(ran)
    again = [line.split()[1] for line in ran.stderr.splitlines() if "已完成" in line]
    assert sorted(again) == sorted(left)
    assert ruled.month.is_whole
    assert not (ruled.folder / ".making").exists()


def test_what_is_taken_up_gives_the_bytes_of_a_run_that_was_not_killed(ruled: Province, tmp_path: Path) -> None:
    undisturbed = ruled.copied_to(tmp_path / "undisturbed")
    undisturbed.scored()
    killed_with(ruled, 2)
    done(lights(ruled.data, "score", "--as-of", AS_OF))
    assert ruled.files == undisturbed.files


def test_parts_of_other_inputs_are_thrown_away(ruled: Province) -> None:
    assert killed_with(ruled, 2)
    (ruled.data / "policy.toml").write_text('[[policy]]\nsince = 2025-01-01\nsource = "notice"\nfund.share = 0.8\n')
    ran = lights(ruled.data, "score", "--as-of", AS_OF)
    done(ran)
    assert "已完成" not in ran.stderr
    assert ruled.month.policy.fund.share == 0.8


def test_a_finished_part_whose_file_is_broken_is_computed_again(ruled: Province) -> None:
    broken = sorted(killed_with(ruled, 1))[0]
    path = ruled.folder / ".making" / "parts" / broken / "warnings.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    ran = lights(ruled.data, "score", "--as-of", AS_OF)
    done(ran)
    assert f"{broken} {AS_OF} 已完成" not in ran.stderr
    assert ruled.month.is_whole


def test_a_part_that_cannot_be_computed_is_named_and_the_others_are_kept(ruled: Province) -> None:
    ruled.scored()
    before = ruled.files
    [payments, *_] = sorted((ruled.data / "ledger" / "payments" / "county=640324").glob("*.parquet"))
    good = payments.read_bytes()
    payments.write_bytes(good[: len(good) // 2])
    (ruled.data / "policy.toml").write_text('[[policy]]\nsince = 2025-01-01\nsource = "notice"\nfund.share = 0.8\n')
    ran = lights(ruled.data, "score", "--as-of", AS_OF)
    assert ran.returncode == 3
    assert f"{payments} is missing or damaged; restore it from a backup." in ran.stderr
    assert ruled.files == before
    assert "640323.whole" in records(ruled)
    assert "640324.whole" not in records(ruled)
    payments.write_bytes(good)
    assert "640323.whole 2025-12-31 已完成" in lights(ruled.data, "score", "--as-of", AS_OF).stderr
    assert ruled.month.manifest.edition == 2


def test_a_published_file_that_was_damaged_is_made_anew(ruled: Province) -> None:
    ruled.scored()
    name, good = next(iter(ruled.files.items()))
    (ruled.month.folder / name).write_bytes(good[:-1])
    assert ruled.scored().edition == 2
    assert ruled.files[name] == good


def test_a_month_without_a_known_loan_is_refused_and_leaves_nothing(ruled: Province) -> None:
    said = refused(lights(ruled.data, "score", "--as-of", "2016-01-31"))
    assert said == "No open loan is known by 2016-01-31."
    assert not list(ruled.store.editions.rglob(".making"))


def test_a_refusal_comes_whole_from_another_process() -> None:
    import pickle

    back = pickle.loads(pickle.dumps(UserError("不行", "no")))  # noqa: S301
    assert (back.message.zh, back.message.en) == ("不行", "no")
