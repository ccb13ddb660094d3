"""The feature book: every feature in Chinese and English, written from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from features.catalog import FAMILY_WORDS, FEATURES, KEPT
from features.declare import Feature, Risk, Role

_RISK = {Risk.RISES: "↑ 升 rises", Risk.FALLS: "↓ 降 falls", Risk.OPEN: "– 不定 open"}
_ROLE = {
    Role.MODEL: "模型 model",
    Role.SHOWN: "仅展示与规则 shown, rules",
    Role.AUDIT: "仅审计 audit only",
    Role.STEP: "中间量 step",
}


def catalogue() -> str:
    """CATALOG.md: what each feature means and why an officer should care, family by family."""
    return "\n".join(_catalogue_lines()) + "\n"


def availability(missing: Mapping[str, float], county: str) -> str:
    """AVAILABILITY.md: where each feature comes from, what a gap means, how often it gaps, who may use it.

    missing: the share of rows without a value, by feature; county: which rows those are.
    """
    return "\n".join(_availability_lines(missing, county)) + "\n"


def _catalogue_lines() -> Iterator[str]:
    yield "# 特征手册 / Feature book"
    yield ""
    yield f"{len(KEPT)} features in {len(FAMILY_WORDS)} families."
    yield "Written by `python -m training.studies.documents`; do not edit."
    for family, words in FAMILY_WORDS.items():
        yield ""
        yield f"## {words.zh} / {words.en}"
        yield ""
        yield "| name | 中文 | English | unit | risk | window | why |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_catalogue_row(feature) for feature in KEPT if feature.family == family)


def _catalogue_row(feature: Feature) -> str:
    window = f"{feature.window.zh} {feature.window.en}" if feature.source else "–"
    cells = (
        f"`{feature.name}`",
        feature.label.zh,
        feature.label.en,
        feature.unit.name,
        _RISK[feature.risk],
        window,
        feature.why,
    )
    return f"| {' | '.join(cells)} |"


def _availability_lines(missing: Mapping[str, float], county: str) -> Iterator[str]:
    yield "# 可得性清单 / Availability manifest"
    yield ""
    yield (
        f"Missing: share of rows without a value in {county}.\n"
        "Written by `python -m training.studies.documents`; do not edit."
    )
    yield ""
    yield "| name | source | tables that may be absent | columns or features | window | no row means | missing | use |"
    yield "|---|---|---|---|---|---|---|---|"
    for feature in KEPT:
        cells = (
            f"`{feature.name}`",
            feature.source.name if feature.source else "derived",
            ", ".join(_tables(feature)) or "–",
            ", ".join(feature.columns or feature.inputs),
            feature.window.name if feature.source else "–",
            "missing" if feature.when_empty is None else f"{feature.when_empty:g}",
            f"{missing[feature.name]:.1%}",
            _ROLE[feature.role],
        )
        yield f"| {' | '.join(cells)} |"


def _tables(feature: Feature) -> list[str]:
    """The optional tables a feature needs, through everything it is made of."""
    own: Iterable[str] = feature.source.tables if feature.source else ()
    behind = (table for name in feature.inputs for table in _tables(FEATURES[name]))
    return sorted({*own, *behind})
