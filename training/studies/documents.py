"""Documents generated from declarations and a simulated county: `python -m training.studies.documents`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from features.catalog import OUTPUT_FEATURES
from features.compute import features_at
from features.contract.tables import TABLES
from features.county_book import render_availability, render_catalog
from features.delivered_tables import DeliveredTables
from models.county_policy.document import policy_document
from models.county_policy.policy_table import shipped_policy_table
from models.rating.document import rating_document
from models.traffic_light.decision_table import decision_table
from models.traffic_light.rules import RULES
from training.simulate.order import Order
from training.simulate.province import simulate

HOUSEHOLDS, MONTHS, SEED, AS_OF = 500, 36, 1, date(2025, 12, 31)


def generated_documents() -> Mapping[str, str]:
    """The text of each generated document by its path in the project."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Order(HOUSEHOLDS, MONTHS, SEED), Path(folder))
        tables = {name: pl.read_parquet(Path(folder) / name / "*.parquet") for name in TABLES}
    features = features_at(AS_OF, DeliveredTables.from_frames(tables))
    missing_shares = {
        feature.name: features[feature.name].null_count() / features.height for feature in OUTPUT_FEATURES
    }
    county = f"a simulated county of {HOUSEHOLDS} households, {MONTHS} months, seed {SEED}, as of {AS_OF}"
    policies = shipped_policy_table().policies
    return {
        "features/CATALOG.md": render_catalog(),
        "features/AVAILABILITY.md": render_availability(missing_shares, county),
        "models/traffic_light/RULES.md": decision_table(RULES, policies[-1].actions),
        "models/county_policy/POLICY.md": policy_document(policies),
        "models/rating/RATINGS.md": rating_document(policies[-1]),
    }


def main() -> None:
    """Write every generated document; run from the project's root."""
    for path, text in generated_documents().items():
        Path(path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
