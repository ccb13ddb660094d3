"""Tables of the household ledger to read, print and export: households, villages, townships, revolving grants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.household_ledger import LEDGER_LOANS_SCHEMA
from features.messages import Bilingual
from features.units import HOUSEHOLD_TYPE
from models.county_policy.sections import CountyPolicy
from models.rating.credit_places import credit_townships, credit_villages
from serving.explain.entitlements import GRADE_WORDS, NO_GRADE
from serving.household_ledger.words import PLACES_NOTE, REVOLVING_NOTE, STATE_WORDS, VERDICT_WORDS
from serving.portfolio.report_tables import (
    LANGUAGES,
    ReportTable,
    TableColumn,
    code_word_columns,
    count,
    day,
    number,
    points,
    share,
    text,
    words,
    yuan,
)

_HOUSEHOLD_COLUMNS = (
    text("household_id", "农户编号", "Household"),
    text("township", "乡镇", "Township"),
    text("village", "村", "Village"),
    words("type", "农户类型", "Type"),
    text("table", "评级表", "Rating"),
    points("points", "评分", "Points"),
    share("known", "资料完整度", "Known"),
    words("grade", "等级", "Grade"),
    yuan("limit", "授信额度", "Limit"),
    yuan("drawn", "已用", "Drawn"),
    yuan("headroom", "剩余额度", "Headroom"),
    yuan("above_limit", "超出额度", "Above the limit"),
    share("rate_longer", "利率上限（一年以上，已减优惠）", "Highest rate over a year, less discount"),
    yuan("outstanding_principal", "全部未还本金", "Outstanding on all loans"),
    count("open_loans", "未结贷款笔数", "Open loans"),
    count("loans_ever", "历来贷款笔数", "Loans ever"),
    count("punctual_years", "按时还款年数", "Punctual years"),
    count("years_with_dues", "有应还款的年数", "Years with dues"),
    yuan("subsidy_to_come", "尚待贴息", "Subsidy to come"),
    points("points_631", "631 评分", "Points 631"),
    words("grade_631", "631 等级", "Grade 631"),
    points("points_1531", "1531 评分", "Points 1531"),
    words("grade_1531", "1531 等级", "Grade 1531"),
)
_PLACE_COLUMNS = (
    text("name", "名称", "Name"),
    words("verdict", "评定", "Verdict"),
    count("households", "农户", "Households"),
    count("excellent_households", "优秀", "Excellent"),
    count("good_households", "良好", "Good"),
    count("fair_households", "一般", "Fair"),
    count("poor_households", "较差", "Poor"),
    count("ungraded_households", "资料不足", "Not graded"),
    count("credit_households", "信用户", "Credit households"),
    share("credit_share", "信用户占比", "Share of credit households"),
    count("borrowing_households", "有贷户", "Borrowing households"),
    count("overdue_households", "逾期户", "In arrears"),
    share("overdue_share", "逾期户占比", "Share in arrears"),
    count("granted_age_households", "应授尽授年龄户", "Of the age granted"),
    count("included_age_households", "一并纳入年龄户", "Of the age included"),
    count("listed_households", "他行违约未结户（是否恶意无认定记录）", "Listed elsewhere, finding not recorded"),
    count("eligible_households", "符合条件户", "Eligible"),
    count("limit_households", "授信户", "Granted"),
    yuan("granted", "授信额度", "Granted, yuan"),
    count("drawn_households", "用信户", "Drawn by"),
    yuan("drawn", "用信余额", "Drawn"),
)
_VILLAGE_COUNTS = (
    count("villages", "已评村", "Villages judged"),
    count("credit_villages", "信用村", "Credit villages"),
)
_REVOLVING_COLUMNS = (
    text("household_id", "农户编号", "Household"),
    text("loan_id", "贷款编号", "Loan"),
    text("village", "村", "Village"),
    text("bank", "银行", "Bank"),
    words("state", "状态", "State"),
    yuan("principal", "授信", "Granted"),
    yuan("outstanding_principal", "已用", "Drawn"),
    yuan("headroom", "剩余", "Left"),
    day("originated_on", "支用日", "Drawn on"),
    day("expires_on", "到期日", "Expires on"),
    count("repayments", "还本次数", "Repayments"),
    day("last_repaid_on", "最近还本", "Last repaid on"),
    number("annual_rate", "年利率", "Yearly rate"),
)
REVOLVING_SCHEMA = FrameSchema(
    {
        **LEDGER_LOANS_SCHEMA.columns,
        "headroom": FrameColumn(
            pl.Float64(), "Principal less what is outstanding, yuan; null where the loan is not open."
        ),
        "state": FrameColumn(pl.String(), "open; or repaid, where it was repaid before its day and not settled."),
    }
)


def household_table(rows: pl.DataFrame, places: Mapping[str, str]) -> ReportTable:
    """Households with their grades, limits and drawings.

    rows: in LEDGER_ROWS_SCHEMA. places: names by code.
    """
    grades: dict[str, Bilingual] = {**GRADE_WORDS, "none": NO_GRADE}
    frame = rows.with_columns(
        pl.col("village_code").str.head(9).replace(places).alias("township"),
        pl.col("village_code").replace(places).alias("village"),
        *code_word_columns("household_type", "type", dict(HOUSEHOLD_TYPE.codes)),
        *_grade_columns("grade", pl.lit(True), grades),
        *(
            cell
            for name in ("631", "1531")
            for cell in _grade_columns(f"grade_{name}", pl.col(f"points_{name}").is_not_null(), grades)
        ),
    )
    title = Bilingual("农户信用台账", "Ledger of households")
    return ReportTable("ledger", Bilingual("农户台账", "Ledger"), title, _HOUSEHOLD_COLUMNS, frame)


def _grade_columns(name: str, is_rated: pl.Expr, grades: Mapping[str, Bilingual]) -> list[pl.Expr]:
    """The two cells of a grade; empty where the rating is not for the household."""
    return [
        pl.when(is_rated)
        .then(
            pl.col(name)
            .fill_null("none")
            .replace_strict({code: getattr(each, language) for code, each in grades.items()}, return_dtype=pl.String)
        )
        .alias(f"{name}_{language}")
        for language in LANGUAGES
    ]


def place_tables(households: pl.DataFrame, policy: CountyPolicy, places: Mapping[str, str]) -> list[ReportTable]:
    """The townships, and the villages, with their shares by grade, the coverage of grants and the verdict.

    households: in HOUSEHOLD_GRADES_SCHEMA, of whole villages. places: names by code.
    """
    credit, grants = policy.credit, policy.grants
    grade_words = [GRADE_WORDS[grade] for grade in credit.credit_grades]
    note = PLACES_NOTE.format(
        grades="、".join(each.zh for each in grade_words),
        grades_en=" or ".join(each.en for each in grade_words),
        village_share=credit.village.from_share,
        village_overdue=credit.village.overdue_up_to,
        township_share=credit.township.from_share,
        township_overdue=credit.township.overdue_up_to,
        youngest=grants.youngest,
        oldest=grants.oldest,
        least=credit.least_households,
    )
    frames = {"townships": credit_townships(households, credit), "villages": credit_villages(households, credit)}
    return [
        ReportTable(
            name,
            _PLACE_WORDS[name],
            _PLACE_TITLES[name],
            _place_columns(name),
            frame.with_columns(
                pl.col("code").replace(places).alias("name"),
                *code_word_columns("verdict", "verdict", dict(VERDICT_WORDS)),
            ),
            note=note,
            missing=Bilingual("不列", "not told"),
        )
        for name, frame in frames.items()
    ]


_PLACE_WORDS = {"townships": Bilingual("信用乡镇", "Townships"), "villages": Bilingual("信用村", "Villages")}
_PLACE_TITLES = {
    "townships": Bilingual("信用乡镇与整村授信", "Credit townships and the coverage of grants"),
    "villages": Bilingual("信用村与整村授信", "Credit villages and the coverage of grants"),
}


def _place_columns(name: str) -> tuple[TableColumn, ...]:
    first, rest = _PLACE_COLUMNS[:2], _PLACE_COLUMNS[2:]
    return (*first, *_VILLAGE_COUNTS, *rest) if name == "townships" else _PLACE_COLUMNS


@returns(REVOLVING_SCHEMA)
def revolving_grants(loans: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The revolving grants among loans: those that are open, and those repaid before their day, sorted by loan_id.

    loans: in LEDGER_LOANS_SCHEMA. A grant that the bank settled, another loan renewed, or that was lost, has ended;
    so has one that was repaid and whose day has come by `as_of`.
    """
    is_open = pl.col("is_open")
    is_repaid = ~is_open & ~pl.col("is_settled") & pl.col("lost_on").is_null() & (pl.col("expires_on") > as_of)
    grants = loans.filter((pl.col("product") == "revolving").fill_null(False) & (is_open | is_repaid))
    left = pl.max_horizontal(pl.col("principal") - pl.col("outstanding_principal"), pl.lit(0.0))
    return grants.with_columns(
        pl.when(is_open).then(left).alias("headroom"),
        pl.when(is_open).then(pl.lit("open")).otherwise(pl.lit("repaid")).alias("state"),
    ).sort("loan_id")


def revolving_table(loans: pl.DataFrame, as_of: date, places: Mapping[str, str]) -> ReportTable:
    """The revolving grants: granted, drawn, left, when each expires, and what was repaid.

    loans: in LEDGER_LOANS_SCHEMA. as_of: the day. places: names by code.
    """
    frame = revolving_grants(loans, as_of).with_columns(
        pl.col("village_code").replace(places).alias("village"),
        *code_word_columns("state", "state", dict(STATE_WORDS)),
    )
    title = Bilingual("循环贷（富农贷）授信与用信", "Revolving grants")
    return ReportTable(
        "revolving", Bilingual("循环贷", "Revolving"), title, _REVOLVING_COLUMNS, frame, note=REVOLVING_NOTE
    )
