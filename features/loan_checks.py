"""Checks on the whole loan: what its schedule, payments and events together cannot be (contract, section 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.checksums import intact_path
from features.compute import snapshot_at
from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.messages import Bilingual
from features.snapshot.amounts import fen
from features.snapshot.as_of import Snapshot
from features.snapshot.life_rules import SHIPPED_RULES, LifeRules
from features.snapshot.loan_book import LoanBook

_SHARE = 1.01
"""What is paid or asked may pass its bound by so much."""
_DAYS_A_YEAR = 360


@dataclass(frozen=True)
class LoanCheck:
    """A condition that no loan may meet, and what is told of the loans that do.

    id: permanent. message: what is wrong and what to do. fails: over the columns of `_loan_sums`. first, second: the
    two amounts (fen) or days that contradict each other. remedy: what a clerk does about it.
    """

    id: str
    message: Bilingual
    fails: pl.Expr
    first: str
    second: str
    remedy: Bilingual


_ASKED, _EXPECTED = pl.col("principal_asked"), pl.col("principal_expected")
_LEAST = pl.col("arrears_least")
"""Sums that differ by no more than this are equal (fen, `LifeRules.least`): banks round."""
LOAN_CHECKS = (
    LoanCheck(
        "L101",
        Bilingual(
            "还款计划应还本金之和与应还的本金不符；请银行补送完整的还款计划",
            "the schedule asks for another principal than is owed; let the bank deliver the whole schedule",
        ),
        _ASKED.is_not_null() & ((_ASKED - _EXPECTED).abs() > _LEAST),
        "principal_asked",
        "principal_expected",
        Bilingual(
            "请银行补送该笔贷款完整的还款计划（instalments），展期的用新版次号",
            "let the bank deliver the whole schedule (instalments) of the loan, after an extension under a new version",
        ),
    ),
    LoanCheck(
        "L102",
        Bilingual("应还日早于放款日", "an instalment is due before the loan was paid out"),
        pl.col("first_due_on") < pl.col("originated_on"),
        "first_due_on",
        "originated_on",
        Bilingual(
            "核对 loans 的放款日和 instalments 的应还日，请银行更正后重新送达",
            "compare originated_on of loans with due_on of instalments; let the bank correct and deliver again",
        ),
    ),
    LoanCheck(
        "L103",
        Bilingual("还款日早于放款日；该笔还款不计", "a payment lies before the loan was paid out; it repays nothing"),
        pl.col("first_paid_on") < pl.col("originated_on"),
        "first_paid_on",
        "originated_on",
        Bilingual(
            "核对还款日的年份和贷款编号；续贷的还款应记在原贷款名下",
            "check the year of the payment and the number of its loan; a renewal repays the loan before it",
        ),
    ),
    LoanCheck(
        "L104",
        Bilingual("展期后的到期日早于原到期日", "an extension ends before the maturity it extends"),
        pl.col("new_maturity") < pl.col("maturity_extended"),
        "new_maturity",
        "maturity_extended",
        Bilingual(
            "核对 loan_events 的新到期日；不是展期的事件请更正类型",
            "check new_matures_on of loan_events; correct the kind of an event that is no extension",
        ),
    ),
    LoanCheck(
        "L105",
        Bilingual("归还的本金多于贷出的本金（超过 1%）", "more principal was repaid than was ever lent, by over 1%"),
        pl.col("principal_repaid") > pl.col("principal_lent") * _SHARE + _LEAST,
        "principal_repaid",
        "principal_lent",
        Bilingual(
            "核对是否重复送达还款，或把别笔贷款的还款记在此笔；请银行更正",
            "see whether payments were delivered twice or belong to another loan; let the bank correct them",
        ),
    ),
    LoanCheck(
        "L106",
        Bilingual("还款计划晚于当前到期日", "an instalment is due after the maturity in force"),
        pl.col("last_due_on") > pl.col("maturity_in_force"),
        "last_due_on",
        "maturity_in_force",
        Bilingual(
            "有展期而未送达的，请补送 loan_events；否则更正还款计划",
            "deliver loan_events where there was an extension; else correct the schedule",
        ),
    ),
    LoanCheck(
        "L107",
        Bilingual(
            "应还利息多于本金在此期间可能产生的利息；请核对利率与计划",
            "the schedule asks for more interest than the principal can accrue; check rate and schedule",
        ),
        pl.col("interest_asked") > pl.col("interest_accruable") * _SHARE + _LEAST,
        "interest_asked",
        "interest_accruable",
        Bilingual(
            "核对 loans 的年利率（0.0345 或 3.45%）和 instalments 的应还利息",
            "check annual_rate of loans (0.0345 or 3.45%) and interest_due of instalments",
        ),
    ),
    LoanCheck(
        "L108",
        Bilingual(
            "所续的贷款放款不早于本笔（或即本笔）",
            "the loan that it renews was paid out no earlier (or is the same one)",
        ),
        pl.col("renewed_originated_on") >= pl.col("originated_on"),
        "renewed_originated_on",
        "originated_on",
        Bilingual(
            "核对 loans 的 renews_loan_id；写本笔编号的不算续贷",
            "check renews_loan_id of loans; a loan that names itself renews none",
        ),
    ),
)
"""All checks, in the order in which they are told."""

_LOAN_COLUMNS = ("loan", "loan_id", "bank", "originated_on", "matures_on", "annual_rate", "renews_loan_id", "known_on")
_LOAN_TABLES = ("loans", "instalments", "payments", "loan_events")
"""Tables whose rows change what a loan is checked by."""
LOAN_FINDINGS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "bank": FrameColumn(pl.String(), "Its bank."),
        "check": FrameColumn(pl.String(), "The id of the check that it fails."),
        "first": FrameColumn(pl.String(), "The amount (yuan) or day that cannot be, as text."),
        "second": FrameColumn(pl.String(), "The amount (yuan) or day that it contradicts, as text."),
    }
)


@returns(LOAN_FINDINGS_SCHEMA)
def loan_findings(as_of: date, tables: DeliveredTables, rules: LifeRules = SHIPPED_RULES) -> pl.DataFrame:
    """The checks that loans fail by what was known at a day, sorted by check and loan.

    rules: as of the day; sums within its `least` are equal.

    >>> from datetime import date
    >>> from features.ledger.ledger import Ledger
    >>> loan_findings(date(2025, 12, 31), Ledger(data / "ledger").tables()).columns
    ['loan_id', 'bank', 'check', 'first', 'second']
    """
    return snapshot_findings(snapshot_at(as_of, tables, rules))


@returns(LOAN_FINDINGS_SCHEMA)
def snapshot_findings(snapshot: Snapshot) -> pl.DataFrame:
    """The checks that loans fail as a snapshot has them, by its rules, sorted by check and loan."""
    sums = snapshot.versions.tables.collect(_loan_sums(snapshot))
    found = [
        sums.filter(check.fails).select(
            "loan_id",
            "bank",
            pl.lit(check.id).alias("check"),
            _as_text(check.first, sums).alias("first"),
            _as_text(check.second, sums).alias("second"),
        )
        for check in LOAN_CHECKS
    ]
    return pl.concat([LOAN_FINDINGS_SCHEMA.empty(), *found]).sort("check", "loan_id")


@returns(LOAN_FINDINGS_SCHEMA)
def findings_of_delivery(ledger: Ledger, commits_before: int, rules_on: Callable[[date], LifeRules]) -> pl.DataFrame:
    """The checks that fail for the loans that a load has touched, by what is known now.

    commits_before: how many commits the ledger had before the load. rules_on: the rules of a day.
    """
    parts = [part for commit in ledger.commits[commits_before:] for part in commit.parts if part.table in _LOAN_TABLES]
    if not parts:
        return LOAN_FINDINGS_SCHEMA.empty()
    rows = [
        pl.read_parquet(
            intact_path(ledger.folder / part.path), columns=["loan_id", "known_on"], glob=False, hive_partitioning=False
        )
        for part in parts
    ]
    touched = pl.concat(rows)
    as_of = touched["known_on"].max()
    assert isinstance(as_of, date)  # noqa: S101 - a stored row has a known_on
    findings = loan_findings(as_of, ledger.tables(), rules_on(as_of))
    return findings.join(touched.select("loan_id").unique(), on="loan_id", how="semi")


def _as_text(name: str, sums: pl.DataFrame) -> pl.Expr:
    """Fen as yuan with two decimals, a day as it is written."""
    if sums.schema[name] == pl.Date():
        return pl.col(name).cast(pl.String)
    return (pl.col(name) / 100).round(2).cast(pl.String)


def _loan_sums(snapshot: Snapshot) -> pl.LazyFrame:
    """A row for each loan with what the checks compare: sums in fen, first and last days."""
    book, least = snapshot.book, pl.lit(round(snapshot.rules.least * 100), pl.Int64)
    payments = book.payments.select("loan", "paid_on", "principal_paid")
    dues = book.schedule_rows.filter(pl.col("ends_on").is_null())
    asked = dues.group_by("loan").agg(
        pl.col("principal_due").sum().alias("principal_asked"),
        pl.col("interest_due").sum().alias("interest_asked"),
        pl.col("due_on").min().alias("first_due_on"),
        pl.col("due_on").max().alias("last_due_on"),
        pl.col("starts_on").first(),
    )
    repaid_before = (
        payments.join(asked.select("loan", "starts_on"), on="loan")
        .filter(pl.col("paid_on") <= pl.col("starts_on"))
        .group_by("loan")
        .agg(pl.col("principal_paid").sum().alias("repaid_before"))
    )
    paid = payments.group_by("loan").agg(pl.col("principal_paid").sum().alias("principal_repaid"))
    # Payments before the drawdown are in no sum: the drawdown may have been corrected after they were loaded.
    first_paid = book.newest_payments.lazy().group_by("loan").agg(pl.col("paid_on").min().alias("first_paid_on"))
    maturity = book.lives.loans.lazy().select("loan", maturity_in_force="maturity")
    # As delivered: the newest version of a loan that names itself is told as one that renews none.
    names_itself = (
        book.versions.tables["loans"]
        .filter(pl.col("renews_loan_id") == pl.col("loan_id"))
        .select("loan_id", "known_on", itself="loan_id")
    )
    renewed = book.versions.newest_of_all_households("loans").select(
        pl.col("loan_id").alias("renews_loan_id"), pl.col("originated_on").alias("renewed_originated_on")
    )
    # A schedule has to ask for all that was lent; a later one may ask for what was outstanding when it became known.
    lent = pl.col("principal_lent")
    rest = lent - pl.col("repaid_before").fill_null(0)
    asks_for_the_rest = pl.col("starts_on").is_not_null() & ((_ASKED - rest).abs() <= least)
    days = (pl.col("last_due_on") - pl.col("originated_on")).dt.total_days()
    return (
        book.versions.loans.filter(
            pl.col("originated_on") <= snapshot.as_of, pl.col("product").fill_null("") != "revolving"
        )
        .select(*_LOAN_COLUMNS, fen("principal"))
        .rename({"principal": "principal_lent"})
        .join(asked, on="loan", how="left")
        .join(repaid_before, on="loan", how="left")
        .join(paid, on="loan", how="left")
        .join(first_paid, on="loan", how="left")
        .join(maturity, on="loan", how="left")
        .join(_shortening_extensions(book), on="loan", how="left")
        .join(names_itself, on=["loan_id", "known_on"], how="left")
        .with_columns(pl.coalesce("renews_loan_id", "itself").alias("renews_loan_id"))
        .join(renewed, on="renews_loan_id", how="left")
        .with_columns(
            pl.when(asks_for_the_rest).then(rest).otherwise(lent).alias("principal_expected"),
            (lent * pl.col("annual_rate") * days / _DAYS_A_YEAR).round().cast(pl.Int64).alias("interest_accruable"),
            least.alias("arrears_least"),
        )
    )


def _shortening_extensions(book: LoanBook) -> pl.LazyFrame:
    """The loans of which an extension ends before the maturity it extends, the first of them, with both days."""
    maturities = book.versions.loans.select("loan", "matures_on")
    extensions = book.events.filter(pl.col("new_matures_on").is_not_null()).join(maturities, on="loan")
    before = pl.col("new_matures_on").shift().over("loan")
    in_order = extensions.sort("loan", "occurred_on", "known_on", "new_matures_on").select(
        "loan",
        pl.col("new_matures_on").alias("new_maturity"),
        pl.coalesce(before, "matures_on").alias("maturity_extended"),
    )
    shorter = in_order.filter(pl.col("new_maturity") < pl.col("maturity_extended"))
    return shorter.unique("loan", keep="first", maintain_order=True)
