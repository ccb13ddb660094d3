"""Lit loans beside the budget in the manifest: as a plain count of the published rows has them, in blocks and whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl

from features.console import lines_for_reader
from models.budget_use import published_level
from serving.cli.output import manifest_lines
from serving.months.manifest import Manifest
from tests.serving.provinces import IN_BLOCKS, Province


def test_the_manifest_counts_what_is_lit_and_offers_thresholds_in_blocks_as_in_whole_counties(
    judged_province: Province, tmp_path: Path
) -> None:
    province = judged_province.copied_to(tmp_path / "var")
    manifest = province.scored()
    in_blocks = judged_province.copied_to(tmp_path / "blocks").scored(IN_BLOCKS)
    assert manifest.visits == in_blocks.visits
    use, rows = province.month.budget_use, province.month.scan("warnings").collect()
    assert use is not None
    sound = rows.filter(pl.col("status") != "bad")
    lights = sound["light"]
    assert (use.bad, use.sound) == (rows.height - sound.height, sound.height)
    assert (use.red, use.yellow) == ((lights == "red").sum(), (lights == "yellow").sum())
    assert use.rules_lit == (sound["rule_light"] != "green").sum()
    hard = pl.col("rules").list.eval(pl.element().struct.field("hard")).list.any().fill_null(False)
    assert use.apart == sound.filter(hard | (pl.col("status") == "probation")).height > 0
    printed = "\n".join(lines_for_reader(manifest_lines(manifest)))
    assert f"of {use.sound:,} loans that have not gone bad {use.lit:,} are lit" in printed
    assert use.offer is not None
    assert f"{use.offer.changed_loans:,} loans change colour" in printed


def test_lights_as_counted_are_those_that_were_published(judged_province: Province, tmp_path: Path) -> None:
    province = judged_province.copied_to(tmp_path / "var")
    province.scored()
    bundle = province.store.models.champion
    assert bundle is not None
    level_if_hard = pl.when(pl.element().struct.field("hard")).then(pl.element().struct.field("light"))
    worst = pl.col("rules").list.eval(level_if_hard)
    hard = pl.when(worst.list.contains("red")).then(pl.lit("red")).when(worst.list.contains("yellow"))
    rows = (
        province.month.scan("warnings")
        .collect()
        .with_columns(
            hard.then(pl.lit("yellow")).otherwise(pl.lit("green")).alias("hard_light"),
            pl.lit(None, pl.String).alias("previous_model_light"),
        )
    )
    levels = rows.select(published_level(bundle.policy)).to_series().to_list()
    assert levels == [["green", "yellow", "red"].index(light) for light in rows["light"]]


def test_a_month_of_the_rules_alone_has_counts_and_no_thresholds(ruled: Province) -> None:
    ruled.scored()
    use = ruled.month.budget_use
    assert use is not None
    assert (use.chosen_by, use.offer) == (None, None)
    assert use.lit >= use.rules_lit > 0  # loans on probation are lit, too


def test_a_manifest_of_before_is_read_and_gets_its_counts_when_the_month_is_scored_again(ruled: Province) -> None:
    ruled.scored()
    path = ruled.month.folder / "manifest.json"
    stored = json.loads(path.read_text("utf-8"))
    del stored["visits"]
    path.write_text(json.dumps({**stored, "inputs": "of another program"}), "utf-8")
    path.with_name("manifest.sha256").unlink()
    copy = ruled.copied_to(ruled.data.parent / "copy")
    before = copy.month
    assert (before.manifest.visits, before.budget_use) == (None, None)
    assert asdict(Manifest(**stored))["visits"] is None
    assert "Budget of visits" not in "\n".join(lines_for_reader(manifest_lines(before.manifest)))
    assert copy.scored().edition == before.edition + 1
    assert copy.month.budget_use is not None
