"""Balances, arrears by amount and households, and lights of the loans at a month end, by bank and place."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import GroupBounds
from models.expected_loss import EXPECTED_LOSS_SCHEMA, expected_loss
from models.group_light.evaluate_groups import GROUP_CODES, GroupLevel, evaluate_groups
from models.light import CODES, LIGHT_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.report_period import ReportScope
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, share, text, words, yuan

ALL_GROUPS = "all"
"""Code of the total in the column of the groups' codes."""
TOTAL_WORDS = Bilingual("合计", "All")
LEVEL_WORDS: Mapping[GroupLevel, Bilingual] = {
    GroupLevel.BANK: Bilingual("按银行", "By bank"),
    GroupLevel.TOWNSHIP: Bilingual("按乡镇", "By township"),
    GroupLevel.VILLAGE: Bilingual("按村", "By village"),
}
LEVEL_SHEETS: Mapping[GroupLevel, Bilingual] = {
    GroupLevel.BANK: Bilingual("银行", "Banks"),
    GroupLevel.TOWNSHIP: Bilingual("乡镇", "Townships"),
    GroupLevel.VILLAGE: Bilingual("村", "Villages"),
}
_FEATURE_COLUMNS = (
    *("loan_id", "originated_on", "product", "overdue_principal", "overdue_interest"),
    *("has_gone_bad", "use_diverted", "subsidy_overdue"),
)
SCOPE_LOANS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "originated_on": FrameColumn(pl.Date(), "Day on which it was paid out; missing in months of older programs."),
        "product": FrameColumn(pl.String(), "Its product."),
        "overdue_principal": FrameColumn(pl.Float64(), "Principal overdue, yuan."),
        "overdue_interest": FrameColumn(pl.Float64(), "Interest overdue, yuan."),
        "has_gone_bad": FrameColumn(pl.Boolean(), "Whether it has gone bad."),
        "subsidy_overdue": FrameColumn(pl.Float64(), "Interest that the state owes the bank, yuan."),
        "use_diverted": FrameColumn(pl.Float64(), "1 where its use is known to be diverted; the feature's value."),
        **EXPECTED_LOSS_SCHEMA.columns,
    },
    extra="the columns of the published warning",
)
_TOO_FEW = Bilingual("不足 {least} 笔，不评", "under {least} loans: too few to judge")
_OVERDUE_NOTE = Bilingual(
    "逾期率 = 有拖欠贷款的全部未还本金 / 贷款余额；按户 = 有拖欠的户 / 有贷款的户。不良为既成事实，其余红灯为预测或规则"
    "；财政欠付的贴息不算农户逾期。",
    "Overdue rate: the whole outstanding principal of loans in arrears, of the balance; by households: those in "
    "arrears, of those with a loan. Bad loans are red by fact, the other red ones by forecast or rule; a subsidy that "
    "the state owes makes no household late.",
)
_LIGHT_OF = {
    "light": Bilingual("公布灯", "published light"),
    "rule_light": Bilingual("规则预警", "rule light"),
    "model_light": Bilingual("模型预警", "model light"),
}
_NO_LIGHT = Bilingual("未评", "not judged")
_STANDING_COLUMNS = (
    text("code", "代码", "Code"),
    words("name", "名称", "Name"),
    count("loans", "贷款笔数", "Loans"),
    count("households", "户数", "Households"),
    yuan("balance", "贷款余额", "Balance"),
    count("overdue_loans", "逾期笔数", "Loans in arrears"),
    count("overdue_households", "逾期户数", "Households in arrears"),
    yuan("overdue_balance", "逾期贷款余额", "Overdue balance"),
    share("overdue_share", "逾期率（金额）", "Overdue, by balance"),
    share("overdue_household_share", "逾期率（户数）", "Overdue, by households"),
    words("judged", "分组灯", "Group light"),
    *(
        column
        for code in reversed(CODES)
        for column in (
            count(f"{code}_loans", f"{LIGHT_WORDS[code].zh}笔数", f"{LIGHT_WORDS[code].en.capitalize()} loans"),
            yuan(f"{code}_balance", f"{LIGHT_WORDS[code].zh}余额", f"{LIGHT_WORDS[code].en.capitalize()} balance"),
        )
    ),
    count("bad_loans", "其中不良笔数", "Of the red: bad loans"),
    yuan("bad_balance", "不良余额", "Balance of bad loans"),
    count("probation_loans", "观察期笔数", "Loans on probation"),
    yuan("subsidy_overdue", "财政贴息欠付", "Subsidy overdue"),
    yuan("expected_loss", "预期损失", "Expected loss"),
)
_LIGHT_COLUMNS = (
    words("by", "依据", "By"),
    words("light", "灯", "Light"),
    count("loans", "贷款笔数", "Loans"),
    share("loan_share", "占笔数", "Share of loans"),
    yuan("balance", "余额", "Balance"),
    share("balance_share", "占余额", "Share of balance"),
)


@returns(SCOPE_LOANS_SCHEMA)
def scope_loans(month: PublishedMonth, scope: ReportScope) -> pl.DataFrame:
    """The month's warnings in a scope, with the features and expected losses that groups are evaluated by.

    Losses are computed before the scope is applied: the fund covers all loans of a household together.
    """
    facts = month.scan("features").select(_FEATURE_COLUMNS)
    loans = month.scan("warnings").join(facts, on="loan_id", maintain_order="left").collect()
    return loans.hstack(expected_loss(loans, month.contract_terms, month.fund_curves)).filter(scope.condition)


def with_names(frame: pl.DataFrame, level: GroupLevel, place_names: Mapping[str, str]) -> pl.DataFrame:
    """The frame with `name_zh` and `name_en`, the name of the bank or place of each `code`.

    The row of the total (ALL_GROUPS) is named as such, and its `code` becomes missing.
    """
    bank = pl.col("code").str.split("/").list.last()
    name = bank if level is GroupLevel.BANK else pl.col("code").replace(place_names)
    is_total = pl.col("code") == ALL_GROUPS
    return frame.with_columns(
        pl.when(is_total).then(pl.lit(getattr(TOTAL_WORDS, language))).otherwise(name).alias(f"name_{language}")
        for language in ("zh", "en")
    ).with_columns(pl.when(~is_total).then("code").alias("code"))


def standing_table(
    loans: pl.DataFrame, level: GroupLevel, policy: GroupBounds, place_names: Mapping[str, str]
) -> ReportTable:
    """Balances, overdue rates, lights and expected loss of each group of loans.

    Args:
        loans: as `scope_loans` returns them.
        level: how loans are grouped.
        policy: the bounds of the groups' lights; groups below its least loans have no rate and no light, since a rate
            of a handful of loans says more of chance, and of persons, than of the group.
        place_names: by code.

    Returns:
        The table: the total, then one row a group, sorted by code.

    Example:
        >>> from models.group_light.evaluate_groups import GroupLevel
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.report_period import ReportScope
        >>> from serving.portfolio.standing import scope_loans, standing_table
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> loans = scope_loans(month, ReportScope())
        >>> rows = standing_table(loans, GroupLevel.TOWNSHIP, month.policy.groups, {}).frame
        >>> rows["name_en"][0], rows["loans"][0] == loans.height
        ('All', True)
    """
    as_one_group = loans.with_columns(pl.lit(ALL_GROUPS).alias("county_code"))
    rows = pl.concat([_group_totals(as_one_group, GroupLevel.COUNTY, policy), _group_totals(loans, level, policy)])
    too_few = _TOO_FEW.format(least=policy.least_loans)
    enough = pl.col("loans") >= policy.least_loans
    rates = ("overdue_share", "overdue_household_share")
    lights = code_word_columns("light", "judged", dict(LIGHT_WORDS))
    return ReportTable(
        f"standing_{level.value}",
        LEVEL_SHEETS[level],
        Bilingual(
            f"余额、逾期与灯：{LEVEL_WORDS[level].zh}", f"Balances, arrears and lights: {LEVEL_WORDS[level].en.lower()}"
        ),
        _STANDING_COLUMNS,
        with_names(rows, level, place_names)
        .with_columns(pl.when(enough).then(name).alias(name) for name in rates)
        .with_columns(
            pl.when(enough).then(light).otherwise(pl.lit(getattr(too_few, language))).alias(f"judged_{language}")
            for language, light in zip(("zh", "en"), lights, strict=True)
        ),
        note=_OVERDUE_NOTE,
        missing=too_few,
    )


def _group_totals(loans: pl.DataFrame, level: GroupLevel, policy: GroupBounds) -> pl.DataFrame:
    """The columns of GROUPS_SCHEMA, with loans and households in arrears and the balance by light."""
    in_arrears = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    balance = pl.col("outstanding_principal")
    coded = loans.with_columns(GROUP_CODES[level].alias("code")).filter(pl.col("code").is_not_null())
    totals = coded.group_by("code").agg(
        in_arrears.sum().alias("overdue_loans"),
        pl.col("household_id").filter(in_arrears).n_unique().alias("overdue_households"),
        (pl.col("status") == "bad").sum().alias("bad_loans"),
        yuan_sum(balance.filter(pl.col("status") == "bad")).alias("bad_balance"),
        (pl.col("status") == "probation").sum().alias("probation_loans"),
        yuan_sum(pl.col("subsidy_overdue")).alias("subsidy_overdue"),
        *(yuan_sum(balance.filter(pl.col("light") == code)).alias(f"{code}_balance") for code in CODES),
    )
    return evaluate_groups(loans, level, policy).join(totals, on="code", maintain_order="left")


def light_table(loans: pl.DataFrame) -> ReportTable:
    """Loans and balance by light: as published, by the rules alone and by the model alone.

    loans: as `scope_loans` returns them.
    """
    rows = pl.concat([_totals_by_light(loans, column) for column in _LIGHT_OF]).with_columns(
        *code_word_columns("by", "by", _LIGHT_OF),
        *code_word_columns("light", "light", {**LIGHT_WORDS, ALL_GROUPS: _NO_LIGHT}),
    )
    return ReportTable(
        "lights",
        Bilingual("灯", "Lights"),
        Bilingual("红黄绿灯", "Lights"),
        _LIGHT_COLUMNS,
        rows,
        missing=Bilingual("无贷款", "no loans"),
    )


def _totals_by_light(loans: pl.DataFrame, column: str) -> pl.DataFrame:
    """Totals by the light in a column, red first; ALL_GROUPS for loans without one (gone bad, or no model), if any."""
    order = pl.DataFrame({"light": [*reversed(CODES), ALL_GROUPS]})
    totals = loans.group_by(pl.col(column).cast(pl.String).fill_null(ALL_GROUPS).alias("light")).agg(
        pl.len().cast(pl.Int64).alias("loans"), yuan_sum(pl.col("outstanding_principal")).alias("balance")
    )
    rows = order.join(totals, on="light", how="left", maintain_order="left").with_columns(
        pl.col("loans").fill_null(0), pl.col("balance").fill_null(0.0), pl.lit(column).alias("by")
    )
    return rows.with_columns(
        (pl.col("loans") / loans.height if loans.height else pl.lit(None, pl.Float64)).alias("loan_share"),
        (pl.col("balance") / yuan_sum(pl.col("balance"))).fill_nan(None).alias("balance_share"),
    ).filter((pl.col("light") != ALL_GROUPS) | (pl.col("loans") > 0))
