"""Outcomes: calibration of published probabilities once labels are mature, expected performance until then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from features.bad_spells import bad_spells, with_next_bad_on
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.messages import Bilingual
from features.months import month_end_after
from features.snapshot.life_rules import LifeRules
from models.jeffreys import jeffreys_interval
from models.light import CODES, LIGHT_WORDS
from models.ranking import recall, roc_auc
from serving.monitor.bounds import MonitorLimits
from serving.monitor.drift import model_card
from serving.monitor.finding import VERDICT_WORDS, Finding
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, day, number, share, words

_COMPARISONS = 1 + len(CODES)
"""Intervals that a month's findings rest on: of its newest mature month and of each light."""
DEFAULT_LAG_DAYS = 31
"""Days until a label is reported, where the model's plan does not say."""
_MISCALIBRATED = Bilingual(
    "{what}：预期变坏率 {expected:.2%}（校准区间 {from_:.2%} 至 {to:.2%}），实际 {observed:.2%}"
    "（区间 {low:.2%} 至 {high:.2%}）",
    "{what}: {expected:.2%} expected to go bad (range of the calibration {from_:.2%} to {to:.2%}), {observed:.2%} did "
    "(interval {low:.2%} to {high:.2%})",
)
_LOW_AUC = Bilingual("{what}：AUC {auc:.3f} 低于 {bound:g}", "{what}: AUC {auc:.3f} is below {bound:g}")
_CALIBRATION_TYPES = {
    "loans": pl.Int64,
    "expected": pl.Float64,
    "observed": pl.Int64,
    "expected_rate": pl.Float64,
    "expected_low": pl.Float64,
    "expected_high": pl.Float64,
    "observed_rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}
_RANKING_TYPES = dict.fromkeys(("auc_expected", "auc_observed", "recall_expected", "recall_observed"), pl.Float64)
_CALIBRATION_COLUMNS = (
    count("loans", "贷款笔数", "Loans"),
    number("expected", "预期变坏", "Expected bad"),
    count("observed", "实际变坏", "Went bad"),
    share("expected_rate", "预期变坏率", "Expected rate"),
    share("expected_low", "校准区间下限", "Calibration from"),
    share("expected_high", "校准区间上限", "to"),
    share("observed_rate", "实际变坏率", "Observed rate"),
    share("low", "区间下限", "Interval from"),
    share("high", "区间上限", "to"),
    words("said", "结论", "Verdict"),
)
_NO_VALUE = Bilingual("–", "–")
_CALIBRATION_NOTE = Bilingual(
    "校准区间：模型校准所用的不良贷款有限，重抽农户时预期变坏率移动的范围（2.5% 至 97.5%）；早先的模型没有。"
    "区间为 Jeffreys 区间，由逐月和各灯共用一个置信水平；同一笔贷款在多个月份重复计入，区间已按贷款放宽。"
    "预期 AUC 与识别率由公布的可能性本身推算，只在校准良好时成立。",
    "Range of the calibration: how far the expected rate moves when the households that it was fitted on are drawn "
    "again (2.5% to 97.5%); models of earlier programs have none. Jeffreys intervals, of the month and of the lights "
    "at one level together; a loan counts in every month it was open, and the intervals of months together are as wide "
    "as that makes them. Expected AUC and recall follow from the published probabilities themselves, and hold only as "
    "far as these are calibrated.",
)
SCORES_WITH_OUTCOMES = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "light": FrameColumn(pl.String(), "The published light of the loan."),
        "flagged": FrameColumn(pl.Boolean(), "Whether that light is yellow or red."),
        "probability": FrameColumn(pl.Float64(), "The published probability of going bad."),
        "probability_low": FrameColumn(pl.Float64(), "Low end of its 95% range; the probability itself where none is."),
        "probability_high": FrameColumn(pl.Float64(), "High end of that range."),
        "bad": FrameColumn(pl.Float64(), "1 where the loan went bad within the horizon, else 0."),
    }
)


@dataclass(frozen=True)
class MonthLabel:
    """The label that the probabilities of a month are of: bad within a horizon, and reported after a lag.

    bad_after_days: days past due at which a loan is bad.
    """

    as_of: date
    horizon_months: int
    bad_after_days: int
    lag_days: int

    @property
    def ends_on(self) -> date:
        """Last day of the horizon: a loan that goes bad later does not count."""
        return month_end_after(self.as_of, self.horizon_months)

    @property
    def mature_on(self) -> date:
        """Day by which the whole horizon is reported."""
        return self.ends_on + timedelta(days=self.lag_days)

    def is_mature(self, until: date | None) -> bool:
        """Whether data that end on `until` hold the whole horizon; None: there are no data."""
        return until is not None and self.mature_on <= until


def month_label(store: DataFolder, month: PublishedMonth) -> MonthLabel | None:
    """The label of a month's probabilities; None where no model scored it."""
    stored_label = month.manifest.label
    if stored_label is None:
        return None
    plan = model_card(store, month.manifest.model_version).get("plan", {})
    lag = int(plan.get("reporting_lag_days", DEFAULT_LAG_DAYS))
    return MonthLabel(month.as_of, stored_label["horizon_months"], stored_label["bad_after_days"], lag)


def data_end(ledger: Ledger) -> date | None:
    """Newest day on which a payment became known, to which the banks have reported; None without payments."""
    newest: date | None = ledger.scan("payments").select(pl.col("known_on").max()).collect().item()
    return newest


@returns(SCORES_WITH_OUTCOMES)
def scores_with_outcomes(month: PublishedMonth, label: MonthLabel, spells: pl.DataFrame) -> pl.DataFrame:
    """Lights, probabilities and outcomes of the loans of a month that a model scored and that were not bad yet.

    spells: `bad_spells` of the ledger.
    """
    rows = month.scan("warnings").filter(pl.col("probability").is_not_null()).collect()
    return with_next_bad_on(rows, spells, label.as_of).select(
        "loan_id",
        pl.col("light").cast(pl.String),
        (pl.col("light") != "green").alias("flagged"),
        "probability",
        pl.coalesce("probability_low", "probability").alias("probability_low"),
        pl.coalesce("probability_high", "probability").alias("probability_high"),
        (pl.col("bad_on") <= label.ends_on).fill_null(False).cast(pl.Float64).alias("bad"),
    )


def calibration_row(rows: pl.DataFrame, limits: MonitorLimits, comparisons: int = 1) -> dict[str, Any]:
    """Expected and observed bad loans of a frame of SCORES_WITH_OUTCOMES, of one month or of several.

    The expected rate is beyond its bound where the whole interval lies a factor away from its range, which is as wide
    as the calibration was uncertain: all loans share one curve, so their ends go together.

    The rows of one loan are not independent: the interval is that of as many rows as would vary like these.
    comparisons: how many intervals share the level, so that all of them hold with it.

    Returns `loans`, `expected`, `observed`, `expected_rate` with its range `expected_low` and `expected_high`,
    `observed_rate`, `low` and `high` (Jeffreys' interval of the observed rate), and `verdict`. With few loans `loans`
    and `verdict` alone.
    """
    loans, bad = rows.height, int(rows["bad"].sum())
    if loans < limits.calibration.least_loans:
        return {"loans": loans, "verdict": "few"}
    level = 1 - (1 - limits.calibration.level) / comparisons
    effect = design_effect(rows)
    low, high = jeffreys_interval(bad / effect, loans / effect, level)
    names = ("probability", "probability_low", "probability_high")
    rate, rate_low, rate_high = (math.fsum(rows[name]) / loans for name in names)
    factor = limits.calibration.factor
    return {
        "loans": loans,
        "expected": rate * loans,
        "observed": bad,
        "expected_rate": rate,
        "expected_low": rate_low,
        "expected_high": rate_high,
        "observed_rate": bad / loans,
        "low": low,
        "high": high,
        "verdict": "fine" if low <= rate_high * factor and rate_low / factor <= high else "beyond",
    }


def design_effect(rows: pl.DataFrame) -> float:
    """By how much the observed rate varies more than that of independent rows, since a loan has several; at least 1.

    Source: Kish 1965, Survey Sampling; the loans are the clusters.
    """
    deviations = rows.select("loan_id", off=pl.col("bad") - pl.col("bad").mean())
    by_loan = deviations.group_by("loan_id").agg(pl.col("off").sum(), (pl.col("off") ** 2).sum().alias("alone"))
    together, alone = math.fsum(by_loan["off"] ** 2), math.fsum(by_loan["alone"])
    return max(together / alone, 1.0) if alone else 1.0


def ranking_measures(rows: pl.DataFrame, by: str) -> dict[str, float | None]:
    """`auc`, and `recall` of the flagged loans, by outcomes (`by="bad"`) or as `by="probability"` expects them."""
    truth, flagged = rows[by].to_numpy(), rows["flagged"].to_numpy()
    return {
        "auc": roc_auc(rows["probability"].to_numpy(), truth) if rows.height else None,
        "recall": recall(flagged, truth),
    }


@dataclass(frozen=True)
class OutcomeReport:
    """Expected and observed outcomes of published months: tables by month, by light and of label maturity."""

    by_month: ReportTable
    by_light: ReportTable
    maturity: ReportTable
    findings: list[Finding]


def check_outcomes(store: DataFolder, months: Sequence[PublishedMonth], limits: MonitorLimits) -> OutcomeReport:
    """Compare the probabilities of published months with the outcomes of their loans.

    months: newest first. Labels are of all data known now; a month whose labels are not mature gives expected values
    alone.
    """
    ledger = store.ledger
    last_day, spells_by_rules = data_end(ledger), dict[LifeRules, pl.DataFrame]()
    rows, mature_loans, maturities = [], [], []
    for month in months:
        label = month_label(store, month)
        if label is None:
            rows.append({"as_of": month.as_of, "loans": month.manifest.rows, "verdict": "no_model"})
            continue
        rules = month.policy.life_rules(label.bad_after_days)
        if rules not in spells_by_rules:
            spells_by_rules[rules] = bad_spells(ledger.tables(), rules)
        loans = scores_with_outcomes(month, label, spells_by_rules[rules])
        mature = label.is_mature(last_day)
        rows.append({"as_of": month.as_of, **outcome_row(loans, mature, limits)})
        maturities.append(
            {
                "as_of": label.as_of,
                "ends_on": label.ends_on,
                "mature_on": label.mature_on,
                "days_left": None if last_day is None else max((label.mature_on - last_day).days, 0),
                "verdict": "fine" if mature else "waiting",
            }
        )
        mature_loans += [loans] if mature else []
    lights = []
    if mature_loans:
        together = pl.concat(mature_loans)
        lights = [
            {"light": light, **calibration_row(together.filter(pl.col("light") == light), limits, _COMPARISONS)}
            for light in reversed(CODES)
        ]
    findings = outcome_findings(rows, lights, limits)
    return OutcomeReport(_month_table(rows), _light_table(lights), _maturity_table(maturities), findings)


def outcome_row(loans: pl.DataFrame, mature: bool, limits: MonitorLimits) -> dict[str, Any]:
    """Cells of one month: those of `calibration_row`, and AUC and recall, `*_expected` and `*_observed`.

    A month that is not mature has the expected ones alone; one with few loans has no AUC and recall.
    """
    few = loans.height < limits.calibration.least_loans
    targets = {"expected": "probability", "observed": "bad"} if mature else {"expected": "probability"}
    ranking = {
        f"{measure}_{name}": value
        for name, by in targets.items()
        for measure, value in ({} if few else ranking_measures(loans, by)).items()
    }
    if mature:
        return {**calibration_row(loans, limits, _COMPARISONS), **ranking}
    expected = math.fsum(loans["probability"])
    return {"loans": loans.height, "expected": expected, "verdict": "few" if few else "waiting", **ranking}


def outcome_findings(
    rows: Sequence[Mapping[str, Any]], lights: Sequence[Mapping[str, Any]], limits: MonitorLimits
) -> list[Finding]:
    """Findings on the calibration of the newest mature month and of the lights, and on the newest AUCs.

    rows: of months, newest first. lights: rows of all mature months together.
    """
    mature = [row for row in rows if row.get("observed") is not None][:1]
    findings = []
    for row in (*mature, *lights):
        if row["verdict"] == "beyond":
            expected, low, high = row["expected_rate"], row["low"], row["high"]
            numbers = {
                "expected": expected,
                "from_": row["expected_low"],
                "to": row["expected_high"],
                "observed": row["observed_rate"],
                "low": low,
                "high": high,
            }
            bound = high if expected > high else low
            subject = str(row.get("light", ""))
            findings.append(Finding("calibration", _sentence(_MISCALIBRATED, row, numbers), expected, bound, subject))
    newest = [row for row in rows if row.get("auc_expected") is not None][:1]
    for row, name in (*((row, "auc_expected") for row in newest), *((row, "auc_observed") for row in mature)):
        auc, bound = row.get(name), limits.performance.least_auc
        if auc is not None and auc < bound:
            message = _sentence(_LOW_AUC, row, {"auc": auc, "bound": bound})
            findings.append(Finding("performance", message, auc, bound, name))
    return findings


def _sentence(template: Bilingual, row: Mapping[str, Any], numbers: Mapping[str, float]) -> Bilingual:
    """A finding's sentence on a row of a month or of a light."""
    subject = LIGHT_WORDS[row["light"]] if "light" in row else Bilingual(str(row["as_of"]), str(row["as_of"]))
    return Bilingual(template.format(what=subject.zh, **numbers).zh, template.format(what=subject.en, **numbers).en)


def _month_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    frame = pl.DataFrame(rows, {"as_of": pl.Date, **_CALIBRATION_TYPES, **_RANKING_TYPES})
    return ReportTable(
        "calibration",
        Bilingual("校准", "Calibration"),
        Bilingual("预期与实际：逐月", "Expected and observed, month by month"),
        (
            day("as_of", "截至", "As of"),
            *_CALIBRATION_COLUMNS,
            number("auc_expected", "AUC（预期）", "AUC, expected"),
            number("auc_observed", "AUC（实际）", "AUC, observed"),
            share("recall_expected", "亮灯识别率（预期）", "Recall at visits, expected"),
            share("recall_observed", "亮灯识别率（实际）", "Recall at visits, observed"),
        ),
        frame.with_columns(code_word_columns("verdict", "said", VERDICT_WORDS)),
        note=_CALIBRATION_NOTE,
        missing=_NO_VALUE,
    )


def _light_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    frame = pl.DataFrame(rows, {"light": pl.String, **_CALIBRATION_TYPES})
    return ReportTable(
        "calibration_by_light",
        Bilingual("按灯", "By light"),
        Bilingual(
            "预期与实际：按灯，标签已成熟的月份合计", "Expected and observed by light, all mature months together"
        ),
        (words("colour", "灯", "Light"), *_CALIBRATION_COLUMNS),
        frame.with_columns(
            *code_word_columns("light", "colour", dict(LIGHT_WORDS)),
            *code_word_columns("verdict", "said", VERDICT_WORDS),
        ),
        missing=_NO_VALUE,
    )


def _maturity_table(rows: Sequence[Mapping[str, Any]]) -> ReportTable:
    days = dict.fromkeys(("as_of", "ends_on", "mature_on"), pl.Date)
    frame = pl.DataFrame(rows, {**days, "days_left": pl.Int64, "verdict": pl.String})
    return ReportTable(
        "label_maturity",
        Bilingual("标签", "Labels"),
        Bilingual("标签成熟度", "Label maturity"),
        (
            day("as_of", "截至", "As of"),
            day("ends_on", "预测期止", "Horizon ends"),
            day("mature_on", "成熟日", "Mature on"),
            count("days_left", "尚差天数（以数据为准）", "Days the data lack"),
            words("said", "结论", "Verdict"),
        ),
        frame.with_columns(code_word_columns("verdict", "said", VERDICT_WORDS)),
        missing=_NO_VALUE,
    )
