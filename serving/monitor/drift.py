"""Drift: how far the loans of each month lie from those the model was fitted on, by bins fixed then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from features.catalog import FEATURES
from features.messages import Words
from models.drift_reference import SCORE, bins_in, psi
from serving.monitor.bounds import Drift
from serving.monitor.finding import VERDICTS, Finding
from serving.months.data_folder import Store
from serving.months.repository import Month
from serving.portfolio.report_tables import Table, count, in_words, number, on_day, words

_SCORE_WORDS = Words("公布的可能性", "published probability")
_NO_REFERENCE = Words(
    "{as_of}: 模型 {model} 未保存训练时的分布, 无法比较; 请重新训练。",
    "{as_of}: model {model} kept no distribution of its training, so nothing can be compared; train again.",
)
_ALL_ZERO = Words(
    "{as_of}: 全部 PSI 恰为 0, 是把总体与自身相比; 请检查训练分布的来源。",
    "{as_of}: every PSI is exactly 0: a population compared with itself; check where the reference came from.",
)
_SHIFTED = Words("{as_of} {name}: PSI {value:.3f} 超过 {bound:g}", "{as_of} {name}: PSI {value:.3f} is above {bound:g}")


def card_of(store: Store, model_version: str) -> Mapping[str, Any]:
    """The card of the model that scored a month; empty where there was none, or it is no longer there."""
    path = store.models.folder / model_version.partition("-")[0] / "card.json"
    card: Mapping[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return card


def drift(store: Store, months: Sequence[Month], limits: Drift) -> tuple[Table, list[Finding]]:
    """A row a month and feature, the newest month and the largest index first; what lies beyond the bounds.

    Only the newest month is warned of: what was beyond a bound earlier has been said then.
    """
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for month in sorted(months, key=lambda month: month.as_of, reverse=True):
        found, said = _month(store, month, limits)
        rows += found
        findings += said if month is max(months, key=lambda each: each.as_of) else []
    return _table(rows), findings


def _month(store: Store, month: Month, limits: Drift) -> tuple[list[dict[str, Any]], list[Finding]]:
    version = month.manifest.model_version
    reference = card_of(store, version).get("reference")
    if reference is None:
        return [], [Finding("no_reference", _NO_REFERENCE.filled(as_of=month.as_of, model=version))]
    rows = indices(loans_scored(month), reference, limits)
    told = [{"as_of": month.as_of, **row} for row in rows]
    return told, _findings(rows, month.as_of, limits)


def loans_scored(month: Month) -> pl.DataFrame:
    """Facts and probability (`score`) of the loans a model has judged."""
    scores = month.scan("warnings").select("loan_id", pl.col("probability").alias(SCORE)).drop_nulls()
    return month.scan("features").join(scores, on="loan_id").collect()


def indices(loans: pl.DataFrame, reference: Mapping[str, Any], limits: Drift) -> list[dict[str, Any]]:
    """`feature`, `psi`, `loans`, `verdict` of each value of the reference, the largest first."""
    few = loans.height < limits.least_loans
    rows = []
    for name, bins in bins_in(reference).items():
        value = None if few or name not in loans.columns else psi(bins.shares, bins.shares_of(loans[name]))
        rows.append({"feature": name, "psi": value, "loans": loans.height, "verdict": _verdict(name, value, limits)})
    return sorted(rows, key=lambda row: (row["feature"] != SCORE, -(row["psi"] or 0), row["feature"]))


def _verdict(name: str, value: float | None, limits: Drift) -> str:
    if value is None:
        return "few"
    if name in limits.by_calendar:
        return "calendar"
    return "beyond" if value > _bound(name, limits) else "fine"


def _bound(name: str, limits: Drift) -> float:
    return limits.score_psi if name == SCORE else limits.feature_psi


def _findings(rows: Sequence[Mapping[str, Any]], as_of: date, limits: Drift) -> list[Finding]:
    known = [row["psi"] for row in rows if row["psi"] is not None]
    if known and not any(known):
        return [Finding("zero_drift", _ALL_ZERO.filled(as_of=as_of), 0.0)]
    return [_shifted(row, as_of, limits) for row in rows if row["verdict"] == "beyond"]


def _shifted(row: Mapping[str, Any], as_of: date, limits: Drift) -> Finding:
    name, bound = row["feature"], _bound(row["feature"], limits)
    called = label_of(name)
    zh = _SHIFTED.filled(as_of=as_of, name=called.zh, value=row["psi"], bound=bound).zh
    en = _SHIFTED.filled(as_of=as_of, name=called.en, value=row["psi"], bound=bound).en
    return Finding("score_drift" if name == SCORE else "drift", Words(zh, en), row["psi"], bound)


def label_of(name: str) -> Words:
    """What a feature, or the score, is called; a feature that is no more goes by its name."""
    if name == SCORE:
        return _SCORE_WORDS
    return FEATURES[name].label if name in FEATURES else Words(name, name)


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    schema = {"as_of": pl.Date, "feature": pl.String, "psi": pl.Float64, "loans": pl.Int64, "verdict": pl.String}
    frame = pl.DataFrame(rows, schema)
    labels = {name: label_of(name) for name in frame["feature"].unique()}
    return Table(
        "drift",
        "漂移 Drift",
        Words("特征与分数的漂移", "Drift of features and score"),
        (
            on_day("as_of", "截至", "As of"),
            words("label", "特征", "Feature"),
            number("psi", "PSI", "PSI"),
            count("loans", "贷款笔数", "Loans"),
            words("said", "结论", "Verdict"),
        ),
        frame.with_columns(*in_words("feature", "label", labels), *in_words("verdict", "said", VERDICTS)),
        note=_NOTE,
        missing=VERDICTS["few"],
    )


_NOTE = Words(
    "PSI = Σ (o − e) ln(o / e); 分箱为训练时的十分位 (代码按取值), 缺失单独一箱。",
    "PSI = sum of (o - e) ln(o / e), over deciles fixed at training (levels of codes) and a bin for missing values.",
)
