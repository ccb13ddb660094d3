"""The forecast of the compensation fund at a month end: what it will pay, and the county's numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from features.messages import Bilingual
from models.fund_curves import STEP_DAYS, FundCurves, Measured
from models.fund_forecast import FundForecast, fund_forecast
from serving.months.edition import PublishedMonth
from serving.portfolio.report_tables import ReportTable, number, share, words, yuan

_WARNING_COLUMNS = ("loan_id", "household_id", "probability", "outstanding_principal", "bad_since")
_FEATURE_COLUMNS = ("loan_id", "originated_on", "product", "has_gone_bad", "use_diverted")
_HORIZON_MONTHS = 6
"""Months of the label where no model says its own."""
_NOT_GIVEN = Bilingual("未给", "not given")
_SHEETS = (Bilingual("基金预测", "Forecast"), Bilingual("基金依据", "Basis"))
FUND_FORMULA = Bilingual(
    "预期代付 = Σ（未结贷款）在期内由基金代付的可能性 × 基金覆盖的本金 × 基金承担比例。已过 {term} 天期限的："
    "f/e ×（1 − exp(−e × 月数)），e = f + 还清率 + 核销率（每月）；已变坏未到期限的：再乘到期限仍未还的比例；"
    "未变坏的：逐月变坏可能性 × 该比例 × 余下月数内代付的可能性。模型的可能性按其预测期 {horizon} 个月平均到每月，"
    "其后（无模型时全部月份）用本县每月新变坏率。90% 区间：固定种子 2000 次抽样，笔数为泊松分布，"
    "代付率的不确定性按过去代付笔数计；不含旱灾等突变。范围：全县。",
    "Expected = sum over open loans of the chance that the fund pays in time x the principal it covers x its share. "
    "Past the term of {term} days: f/e x (1 - exp(-e x months)), e = f + rate repaid + rate written off, a month; bad "
    "before the term: times the share still unpaid at it; not bad: month by month the chance of going bad x that "
    "share x the chance of payment in the months left. The model's probability is spread evenly over its horizon of "
    "{horizon} months; after it, and without a model, the county's own monthly rate of new bad loans counts. 90% "
    "interval: 2,000 draws with a fixed seed, payments Poisson, their rate as uncertain as the number of past "
    "payments; no drought or other break is foreseen. Scope: the whole county.",
)


@dataclass(frozen=True)
class FundReport:
    """The forecast of twelve months at a month end, with the fund's past and balance.

    balance: yuan left of the balance that the policy gives; None where it gives none. claims: the manifest's
    `insurance_claims`; None where they were not counted. dispersion: yuan that the insurers' risk-dispersion fund would
    bear of the last year; None without premiums.
    """

    forecast: FundForecast
    curves: FundCurves
    horizon_months: int
    balance: float | None
    claims: dict[str, float] | None
    dispersion: float | None

    @property
    def as_json(self) -> dict[str, float | None]:
        """`fund_forecast_12m` of the contract, section 4."""
        return {
            "low": self.forecast.low,
            "high": self.forecast.high,
            "expected": self.forecast.expected,
            "paid_last_12m": self.curves.history.paid_12m,
            "balance": self.balance,
        }

    @property
    def formula(self) -> Bilingual:
        """The formula of the forecast in words."""
        return FUND_FORMULA.format(term=self.curves.policy.from_days_overdue, horizon=self.horizon_months)


@lru_cache(maxsize=64)
def fund_report(month: PublishedMonth) -> FundReport:
    """The fund's forecast over all loans of a month, whoever reads it.

    Args:
        month: the published month.

    Returns:
        The forecast with its basis.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.fund_forecast import fund_report
        >>> report = fund_report(MonthRepository(DataFolder(data)).month())
        >>> sorted(report.as_json)
        ['balance', 'expected', 'high', 'low', 'paid_last_12m']
    """
    whole, curves, policy = month.without_scope(), month.fund_curves, month.policy
    facts = whole.scan("features").select(_FEATURE_COLUMNS)
    loans = whole.scan("warnings").select(_WARNING_COLUMNS).join(facts, on="loan_id", maintain_order="left").collect()
    horizon = int((month.manifest.label or {}).get("horizon_months", _HORIZON_MONTHS))
    claims = dict(month.manifest.insurance_claims) if month.manifest.insurance_claims else None
    given, premiums = policy.fund.balance, policy.insurance.premiums
    shortfall = None if claims is None or premiums is None else max(claims["paid"] - premiums, 0.0)
    return FundReport(
        fund_forecast(loans, month.contract_terms, curves, horizon),
        curves,
        horizon,
        None if given is None else round(given - curves.history.paid_since_balance, 2),
        claims,
        None if shortfall is None else round(shortfall * policy.insurance.dispersion_share, 2),
    )


def fund_forecast_table(month: PublishedMonth) -> ReportTable:
    """The forecast of the next twelve months, its parts, what was paid, the balance, and the insurers' fund."""
    report = fund_report(month)
    rows = [
        {"item_zh": item.zh, "item_en": item.en, "amount": amount, "basis_zh": basis.zh, "basis_en": basis.en}
        for item, amount, basis in _forecast_rows(report, month)
    ]
    columns = (words("item", "项目", "Item"), yuan("amount", "金额", "Amount"), words("basis", "依据", "Basis"))
    return ReportTable(
        "fund_forecast",
        _SHEETS[0],
        Bilingual("风险补偿金今后12个月的代付", "Payments of the compensation fund in the next twelve months"),
        columns,
        pl.DataFrame(rows, {name: pl.Float64 if name == "amount" else pl.String for name in rows[0]}),
        note=report.formula,
        missing=_NOT_GIVEN,
    )


def _forecast_rows(report: FundReport, month: PublishedMonth) -> Iterator[tuple[Bilingual, float | None, Bilingual]]:
    forecast, history, policy = report.forecast, report.curves.history, month.policy
    payments = sum(state.payments for state in forecast.by_state.values())
    of_loans = Bilingual("约 {payments:.1f} 笔", "about {payments:.1f} payments")
    interval = Bilingual("90% 区间", "90% interval")
    yield Bilingual("预期代付", "Expected payments"), forecast.expected, of_loans.format(payments=payments)
    yield Bilingual("下限", "Low"), forecast.low, interval
    yield Bilingual("上限", "High"), forecast.high, interval
    states = {
        "sound": Bilingual("其中：现未变坏", "of these: not bad now"),
        "bad": Bilingual("其中：已变坏，未到期限", "of these: bad, before the term"),
        "past_term": Bilingual("其中：已过期限", "of these: past the term"),
    }
    of_state = Bilingual(
        "{loans:,} 笔，覆盖本金 {principal:,.0f} 元，约 {payments:.1f} 笔代付",
        "{loans:,} loans, {principal:,.0f} yuan covered, about {payments:.1f} payments",
    )
    for code, label in states.items():
        state = forecast.by_state[code]
        basis = of_state.format(loans=state.loans, principal=state.principal, payments=state.payments)
        yield label, state.expected, basis
    paid = Bilingual("台账：{payments} 笔", "ledger: {payments} loans").format(payments=history.payments_12m)
    yield Bilingual("过去12个月已代付", "Paid in the last twelve months"), history.paid_12m, paid
    balance = Bilingual("政策表 fund.balance", "policy: fund.balance")
    if report.balance is not None:
        balance = Bilingual(
            f"政策表 {policy.fund.balance_on} 的余额，减其后代付",
            f"policy: balance of {policy.fund.balance_on}, less what was paid since",
        )
    yield Bilingual("基金余额", "Balance of the fund"), report.balance, balance
    yield from _insurance_rows(report, month)


def _insurance_rows(report: FundReport, month: PublishedMonth) -> Iterator[tuple[Bilingual, float | None, Bilingual]]:
    claims, policy = report.claims or {}, month.policy.insurance
    filed = Bilingual("台账：{filed:,.0f} 件出险", "ledger: {filed:,.0f} events").format(filed=claims.get("filed", 0))
    yield Bilingual("过去12个月保险报案", "Insurance claims of the last twelve months"), claims.get("claimed"), filed
    settled = Bilingual("台账：按结案日", "ledger: by day of settlement")
    yield Bilingual("过去12个月保险赔付", "Paid by insurers in the last twelve months"), claims.get("paid"), settled
    formula = Bilingual(
        "{share:.0%} × max(0, 赔付 − 全年保费)；其余由保险公司承担；保费：政策表 insurance.premiums",
        "{share:.0%} x max(0, paid - premiums of the year), the rest is the insurers'; premiums: insurance.premiums of "
        "the policy",
    )
    label = Bilingual("风险分散金应承担（保险亏损年）", "Due from the insurers' risk-dispersion fund (a loss year)")
    yield label, report.dispersion, formula.format(share=policy.dispersion_share)


def fund_basis_table(month: PublishedMonth) -> ReportTable:
    """The numbers of the forecast, each with its cases and interval, or as the policy has it."""
    report = fund_report(month)
    rows = [
        {
            "number_zh": label.zh,
            "number_en": label.en,
            "value": measured.value,
            "low": measured.low,
            "high": measured.high,
            "cases": measured.cases,
            "trials": measured.trials,
            **_source_words(measured, report.curves),
        }
        for label, measured in _basis_rows(report)
    ]
    columns = (
        words("number", "数", "Number"),
        share("value", "数值", "Value"),
        share("low", "90% 下限", "90% low"),
        share("high", "90% 上限", "90% high"),
        number("cases", "案例", "Cases"),
        number("trials", "基数", "Out of"),
        words("source", "来源", "Source"),
    )
    texts = ("number_zh", "number_en", "source_zh", "source_en")
    return ReportTable(
        "fund_basis",
        _SHEETS[1],
        Bilingual("风险补偿金预测所用的数", "The numbers behind the fund's forecast"),
        columns,
        pl.DataFrame(rows, {name: pl.String if name in texts else pl.Float64 for name in rows[0]}),
        note=Bilingual(
            "案例 / 基数 = 数值；每月率的基数为过期限贷款的月数。区间为 Jeffreys 90%。案例不足时用政策表的数。",
            "Cases / out of = value; monthly rates are out of the months of loans past the term. Intervals: Jeffreys, "
            "90%. Where cases are too few, the policy's number stands.",
        ),
        missing=Bilingual("–", "–"),
    )


def _basis_rows(report: FundReport) -> Iterator[tuple[Bilingual, Measured]]:
    curves = report.curves
    roll = Bilingual(
        "变坏 {days} 天后仍未还的，到期限仍未还", "of loans bad for {days} days, still unpaid at the fund's term"
    )
    for step, measured in enumerate(curves.rolls[:-1]):
        yield roll.format(days=step * STEP_DAYS), measured
    by_fund, repaid, written_off = curves.monthly_rates
    yield Bilingual("过期限后每月由基金代付（f）", "past the term, paid by the fund in a month (f)"), by_fund
    yield Bilingual("过期限后每月还清", "past the term, repaid in a month"), repaid
    yield Bilingual("过期限后每月核销", "past the term, written off in a month"), written_off
    yield (
        Bilingual("过期限的最终由基金代付", "of loans past the term, paid by the fund in the end"),
        curves.paid_finally,
    )
    label = Bilingual("过期限的最终未收回（含基金代付）", "of loans past the term, never repaid (the fund's included)")
    yield label, Measured(curves.lost_finally)
    label = Bilingual("代付金额占当时未还本金", "paid by the fund, of the principal outstanding then")
    yield label, curves.paid_share
    label = Bilingual("未变坏的每月新变坏", "of loans not bad, going bad in a month")
    year = curves.history.new_bad_12m
    trials = year / report.forecast.monthly_new_bad if report.forecast.monthly_new_bad else None
    yield label, Measured(report.forecast.monthly_new_bad, year if trials else None, trials)


def _source_words(measured: Measured, curves: FundCurves) -> dict[str, str]:
    least = curves.policy.least_cases
    if measured.trials is not None:
        return {"source_zh": "本县台账", "source_en": "county's own ledger"}
    if measured.value == curves.lost_finally and curves.is_measured_past_term:
        return {"source_zh": "由上列各率得出", "source_en": "from the rates above"}
    return {
        "source_zh": f"政策表：本县案例不足 {least}",
        "source_en": f"policy: fewer than {least} cases in the county",
    }
