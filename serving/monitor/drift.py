"""Drift: how far the loans of a month lie from those the model was fitted on, and from those of the months before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl

from features.catalog import FEATURES
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.stored_files import read_stored_json
from models.calendar_features import BY_MONTH, BY_NOTICE, BY_RECORDS
from models.drift_reference import (
    RARE,
    SCORE,
    Bins,
    ColumnProfile,
    DriftReference,
    profile_column,
    psi,
    psi_by_chance,
    read_reference,
)
from serving.monitor.bounds import DriftLimits
from serving.monitor.finding import VERDICT_WORDS, Finding
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, day, number, share, words

_SCORE_WORDS = Bilingual("公布的可能性", "published probability")
_NO_REFERENCE = Bilingual(
    "{as_of}：模型 {model} 未保存训练时的分布，无法比较；请重新训练。",
    "{as_of}: model {model} kept no distribution of its training, so nothing can be compared; train again.",
)
_OLD_REFERENCE = Bilingual(
    "模型 {model} 的训练分布由旧版本保存，没有缺失比例、各月分布和特征在分数中的份量：缺失只与此前各月比较，"
    "随月份变化的特征不比较，发现不按份量排序。重新训练后即有。",
    "Model {model} kept the distribution of its training as an earlier version did, without missing shares, calendar "
    "months and importance: missing values are compared with the months before alone, features that turn with "
    "the year are not compared, and findings are not ranked by importance. Training again brings them.",
)
_ALL_ZERO = Bilingual(
    "{as_of}：全部 PSI 恰为 0，是把总体与自身相比；请检查训练分布的来源。",
    "{as_of}: every PSI is exactly 0: a population compared with itself; check where the reference came from.",
)
_SHIFTED = Bilingual(
    "{name}：与{than}相比 PSI {value:.3f}，超过 {bound:.2f}",
    "{name}: PSI {value:.3f} against {than}, above {bound:.2f}",
)
_FIT, _MONTHS_BEFORE = Bilingual("训练时", "the fit"), Bilingual("此前各月", "the months before")
_GONE = Bilingual("{name}：本月没有一笔贷款有取值", "{name}: no loan of the month has a value")
_LESS = Bilingual(
    "{name}：{missing:.1%} 的贷款没有取值，通常至多 {usual:.1%}",
    "{name}: {missing:.1%} of the loans have no value, usually {usual:.1%} at most",
)
_AGEING = Bilingual(
    "训练以来缓慢变化的特征占分数的 {importance:.0%}，超过 {bound:.0%}；请考虑重新训练：{names}",
    "Features with {importance:.0%} of the score have moved slowly since the fit, above {bound:.0%}; consider training "
    "again: {names}",
)
_PSI_NOTE = Bilingual(
    "PSI = Σ (o − e) ln(o / e)，只计有取值的贷款；分箱为训练时的十分位（代码按取值）。训练时只计该表已送达的月份；"
    "随月份变化的特征与训练时同一月份比较，随记录增长的只与此前各月比较。缓慢变化指与训练时相比超出界限，"
    "与此前各月相比在界限之内。",
    "PSI = sum of (o - e) ln(o / e), over deciles fixed at training (levels of codes) and loans with a value. Of the "
    "fit those months count in which the table had been delivered; features that turn with the year are compared "
    "with the same calendar month of the fit, those that grow with the records with the months before alone. Slowly "
    "moved is what is beyond its bound against the fit, and within it against the months before.",
)
_CERTAIN_VALUES = 10
"""Where so many values are usual, none at all comes by chance once in 20,000 times (Poisson)."""
SCORED_LOANS = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        SCORE: FrameColumn(pl.Float64(), "The published probability of going bad."),
        "bank": FrameColumn(pl.String(), "The bank that lent it."),
    },
    extra="the features of the month, as published",
)


@dataclass(frozen=True)
class MonthProfile:
    """The loans of a month, column by column, by the bins of the fit; the score only where the same model gave it.

    in_month: columns that turn with the year by the bins of the fit's same calendar month.
    """

    as_of: date
    loans: int
    columns: Mapping[str, ColumnProfile]
    in_month: Mapping[str, ColumnProfile] = field(default_factory=dict)


@dataclass(frozen=True)
class DriftCheck:
    """The table `drift`, the findings on the newest month, and notes on what could not be compared."""

    table: ReportTable
    findings: list[Finding]
    notes: list[Bilingual]
    reference: DriftReference | None = None


def model_card(store: DataFolder, model_version: str) -> Mapping[str, Any]:
    """The card of a model; empty where there is no such model, or it has been deleted."""
    path = store.models.folder / model_version.partition("-")[0] / "card.json"
    card: Mapping[str, Any] = read_stored_json(path, dict) if path.is_file() else {}
    return card


def check_drift(store: DataFolder, months: Sequence[PublishedMonth], limits: DriftLimits) -> DriftCheck:
    """Compare the loans of the newest month with those its model was fitted on, and with the published months before.

    Each feature, and the published probability, is compared by the population stability index (PSI) over the bins
    that the model's card holds, and by its share of missing values. The earlier months are compared in the same way,
    for the table; they gave their findings when they were newest.

    Args:
        store: the data folder, for the card of the model.
        months: published months, in any order.
        limits: the bounds; features that fewer loans than `limits.least_loans` have are not compared.

    Returns:
        The table `drift` with a row for each month and feature, the newest month and what is beyond first; the
        findings of the newest month; and notes.

    Example:
        >>> from datetime import date
        >>> from serving.monitor.bounds import load_limits
        >>> from serving.monitor.drift import check_drift
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month(date(2025, 12, 31))
        >>> check = check_drift(store, [month], load_limits().drift)
        >>> [column.name for column in check.table.columns]
        ['as_of', 'label', 'importance', 'psi', 'psi_before', 'missing', 'usual', 'values', 'said']
        >>> check.table.frame["as_of"].unique().to_list()
        [datetime.date(2025, 12, 31)]
    """
    ordered = sorted(months, key=lambda month: month.as_of, reverse=True)
    if not ordered:
        return DriftCheck(_drift_table([]), [], [])
    newest = ordered[0]
    as_of, version = newest.as_of, newest.manifest.model_version
    card = model_card(store, version)
    if card.get("reference") is None:
        finding = Finding("no_reference", _NO_REFERENCE.format(as_of=as_of, model=version))
        return DriftCheck(_drift_table([]), [finding], [])
    reference = read_reference(card["reference"])
    profiles = [
        profile_loans(scored_loans(month), reference, month.as_of, month.manifest.model_version == version)
        for month in ordered
    ]
    notices, fit_until = notice_days(newest), last_fit_day(card)
    rows = [
        drift_rows(profile, profiles[number + 1 :], reference, limits, notices, fit_until)
        for number, profile in enumerate(profiles)
    ]
    return DriftCheck(
        _drift_table(
            [{"as_of": of.as_of, **row} for of, of_month in zip(profiles, rows, strict=True) for row in of_month]
        ),
        drift_findings(rows[0], as_of, limits),
        [] if reference.is_complete else [_OLD_REFERENCE.format(model=version)],
        reference,
    )


@returns(SCORED_LOANS)
def scored_loans(month: PublishedMonth) -> pl.DataFrame:
    """Features, probability and bank of the loans of a month that a model has scored."""
    scores = month.scan("warnings").select("loan_id", pl.col("probability").alias(SCORE), "bank")
    return month.scan("features").join(scores.drop_nulls(SCORE), on="loan_id").collect()


def profile_loans(loans: pl.DataFrame, reference: DriftReference, as_of: date, with_score: bool = True) -> MonthProfile:
    """The columns of a month's loans by the bins of a reference; a column that the month lacks has no value."""
    no_values = pl.Series([None] * loans.height, dtype=pl.Float64)
    series = {
        name: loans[name] if name in loans.columns else no_values
        for name in reference.bins
        if name != SCORE or with_score
    }
    columns = {name: profile_column(values, reference.bins[name]) for name, values in series.items()}
    months = {name: bins[as_of.month] for name, bins in reference.by_month.items() if as_of.month in bins}
    in_month = {name: profile_column(series[name], bins) for name, bins in months.items()}
    return MonthProfile(as_of, loans.height, columns, in_month)


def notice_days(month: PublishedMonth) -> dict[str, date]:
    """By feature that notices move, the day of the newest notice in the month's policy table.

    `date.max` where the notice, such as the rate of a month, is not in the table.
    """
    days = {name: date.max for name, numbers in BY_NOTICE.items() if not numbers}
    dated = month.contract_terms.dated
    for earlier, later in pairwise(dated):
        for name, numbers in BY_NOTICE.items():
            if any(getattr(earlier.lending, each) != getattr(later.lending, each) for each in numbers):
                days[name] = later.since
    return days


def last_fit_day(card: Mapping[str, Any]) -> date:
    """The last month end that a model was fitted on, by its card; `date.min` where the card has no plan."""
    fit = card.get("plan", {}).get("month_ends", {}).get("fit", ())
    return max(map(date.fromisoformat, fit), default=date.min)


def drift_rows(
    month: MonthProfile,
    before: Sequence[MonthProfile],
    reference: DriftReference,
    limits: DriftLimits,
    notices: Mapping[str, date] | None = None,
    fit_until: date = date.min,
) -> list[dict[str, Any]]:
    """The cells of a month in the table `drift`: a row for each column, first the score and what is beyond.

    before: the published months before. notices: of `notice_days`. fit_until: of `last_fit_day`.

    Returns rows with `feature`, `importance` (share of the score), `psi` (against the fit), `psi_before` (against the
    months before), `bound` of both, `missing`, `usual` (the largest usual share of missing values), `values` and
    `verdict`; a cell is None where nothing is compared, as where a notice came since the fit, or since the first month
    before.
    """
    since = min((each.as_of for each in before), default=fit_until)
    rows: list[dict[str, Any]] = []
    for name, of_all in month.columns.items():
        profile = month.in_month.get(name, of_all)
        earlier = profiles_before(name, month, before, reference)
        noticed = (notices or {}).get(name, date.min)
        bound = limits.score_psi if name == SCORE else limits.feature_psi
        row: dict[str, Any] = {
            "feature": name,
            "importance": reference.importance.get(name),
            "psi": None if noticed > fit_until else psi_of_fit(name, month, reference, limits),
            "psi_before": None if noticed > since else psi_of_months_before(profile, earlier, limits),
            "bound": bound + psi_by_chance(len(profile.shares), profile.values),
            "missing": profile.missing,
            "usual": usual_missing(reference.bins[name], earlier),
            "values": profile.values,
        }
        is_noticed = noticed > min(fit_until, since)
        rows.append({**row, "verdict": drift_verdict(row, month.loans, is_noticed, limits)})
    rank = {verdict: number for number, verdict in enumerate(("gone", "less", "beyond", "slow"))}
    return sorted(
        rows, key=lambda row: (row["feature"] != SCORE, rank.get(row["verdict"], len(rank)), -(row["importance"] or 0))
    )


def profiles_before(
    name: str, month: MonthProfile, before: Sequence[MonthProfile], reference: DriftReference
) -> list[ColumnProfile]:
    """What a column is compared with beside the fit: the months before, or the newest training months without any.

    Of a column that turns with the year, the same calendar month a year before.
    """
    if name not in BY_MONTH:
        earlier = [each.columns[name] for each in before if name in each.columns]
        return earlier or ([reference.recent[name]] if name in reference.recent else [])
    number = month.as_of.month
    same_months = [each.in_month[name] for each in before if each.as_of.month == number and name in each.in_month]
    recent = reference.recent_by_month.get(name, {})
    return same_months or ([recent[number]] if number in recent else [])


def psi_of_fit(name: str, month: MonthProfile, reference: DriftReference, limits: DriftLimits) -> float | None:
    """The index of a column against the fit; against its calendar month where the column turns with the year."""
    bins, profile = reference.bins[name], month.columns[name]
    if name in month.in_month:
        bins, profile = reference.by_month[name][month.as_of.month], month.in_month[name]
    is_left_out = name in BY_RECORDS or (name in BY_MONTH and name not in month.in_month)
    if is_left_out or profile.values < limits.least_loans or not any(bins.shares):
        return None
    return psi(bins.shares, profile.shares)


def psi_of_months_before(profile: ColumnProfile, earlier: Sequence[ColumnProfile], limits: DriftLimits) -> float | None:
    """The index of a column against the mean of its shares in the months before, those with enough values."""
    comparable = [each.shares for each in earlier if each.values >= limits.least_loans]
    if not comparable or profile.values < limits.least_loans:
        return None
    return psi([math.fsum(shares) / len(comparable) for shares in zip(*comparable, strict=True)], profile.shares)


def usual_missing(bins: Bins, earlier: Sequence[ColumnProfile]) -> float | None:
    """The share of missing values of the fit or the largest of the months before, the smaller; None without both."""
    most = [max(each.missing for each in earlier)] if earlier else []
    return min([*most, *([] if bins.missing is None else [bins.missing])], default=None)


def drift_verdict(row: Mapping[str, Any], loans: int, is_noticed: bool, limits: DriftLimits) -> str:
    """The verdict on a row of `drift_rows`, a key of VERDICT_WORDS; loans: of the month."""
    name, values, usual = row["feature"], row["values"], row["usual"]
    if loans < limits.least_loans:
        return "few"
    if usual is not None and not values and (1 - usual) * loans > _CERTAIN_VALUES:
        return "gone"
    most = 1.0 if usual is None else min(usual + limits.missing_rise, 1.0)
    if row["missing"] > most + RARE * math.sqrt(most * (1 - most) / loans):
        return "less"
    if values < limits.least_loans:
        return "few"
    if name in limits.by_calendar:
        return "calendar"
    if row["psi"] is None and row["psi_before"] is None:
        return "notice" if is_noticed else "calendar"
    if row["psi_before"] is not None and row["psi_before"] > row["bound"]:
        return "beyond"
    if row["psi"] is not None and row["psi"] > row["bound"]:
        return "beyond" if row["psi_before"] is None or name == SCORE else "slow"
    return "fine"


def drift_findings(rows: Sequence[Mapping[str, Any]], as_of: date, limits: DriftLimits) -> list[Finding]:
    """Findings on the rows of one month: what is beyond or gone, the ageing of the model, or that all PSI are 0."""
    indices = [row["psi"] for row in rows if row["psi"] is not None]
    if indices and not any(indices):
        return [Finding("zero_drift", _ALL_ZERO.format(as_of=as_of), 0.0)]
    findings = [finding_of(row) for row in rows if row["verdict"] in ("gone", "less", "beyond")]
    slow = [row for row in rows if row["verdict"] == "slow"]
    importance = math.fsum(row["importance"] or 0 for row in slow)
    if importance > limits.slow_importance:
        labels = [feature_label(row["feature"]) for row in slow]
        names = Bilingual("、".join(label.zh for label in labels), ", ".join(label.en for label in labels))
        message = in_words(_AGEING, importance=importance, bound=limits.slow_importance, names=names)
        findings.append(Finding("ageing", message, importance, limits.slow_importance, importance=importance))
    return findings


def finding_of(row: Mapping[str, Any]) -> Finding:
    """The finding on a row of `drift_rows` that is gone, missing more often, or beyond its bound."""
    name, label, importance = row["feature"], feature_label(row["feature"]), row["importance"] or 0.0
    if row["verdict"] == "gone":
        return Finding("column_gone", in_words(_GONE, name=label), 1.0, row["usual"], name, importance)
    if row["verdict"] == "less":
        message = in_words(_LESS, name=label, missing=row["missing"], usual=row["usual"])
        return Finding("column_missing", message, row["missing"], row["usual"], name, importance)
    is_before = row["psi_before"] is not None and row["psi_before"] > row["bound"]
    value, than = (row["psi_before"], _MONTHS_BEFORE) if is_before else (row["psi"], _FIT)
    message = in_words(_SHIFTED, name=label, than=than, value=value, bound=row["bound"])
    if name == SCORE:
        return Finding("score_drift", message, value, row["bound"])
    return Finding("drift", message, value, row["bound"], name, importance)


def in_words(template: Bilingual, **values: object) -> Bilingual:
    """A template with its placeholders replaced, those that are words by the words of each language."""
    zh, en = (
        getattr(template, language).format(
            **{
                name: getattr(value, language) if isinstance(value, Bilingual) else value
                for name, value in values.items()
            }
        )
        for language in ("zh", "en")
    )
    return Bilingual(zh, en)


def feature_label(name: str) -> Bilingual:
    """Label of a feature or of the score; the name of a feature that the catalogue no longer has."""
    if name == SCORE:
        return _SCORE_WORDS
    return FEATURES[name].label if name in FEATURES else Bilingual(name, name)


def _drift_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    numbers = dict.fromkeys(("importance", "psi", "psi_before", "bound", "missing", "usual"), pl.Float64)
    schema = {"as_of": pl.Date, "feature": pl.String, **numbers, "values": pl.Int64, "verdict": pl.String}
    frame = pl.DataFrame(rows, schema)
    labels = {name: feature_label(name) for name in frame["feature"].unique()}
    return ReportTable(
        "drift",
        Bilingual("漂移", "Drift"),
        Bilingual("特征与分数的漂移", "Drift of features and score"),
        (
            day("as_of", "截至", "As of"),
            words("label", "特征", "Feature"),
            share("importance", "在分数中的份量", "Part in the score"),
            number("psi", "PSI（与训练时比）", "PSI against the fit"),
            number("psi_before", "PSI（与此前各月比）", "PSI against the months before"),
            share("missing", "缺失", "Missing"),
            share("usual", "通常至多", "Usually at most"),
            count("values", "有取值的贷款", "Loans with a value"),
            words("said", "结论", "Verdict"),
        ),
        frame.with_columns(
            *code_word_columns("feature", "label", labels), *code_word_columns("verdict", "said", VERDICT_WORDS)
        ),
        note=_PSI_NOTE,
        missing=Bilingual("–", "–"),
    )
