"""The feature book: CATALOG.md and AVAILABILITY.md, written from the declarations of the features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from features.catalog import FAMILY_LABELS, FEATURES, OUTPUT_FEATURES
from features.declare import Feature, FeatureRole, Risk

_RISK = {Risk.RISES: "↑ 升 rises", Risk.FALLS: "↓ 降 falls", Risk.OPEN: "– 不定 open"}
_ROLE = {
    FeatureRole.MODEL: "模型 model",
    FeatureRole.SHOWN: "仅展示与规则 shown, rules",
    FeatureRole.AUDIT: "仅审计 audit only",
    FeatureRole.STEP: "中间量 step",
}


def render_catalog() -> str:
    """The text of CATALOG.md: the meaning of each feature and why an officer should care, family by family.

    Returns:
        A Markdown document, Chinese and English side by side, made of the declarations alone.

    Example:
        >>> from features.county_book import render_catalog
        >>> "| `days_past_due` |" in render_catalog()
        True
    """
    lines = [
        "# 特征手册 / Feature book",
        "",
        f"{len(OUTPUT_FEATURES)} features in {len(FAMILY_LABELS)} families.",
        "Written by `python -m training.studies.documents`; do not edit.",
    ]
    for family, label in FAMILY_LABELS.items():
        lines += ["", f"## {label.zh} / {label.en}", ""]
        lines += ["| name | 中文 | English | unit | risk | window | why |", "|---|---|---|---|---|---|---|"]
        lines += [
            _table_row(
                f"`{feature.name}`",
                feature.label.zh,
                feature.label.en,
                feature.unit.name,
                _RISK[feature.risk],
                f"{feature.window.zh} {feature.window.en}" if feature.source else "–",
                feature.why,
            )
            for feature in OUTPUT_FEATURES
            if feature.family == family
        ]
    return "\n".join(lines) + "\n"


def render_availability(missing: Mapping[str, float], county: str) -> str:
    """The text of AVAILABILITY.md: where each feature comes from, how often it is missing, and who may use it.

    Args:
        missing: the share of rows without a value, from 0 to 1, by the name of each feature in OUTPUT_FEATURES.
        county: the rows that these are shares of, as the document names them.

    Returns:
        A Markdown document.

    Raises:
        KeyError: where `missing` lacks a feature.

    Example:
        >>> from features.catalog import OUTPUT_FEATURES
        >>> from features.county_book import render_availability
        >>> text = render_availability({feature.name: 0.25 for feature in OUTPUT_FEATURES}, "a county")
        >>> text.count("| 25.0% |") == len(OUTPUT_FEATURES)
        True
    """
    lines = [
        "# 可得性清单 / Availability manifest",
        "",
        f"Missing: share of rows without a value in {county}.",
        "Written by `python -m training.studies.documents`; do not edit.",
        "",
        "| name | source | tables that may be absent | columns or features | window | no row means | missing | use |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        _table_row(
            f"`{feature.name}`",
            feature.source.name if feature.source else "derived",
            ", ".join(_optional_tables(feature)) or "–",
            ", ".join(feature.columns or feature.inputs),
            feature.window.name if feature.source else "–",
            "missing" if feature.when_empty is None else f"{feature.when_empty:g}",
            f"{missing[feature.name]:.1%}",
            _ROLE[feature.role],
        )
        for feature in OUTPUT_FEATURES
    ]
    return "\n".join(lines) + "\n"


def _table_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _optional_tables(feature: Feature) -> list[str]:
    """The optional tables that a feature needs, itself or through its inputs."""
    own: Iterable[str] = feature.source.tables if feature.source else ()
    of_inputs = (table for name in feature.inputs for table in _optional_tables(FEATURES[name]))
    return sorted({*own, *of_inputs})
