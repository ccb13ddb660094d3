"""The documents that are written from declarations and a demo county: python -m training.documents."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from features.catalog import KEPT
from features.compute import features_at
from features.contract.tables import TABLES
from features.county_book import availability, catalogue
from features.delivered_tables import Rows
from models.county_policy.document import policy_book
from models.county_policy.policy_table import shipped
from models.rating.document import rating_book
from models.traffic_light.decision_table import decision_table
from models.traffic_light.rules import RULES
from training.simulate.order import Order
from training.simulate.province import simulate

HOUSEHOLDS, MONTHS, SEED, AS_OF = 500, 36, 1, date(2025, 12, 31)


def documents() -> Mapping[str, str]:
    """Path in the project to text, for each generated document."""
    county = f"a simulated county of {HOUSEHOLDS} households, {MONTHS} months, seed {SEED}, as of {AS_OF}"
    policies = shipped().policies
    return {
        "features/CATALOG.md": catalogue(),
        "features/AVAILABILITY.md": availability(_missing_shares(), county),
        "models/traffic_light/RULES.md": decision_table(RULES, policies[-1].actions),
        "models/county_policy/POLICY.md": policy_book(policies),
        "models/rating/RATINGS.md": rating_book(policies[-1]),
    }


def _missing_shares() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        simulate(Order(HOUSEHOLDS, MONTHS, SEED), Path(folder))
        tables = {name: pl.read_parquet(Path(folder) / name / "*.parquet") for name in TABLES}
    frame = features_at(AS_OF, Rows.of(tables))
    return {feature.name: frame[feature.name].null_count() / frame.height for feature in KEPT}


def main() -> None:
    """Write them all, from the project's root."""
    for path, text in documents().items():
        Path(path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
