"""Insurance 2+X as an answer and as tables for a workbook: figures, due loans without cover, filing days near."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import polars as pl

from features.messages import Bilingual
from models.code_labels import INSURED_WORDS
from models.group_light.evaluate_groups import GroupLevel
from models.light import LIGHT_WORDS
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import LoanOrder, loan_index
from serving.portfolio.household_search import household_loans
from serving.portfolio.insurance_cover import (
    InsuranceCover,
    InsuranceRows,
    counted_households,
    cover_figures,
    filings_due,
    insurance_rows,
)
from serving.portfolio.place_names import PlaceDirectory, place_names
from serving.portfolio.report_tables import (
    LANGUAGES,
    ReportCellKind,
    ReportTable,
    TableColumn,
    count,
    day,
    share,
    text,
    words,
    yuan,
)
from serving.portfolio.worklist import WorklistQuery, worklist_page
from serving.schemas.basis import Sentence
from serving.schemas.insured_households import FilingDue, InsuranceFigures, InsuranceReport
from serving.schemas.portfolio import MaturingLoan

INSURANCE_LEVELS = (GroupLevel.TOWNSHIP, GroupLevel.VILLAGE)
DUE_WITHIN_DAYS, FILING_WITHIN_DAYS = 180, 90
"""Days ahead within which loans without cover, and filing days, are listed unless others are asked for."""
MOST_FILINGS = 200
_LOAN_COLUMNS = (
    *("loan_id", "household_id", "bank", "township_code", "village_code"),
    *("light", "outstanding_principal", "days_to_maturity"),
)
_TABLE_WORDS = {
    "policies": Bilingual("保险", "insurance policies"),
    "claims": Bilingual("理赔", "claims"),
    "hardships": Bilingual("困难登记", "hardships"),
}
_NOT_DELIVERED = Bilingual(
    "{county} 尚未送达{table}数据，其农户未计入。", "{county} has delivered no {table}; left out."
)
_NO_INSURER = Bilingual(
    "送达的表中没有保险公司和保费，因此不按保险公司列，也不列保费。",
    "The delivered tables name neither insurers nor premiums: there are no figures by insurer, and no premiums.",
)

_FIGURES = (
    count("households", "户数", "Households"),
    count("insured_households", "参保户", "Households insured"),
    share("insured_share", "参保率", "Share insured"),
    count("policies", "有效保单", "Policies in force"),
    yuan("sum_insured", "保额", "Sum insured"),
    count("without_sum", "其中未报保额的保单", "Policies without a sum"),
    count("claims_12m", "近12个月理赔件数", "Claims, 12 months"),
    yuan("claimed_12m", "近12个月报损", "Claimed, 12 months"),
    yuan("paid_12m", "近12个月赔付", "Paid, 12 months"),
    count("without_amount", "其中未报金额的理赔", "Claims without an amount"),
    count("waiting", "未结案件", "Claims waiting"),
    yuan("waiting_claimed", "未结报损", "Waiting, claimed"),
    count("longest_wait_days", "最长等待天数", "Longest wait, days"),
    count("filings", "报案期将满件数", "Filing days near"),
)
_DUE_LOANS = (
    day("matures_on", "到期日", "Matures on"),
    words("light", "灯", "Light"),
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    text("bank", "银行", "Bank"),
    text("village", "村", "Village"),
    yuan("outstanding_principal", "未还本金", "Outstanding"),
)
_FILINGS = (
    day("file_by", "最迟报案日", "File by"),
    count("days_left", "剩余天数", "Days left"),
    words("kind", "险种", "Kind"),
    text("household_id", "农户编号", "Household"),
    text("village", "村", "Village"),
    day("happened_on", "出险日", "Day of the damage"),
    yuan("sum_insured", "保额", "Sum insured"),
)
_DTYPES: dict[ReportCellKind, pl.DataType] = {
    ReportCellKind.TEXT: pl.String(),
    ReportCellKind.YUAN: pl.Float64(),
    ReportCellKind.COUNT: pl.Int64(),
    ReportCellKind.SHARE: pl.Float64(),
    ReportCellKind.DAY: pl.Date(),
}
_TOO_FEW = Bilingual("户数太少，不列", "too few households")


@dataclass(frozen=True)
class InsuranceQuery:
    """What is asked of the insurance.

    level: the places of the groups. cover: of the groups. bank: only households with an open loan of it. area: first
    digits of a village code. within_days, filing_within_days: days ahead of the lists. limit, cursor: page of loans.
    """

    level: GroupLevel = GroupLevel.TOWNSHIP
    cover: InsuranceCover = InsuranceCover.INDUSTRY
    bank: str | None = None
    area: str | None = None
    within_days: int = DUE_WITHIN_DAYS
    filing_within_days: int = FILING_WITHIN_DAYS
    limit: int = 50
    cursor: str | None = None


def insurance_report(month: PublishedMonth, store: DataFolder, query: InsuranceQuery) -> InsuranceReport:
    """Enrolment and claims by cover and place, due loans without industry insurance, and filing days that are near.

    Args:
        month: the published month; its scope says which households and loans exist for the reader.
        store: the data folder that the month lies in.
        query: level, cover, filters and page.

    Returns:
        The figures of all covers, those of the query's cover by place, and the two lists.

    Raises:
        UserError: for a cursor of another list, or where the ledger never was at the month's data version.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.insurance_report import InsuranceQuery, insurance_report
        >>> store = DataFolder(data)
        >>> report = insurance_report(MonthRepository(store).month(), store, InsuranceQuery(within_days=365, limit=3))
        >>> base, industry = report.covers[:2]
        >>> base.insured_households <= industry.households, len(report.uncovered) <= 3 <= report.uncovered_total
        (True, True)
    """
    rows = insurance_rows(month, store)
    households = counted_households(month, store, rows.counties["policies"], query.bank, query.area)
    filings = filings_due(rows, households["household_id"], month.policy, month.as_of, query.filing_within_days)
    covers = (
        [_figures(rows, households, filings, cover, pl.lit("all"))[0] for cover in InsuranceCover]
        if households.height
        else []
    )
    place = pl.col(f"{query.level.value}_code")
    groups = _figures(rows, households, filings, query.cover, place)
    due = WorklistQuery(
        bank=query.bank, area=query.area, due_within_days=query.within_days, sort=LoanOrder.MATURITY, limit=query.limit
    )
    insured = month.scan("features").select("loan_id", "insured_industry")
    due_loans = loan_index(month).filter(pl.col("days_to_maturity").is_between(0, query.within_days)).select("loan_id")
    cover_of_due = due_loans.join(insured, on="loan_id", how="left").collect()
    uncovered = cover_of_due.filter(pl.col("insured_industry") == 0)["loan_id"].to_list()
    unknown = cover_of_due.filter(pl.col("insured_industry").is_null())["loan_id"].to_list()
    page = worklist_page(month, replace(due, loans=tuple(uncovered), cursor=query.cursor))
    no_cover_data = worklist_page(month, replace(due, loans=tuple(unknown), limit=0)).rows.height
    loans = []
    for row in month.rows("warnings", page.row_positions, _LOAN_COLUMNS).to_dicts():
        matures_on = month.as_of + timedelta(days=row["days_to_maturity"])
        notify_by = matures_on - timedelta(days=month.policy.plans.notice_days_ahead)
        loans.append(MaturingLoan.model_validate({**row, "matures_on": matures_on, "notify_by": notify_by}))
    names = place_names(month, store)
    counties = household_loans(month, store).select(pl.col("village_code").str.head(6).unique().sort()).collect()
    lacking = [
        Bilingual(
            _NOT_DELIVERED.zh.format(county=names.get(county, county), table=_TABLE_WORDS[table].zh),
            _NOT_DELIVERED.en.format(county=names.get(county, county), table=_TABLE_WORDS[table].en),
        )
        for table in _TABLE_WORDS
        for county in counties.to_series().drop_nulls()
        if county not in rows.counties[table]
    ]
    villages = dict(households.select("household_id", "village_code").rows())
    return InsuranceReport(
        **month.versions,
        level=query.level.value,
        cover=query.cover.value,
        bank=query.bank,
        within_days=query.within_days,
        filing_within_days=query.filing_within_days,
        covers=[figures.model_copy(update={"code": None}) for figures in covers],
        groups=sorted(groups, key=lambda group: (-(group.households or 0), group.code or "")),
        uncovered_total=page.rows.height,
        uncovered_unknown=no_cover_data,
        uncovered=loans,
        next_cursor=page.next_cursor,
        filings_total=filings.height,
        filings=[
            FilingDue(
                **row,
                village_code=villages[row["household_id"]],
                zh=INSURED_WORDS[row["kind"]].zh,
                en=INSURED_WORDS[row["kind"]].en,
                days_left=(row["file_by"] - month.as_of).days,
            )
            for row in filings.head(MOST_FILINGS).to_dicts()
        ],
        not_delivered=[Sentence(zh=words.zh, en=words.en) for words in (*lacking, _NO_INSURER)],
    )


def _figures(
    rows: InsuranceRows, households: pl.DataFrame, filings: pl.DataFrame, cover: InsuranceCover, code: pl.Expr
) -> list[InsuranceFigures]:
    """The figures of a cover by group, with the share insured."""
    figures = cover_figures(rows, households, filings, cover, code)
    insured_share = (pl.col("insured_households") / pl.col("households")).alias("insured_share")
    names = {"cover": cover.value, "zh": cover.words.zh, "en": cover.words.en}
    rows_of_groups = figures.with_columns(insured_share).to_dicts()
    return [InsuranceFigures.model_validate({**row, **names}) for row in rows_of_groups]


def insurance_tables(
    month: PublishedMonth, store: DataFolder, query: InsuranceQuery, directory: PlaceDirectory, most_loans: int
) -> list[ReportTable]:
    """The report as tables: by cover, by township and village, due loans without cover, filing days near.

    most_loans: rows of the table of loans at most; its note says how many there are.

    Raises UserError as `insurance_report` does.
    """
    whole = replace(query, limit=most_loans, cursor=None)
    reports = [insurance_report(month, store, replace(whole, level=level)) for level in INSURANCE_LEVELS]
    notes = [*month.notes, *(Bilingual(each.zh, each.en) for each in reports[0].not_delivered)]
    note = Bilingual("".join(each.zh for each in notes), " ".join(each.en for each in notes))

    def table(name: str, title: Bilingual, columns: tuple[TableColumn, ...], rows: list[dict[str, Any]]) -> ReportTable:
        """A table of the workbook; its sheet has the title's name."""
        dtypes = {column.name: _DTYPES[column.kind] for column in columns if column.kind is not ReportCellKind.WORDS}
        dtypes |= {cell: pl.String() for column in columns for cell in column.cells if cell not in dtypes}
        frame = pl.DataFrame([[row[cell] for cell in dtypes] for row in rows], dtypes, orient="row")
        dated = Bilingual(f"{title.zh} {month.as_of}", f"{title.en} {month.as_of}")
        return ReportTable(f"insurance_{name}", title, dated, columns, frame, note=note, missing=_TOO_FEW)

    def named(figures: InsuranceFigures) -> dict[str, Any]:
        """A row of figures with its cover and, of a place, its name."""
        place_name = directory.village_name(figures.code) or ""
        return {**figures.model_dump(), "name": place_name, "cover_zh": figures.zh, "cover_en": figures.en}

    cover, name = words("cover", "险种", "Cover"), text("name", "名称", "Name")
    tables = [
        table("covers", Bilingual("险种", "Covers"), (cover, *_FIGURES), [named(row) for row in reports[0].covers])
    ]
    for report, sheet in zip(reports, (Bilingual("乡镇", "Townships"), Bilingual("村", "Villages")), strict=True):
        columns = (name, cover, *_FIGURES)
        tables.append(table(report.level, sheet, columns, [named(row) for row in report.groups]))
    due = [
        {
            **loan.model_dump(),
            "village": directory.village_name(loan.village_code),
            **{f"light_{language}": getattr(LIGHT_WORDS[loan.light], language) for language in LANGUAGES},
        }
        for loan in reports[0].uncovered
    ]
    title = Bilingual(f"无产业保险 {query.within_days} 天内到期", f"Uncovered, due in {query.within_days} days")
    filings = [
        {**row.model_dump(), "kind_zh": row.zh, "kind_en": row.en, "village": directory.village_name(row.village_code)}
        for row in reports[0].filings
    ]
    near = Bilingual(f"报案期 {query.filing_within_days} 天内满", f"To file in {query.filing_within_days} days")
    return [*tables, table("uncovered", title, _DUE_LOANS, due), table("filings", near, _FILINGS, filings)]
