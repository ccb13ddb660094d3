"""What was expected and what came: calibration once labels are mature, expected performance before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from features.ledger.ledger import Ledger
from features.messages import Words
from features.months import months_after
from features.snapshot.latest_versions import Known
from features.snapshot.loan_book import Book, bad_on
from models.jeffreys import jeffreys
from models.light import CODES, LIGHT_WORDS
from models.ranking import auc, recall
from serving.monitor.bounds import Limits
from serving.monitor.drift import card_of
from serving.monitor.finding import VERDICTS, Finding
from serving.months.data_folder import Store
from serving.months.repository import Month
from serving.portfolio.report_tables import Table, count, in_words, number, on_day, share, words

DEFAULT_LAG_DAYS = 31
"""Where the model's plan does not say after how many days a label is reported."""


@dataclass(frozen=True)
class Label:
    """What the probabilities of a month are of, and when it is known."""

    as_of: date
    horizon_months: int
    bad_after_days: int
    lag_days: int

    @property
    def ends_on(self) -> date:
        """The last day on which a loan can go bad and still count."""
        return months_after(self.as_of, self.horizon_months)

    @property
    def mature_on(self) -> date:
        return self.ends_on + timedelta(days=self.lag_days)

    def is_mature(self, until: date | None) -> bool:
        """Whether data that reach to a day (None: there are none) tell all of it."""
        return until is not None and self.mature_on <= until


def label_of_month(store: Store, month: Month) -> Label | None:
    """None where no model judged."""
    told = month.manifest.label
    if told is None:
        return None
    plan = card_of(store, month.manifest.model_version).get("plan", {})
    lag = int(plan.get("reporting_lag_days", DEFAULT_LAG_DAYS))
    return Label(month.as_of, told["horizon_months"], told["bad_after_days"], lag)


def data_until(ledger: Ledger) -> date | None:
    """The newest day on which a payment was known: so far the banks have reported."""
    day: date | None = ledger.scan("payments").select(pl.col("known_on").max()).collect().item()
    return day


def bad_days(ledger: Ledger, bad_after_days: int) -> pl.DataFrame:
    """`loan_id`, `bad_on` of every loan that went bad, by all data."""
    book = Book(Known(ledger.rows(), known_by=None))
    return book.loans.join(bad_on(book, bad_after_days), on="loan").select("loan_id", "bad_on").collect()


def judged(month: Month, label: Label, bad: pl.DataFrame) -> pl.DataFrame:
    """`light`, `lit`, `probability` and `bad` (0 or 1) of the loans a model judged that had not been bad already."""
    rows = month.scan("warnings").filter(pl.col("probability").is_not_null()).collect()
    kept = rows.join(bad, on="loan_id", how="left").filter(
        pl.col("bad_on").is_null() | (pl.col("bad_on") > label.as_of)
    )
    return kept.select(
        pl.col("light").cast(pl.String),
        (pl.col("light") != "green").alias("lit"),
        "probability",
        (pl.col("bad_on") <= label.ends_on).fill_null(False).cast(pl.Float64).alias("bad"),
    )


def compared(rows: pl.DataFrame, limits: Limits) -> dict[str, Any]:
    """`loans`, `expected` and `observed` bad, the observed rate's interval, the expected rate, the verdict."""
    loans, found = rows.height, int(rows["bad"].sum())
    if loans < limits.calibration.least_loans:
        return {"loans": loans, "verdict": "few"}
    low, high = jeffreys(found, loans, limits.calibration.level)
    rate = float(rows["probability"].to_numpy().mean())
    return {
        "loans": loans,
        "expected": rate * loans,
        "observed": found,
        "expected_rate": rate,
        "observed_rate": found / loans,
        "low": low,
        "high": high,
        "verdict": "fine" if low <= rate <= high else "beyond",
    }


def ranked(rows: pl.DataFrame, by: str) -> dict[str, float | None]:
    """`auc` and `recall` at the loans lit, by outcomes (`bad`) or by the probabilities themselves."""
    truth, lit = rows[by].to_numpy(), rows["lit"].to_numpy()
    return {"auc": auc(rows["probability"].to_numpy(), truth) if rows.height else None, "recall": recall(lit, truth)}


@dataclass(frozen=True)
class Outcomes:
    """All months against what came of them."""

    by_month: Table
    by_light: Table
    maturity: Table
    findings: list[Finding]


def outcomes(store: Store, months: Sequence[Month], limits: Limits) -> Outcomes:
    """months: published months, newest first; labels by all data known now."""
    ledger = store.ledger
    until, bad = data_until(ledger), dict[int, pl.DataFrame]()
    rows, ripe, calendar = [], [], []
    for month in months:
        label = label_of_month(store, month)
        if label is None:
            rows.append({"as_of": month.as_of, "loans": month.manifest.rows, "verdict": "no_model"})
            continue
        days = label.bad_after_days
        bad[days] = bad[days] if days in bad else bad_days(ledger, days)
        loans = judged(month, label, bad[days])
        mature = label.is_mature(until)
        rows.append({"as_of": month.as_of, **_month_row(loans, mature, limits)})
        calendar.append(_maturity_row(label, until, mature))
        ripe += [loans] if mature else []
    lights = _light_rows(pl.concat(ripe), limits) if ripe else []
    return Outcomes(
        _month_table(rows), _light_table(lights), _maturity_table(calendar), _findings(rows, lights, limits)
    )


def _month_row(loans: pl.DataFrame, mature: bool, limits: Limits) -> dict[str, Any]:
    few = loans.height < limits.calibration.least_loans
    expected = {} if few else {f"{name}_expected": value for name, value in ranked(loans, "probability").items()}
    if not mature:
        said = {"expected": float(loans["probability"].sum()), "verdict": "few" if few else "waiting"}
        return {"loans": loans.height, **said, **expected}
    seen = {} if few else {f"{name}_observed": value for name, value in ranked(loans, "bad").items()}
    return {**compared(loans, limits), **expected, **seen}


def _light_rows(loans: pl.DataFrame, limits: Limits) -> list[dict[str, Any]]:
    return [{"light": light, **compared(loans.filter(pl.col("light") == light), limits)} for light in reversed(CODES)]


def _maturity_row(label: Label, until: date | None, mature: bool) -> dict[str, Any]:
    left = None if until is None else max((label.mature_on - until).days, 0)
    return {
        "as_of": label.as_of,
        "ends_on": label.ends_on,
        "mature_on": label.mature_on,
        "days_left": left,
        "verdict": "fine" if mature else "waiting",
    }


_OFF = Words(
    "{what}: 预期变坏率 {expected:.2%}, 实际 {observed:.2%} (区间 {low:.2%} 至 {high:.2%})",
    "{what}: {expected:.2%} expected to go bad, {observed:.2%} did (interval {low:.2%} to {high:.2%})",
)
_WEAK = Words("{what}: AUC {auc:.3f} 低于 {bound:g}", "{what}: AUC {auc:.3f} is below {bound:g}")


def _findings(rows: Sequence[Mapping[str, Any]], lights: Sequence[Mapping[str, Any]], limits: Limits) -> list[Finding]:
    """The newest mature month and the lights are warned of, and the newest month's ranking."""
    mature = [row for row in rows if row.get("observed") is not None][:1]
    found = [_off(row, _called(row)) for row in (*mature, *lights) if row["verdict"] == "beyond"]
    newest = [row for row in rows if row.get("auc_expected") is not None][:1]
    for row, name in (*((row, "auc_expected") for row in newest), *((row, "auc_observed") for row in mature)):
        value, bound = row.get(name), limits.performance.least_auc
        if value is not None and value < bound:
            called = _called(row)
            said = {"auc": value, "bound": bound}
            words = Words(_WEAK.filled(what=called.zh, **said).zh, _WEAK.filled(what=called.en, **said).en)
            found.append(Finding("performance", words, value, bound))
    return found


def _called(row: Mapping[str, Any]) -> Words:
    return LIGHT_WORDS[row["light"]] if "light" in row else Words(str(row["as_of"]), str(row["as_of"]))


def _off(row: Mapping[str, Any], called: Words) -> Finding:
    said = {"expected": row["expected_rate"], "observed": row["observed_rate"], "low": row["low"], "high": row["high"]}
    words = Words(_OFF.filled(what=called.zh, **said).zh, _OFF.filled(what=called.en, **said).en)
    beyond = row["high"] if row["expected_rate"] > row["high"] else row["low"]
    return Finding("calibration", words, row["expected_rate"], beyond)


_COMPARED = {
    "loans": pl.Int64,
    "expected": pl.Float64,
    "observed": pl.Int64,
    "expected_rate": pl.Float64,
    "observed_rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}
_RANKED = dict.fromkeys(("auc_expected", "auc_observed", "recall_expected", "recall_observed"), pl.Float64)
_COMPARED_COLUMNS = (
    count("loans", "贷款笔数", "Loans"),
    number("expected", "预期变坏", "Expected bad"),
    count("observed", "实际变坏", "Went bad"),
    share("expected_rate", "预期变坏率", "Expected rate"),
    share("observed_rate", "实际变坏率", "Observed rate"),
    share("low", "区间下限", "Interval from"),
    share("high", "区间上限", "to"),
    words("said", "结论", "Verdict"),
)
_OPEN = Words("–", "–")


def _month_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    frame = pl.DataFrame(rows, {"as_of": pl.Date, **_COMPARED, **_RANKED})
    return Table(
        "calibration",
        "校准 Calibration",
        Words("预期与实际: 逐月", "Expected and observed, month by month"),
        (
            on_day("as_of", "截至", "As of"),
            *_COMPARED_COLUMNS,
            number("auc_expected", "AUC (预期)", "AUC, expected"),
            number("auc_observed", "AUC (实际)", "AUC, observed"),
            share("recall_expected", "亮灯命中 (预期)", "Recall at visits, expected"),
            share("recall_observed", "亮灯命中 (实际)", "Recall at visits, observed"),
        ),
        frame.with_columns(in_words("verdict", "said", VERDICTS)),
        note=_CALIBRATION_NOTE,
        missing=_OPEN,
    )


_CALIBRATION_NOTE = Words(
    "区间为 Jeffreys 区间; 同一笔贷款在多个月份重复计入, 合计的区间偏窄。"
    "预期 AUC 与命中由公布的可能性本身推算, 只在校准良好时成立。",
    "Jeffreys intervals; a loan counts in every month it was open, so that months together are surer than they "
    "seem. Expected AUC and recall follow from the published probabilities themselves, and hold only as "
    "far as these are calibrated.",
)


def _light_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    frame = pl.DataFrame(rows, {"light": pl.String, **_COMPARED})
    return Table(
        "calibration_by_light",
        "按灯 By light",
        Words("预期与实际: 按灯, 标签已成熟的月份合计", "Expected and observed by light, all mature months together"),
        (words("colour", "灯", "Light"), *_COMPARED_COLUMNS),
        frame.with_columns(*in_words("light", "colour", dict(LIGHT_WORDS)), *in_words("verdict", "said", VERDICTS)),
        missing=_OPEN,
    )


def _maturity_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    days = dict.fromkeys(("as_of", "ends_on", "mature_on"), pl.Date)
    frame = pl.DataFrame(rows, {**days, "days_left": pl.Int64, "verdict": pl.String})
    return Table(
        "label_maturity",
        "标签 Labels",
        Words("标签成熟度", "Label maturity"),
        (
            on_day("as_of", "截至", "As of"),
            on_day("ends_on", "预测期止", "Horizon ends"),
            on_day("mature_on", "成熟日", "Mature on"),
            count("days_left", "尚差天数 (以数据为准)", "Days the data lack"),
            words("said", "结论", "Verdict"),
        ),
        frame.with_columns(in_words("verdict", "said", VERDICTS)),
        missing=_OPEN,
    )
