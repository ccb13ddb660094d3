"""Drift: how far the loans of each month lie from those the model was fitted on, by bins fixed at the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from features.catalog import FEATURES
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.stored_files import read_stored_json
from models.drift_reference import SCORE, psi, read_bins
from serving.monitor.bounds import DriftLimits
from serving.monitor.finding import VERDICT_WORDS, Finding
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, day, number, words

_SCORE_WORDS = Bilingual("公布的可能性", "published probability")
_NO_REFERENCE = Bilingual(
    "{as_of}: 模型 {model} 未保存训练时的分布, 无法比较; 请重新训练。",
    "{as_of}: model {model} kept no distribution of its training, so nothing can be compared; train again.",
)
_ALL_ZERO = Bilingual(
    "{as_of}: 全部 PSI 恰为 0, 是把总体与自身相比; 请检查训练分布的来源。",
    "{as_of}: every PSI is exactly 0: a population compared with itself; check where the reference came from.",
)
_SHIFTED = Bilingual(
    "{as_of} {name}: PSI {value:.3f} 超过 {bound:g}", "{as_of} {name}: PSI {value:.3f} is above {bound:g}"
)
_PSI_NOTE = Bilingual(
    "PSI = Σ (o − e) ln(o / e); 分箱为训练时的十分位 (代码按取值), 缺失单独一箱。",
    "PSI = sum of (o - e) ln(o / e), over deciles fixed at training (levels of codes) and a bin for missing values.",
)
SCORED_LOANS = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        SCORE: FrameColumn(pl.Float64(), "The published probability of going bad."),
    },
    extra="the features of the month, as published",
)


def model_card(store: DataFolder, model_version: str) -> Mapping[str, Any]:
    """The card of a model; empty where there is no such model, or it has been deleted."""
    path = store.models.folder / model_version.partition("-")[0] / "card.json"
    card: Mapping[str, Any] = read_stored_json(path, dict) if path.is_file() else {}
    return card


def check_drift(
    store: DataFolder, months: Sequence[PublishedMonth], limits: DriftLimits
) -> tuple[ReportTable, list[Finding]]:
    """Compare the loans of published months with those their model was fitted on.

    Each feature, and the published probability, is compared by the population stability index (PSI) over the bins
    that the model's card holds. Only the newest month gives findings: earlier ones gave theirs when they were newest.

    Args:
        store: the data folder, for the cards of the models.
        months: published months, in any order.
        limits: the bounds; months with fewer loans than `limits.least_loans` are not compared.

    Returns:
        The table `drift` with the columns `as_of`, `label` (of the feature), `psi`, `loans` (compared) and `said` (the
        verdict), the newest month and the largest PSI first; and the findings of the newest month.

    Example:
        >>> from datetime import date
        >>> from serving.monitor.bounds import load_limits
        >>> from serving.monitor.drift import check_drift
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month(date(2025, 12, 31))
        >>> table, findings = check_drift(store, [month], load_limits().drift)
        >>> [column.name for column in table.columns]
        ['as_of', 'label', 'psi', 'loans', 'said']
        >>> table.frame["as_of"].unique().to_list()
        [datetime.date(2025, 12, 31)]
        >>> {finding.kind for finding in findings} <= {"drift", "score_drift", "zero_drift", "no_reference"}
        True
    """
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    newest = max((month.as_of for month in months), default=None)
    for month in sorted(months, key=lambda month: month.as_of, reverse=True):
        as_of, version = month.as_of, month.manifest.model_version
        reference = model_card(store, version).get("reference")
        if reference is None:
            month_findings = [Finding("no_reference", _NO_REFERENCE.format(as_of=as_of, model=version))]
        else:
            month_rows = drift_rows(scored_loans(month), reference, limits)
            rows += [{"as_of": as_of, **row} for row in month_rows]
            month_findings = drift_findings(month_rows, as_of, limits)
        if as_of == newest:
            findings += month_findings
    return _drift_table(rows), findings


@returns(SCORED_LOANS)
def scored_loans(month: PublishedMonth) -> pl.DataFrame:
    """Features and probability of the loans of a month that a model has scored."""
    scores = month.scan("warnings").select("loan_id", pl.col("probability").alias(SCORE)).drop_nulls()
    return month.scan("features").join(scores, on="loan_id").collect()


def drift_rows(loans: pl.DataFrame, reference: Mapping[str, Any], limits: DriftLimits) -> list[dict[str, Any]]:
    """`feature`, `psi`, `loans`, `verdict` of each column of a card's reference; the score, then the largest first.

    psi is None where it is not compared: there are too few loans, or the feature is no longer computed.
    """
    too_few = loans.height < limits.least_loans
    rows = []
    for name, bins in read_bins(reference).items():
        value = None if too_few or name not in loans.columns else psi(bins.shares, bins.shares_of(loans[name]))
        if value is None:
            verdict = "few"
        elif name in limits.by_calendar:
            verdict = "calendar"
        else:
            verdict = "beyond" if value > _psi_bound(name, limits) else "fine"
        rows.append({"feature": name, "psi": value, "loans": loans.height, "verdict": verdict})
    return sorted(rows, key=lambda row: (row["feature"] != SCORE, -(row["psi"] or 0), row["feature"]))


def _psi_bound(name: str, limits: DriftLimits) -> float:
    return limits.score_psi if name == SCORE else limits.feature_psi


def drift_findings(rows: Sequence[Mapping[str, Any]], as_of: date, limits: DriftLimits) -> list[Finding]:
    """Findings on the rows of one month: each PSI beyond its bound, or that all of them are exactly 0."""
    indices = [row["psi"] for row in rows if row["psi"] is not None]
    if indices and not any(indices):
        return [Finding("zero_drift", _ALL_ZERO.format(as_of=as_of), 0.0)]
    findings = []
    for row in rows:
        if row["verdict"] == "beyond":
            name, value, bound = row["feature"], row["psi"], _psi_bound(row["feature"], limits)
            label = feature_label(name)
            zh = _SHIFTED.format(as_of=as_of, name=label.zh, value=value, bound=bound).zh
            en = _SHIFTED.format(as_of=as_of, name=label.en, value=value, bound=bound).en
            findings.append(Finding("score_drift" if name == SCORE else "drift", Bilingual(zh, en), value, bound))
    return findings


def feature_label(name: str) -> Bilingual:
    """Label of a feature or of the score; the name of a feature that the catalogue no longer has."""
    if name == SCORE:
        return _SCORE_WORDS
    return FEATURES[name].label if name in FEATURES else Bilingual(name, name)


def _drift_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    schema = {"as_of": pl.Date, "feature": pl.String, "psi": pl.Float64, "loans": pl.Int64, "verdict": pl.String}
    frame = pl.DataFrame(rows, schema)
    labels = {name: feature_label(name) for name in frame["feature"].unique()}
    return ReportTable(
        "drift",
        "漂移 Drift",
        Bilingual("特征与分数的漂移", "Drift of features and score"),
        (
            day("as_of", "截至", "As of"),
            words("label", "特征", "Feature"),
            number("psi", "PSI", "PSI"),
            count("loans", "贷款笔数", "Loans"),
            words("said", "结论", "Verdict"),
        ),
        frame.with_columns(
            *code_word_columns("feature", "label", labels), *code_word_columns("verdict", "said", VERDICT_WORDS)
        ),
        note=_PSI_NOTE,
        missing=VERDICT_WORDS["few"],
    )
