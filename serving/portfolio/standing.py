"""Where the loans stand at a month end: balances, arrears by amount and households, lights, by bank and by place."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from features.messages import Words
from models.county_policy.sections import Groups
from models.expected_loss import expected_loss
from models.group_light.evaluate_groups import CODE_OF, Level, groups
from models.light import CODES, LIGHT_WORDS
from serving.months.repository import Month
from serving.portfolio.report_period import Scope
from serving.portfolio.report_tables import Table, count, in_words, share, text, words, yuan

ALL = "all"
ALL_WORDS = Words("合计", "All")
LEVELS: Mapping[Level, Words] = {
    Level.BANK: Words("按银行", "By bank"),
    Level.TOWNSHIP: Words("按乡镇", "By township"),
    Level.VILLAGE: Words("按村", "By village"),
}
SHEETS: Mapping[Level, str] = {
    Level.BANK: "银行 Banks",
    Level.TOWNSHIP: "乡镇 Townships",
    Level.VILLAGE: "村 Villages",
}
_FACTS = (
    *("loan_id", "product", "overdue_principal", "overdue_interest"),
    *("has_gone_bad", "use_diverted"),
)
_TOO_FEW = Words("不足 {least} 笔, 不评", "under {least} loans: too few to judge")
_OVERDUE_NOTE = Words(
    "逾期率 = 有拖欠贷款的全部未还本金 / 贷款余额; 按户 = 有拖欠的户 / 有贷款的户。",
    "Overdue rate: the whole outstanding principal of loans in arrears, of the balance; by households: those in "
    "arrears, of those with a loan.",
)
_LIGHT_OF = {
    "light": Words("公布灯", "published light"),
    "rule_light": Words("规则灯", "rule light"),
    "model_light": Words("模型灯", "model light"),
}


def loans_of(month: Month, scope: Scope) -> pl.DataFrame:
    """The month's warnings that belong to the scope, with the facts that groups and losses are made of.

    Losses are worked out before the scope is applied: what the fund covers depends on all loans of a household.
    """
    facts = month.scan("features").select(_FACTS)
    loans = month.scan("warnings").join(facts, on="loan_id", maintain_order="left").collect()
    return loans.hstack(expected_loss(loans, month.policy)).filter(scope.holds)


def code_and_name(level: Level) -> tuple[pl.Expr, pl.Expr]:
    """Of a loan, the code of its group and the code its name goes by: a bank has no code but its name."""
    return CODE_OF[level].alias("code"), pl.col("bank" if level is Level.BANK else f"{level.value}_code")


def named(frame: pl.DataFrame, level: Level, names: Mapping[str, str]) -> pl.DataFrame:
    """With `name_zh`, `name_en` of each `code`: what the place is called, or the bank; the total is said to be it."""
    bank = pl.col("code").str.split("/").list.last()
    called = bank if level is Level.BANK else pl.col("code").replace(names)
    is_all = pl.col("code") == ALL
    return frame.with_columns(
        pl.when(is_all).then(pl.lit(getattr(ALL_WORDS, language))).otherwise(called).alias(f"name_{language}")
        for language in ("zh", "en")
    ).with_columns(pl.when(~is_all).then("code").alias("code"))


def standing(loans: pl.DataFrame, level: Level, policy: Groups, names: Mapping[str, str]) -> Table:
    """One row a group, by code, after the total: balance, overdue rates, lights, expected loss."""
    whole = loans.with_columns(pl.lit(ALL).alias("county_code"))
    found = pl.concat([_group_rows(whole, Level.COUNTY, policy), _group_rows(loans, level, policy)])
    few = _TOO_FEW.filled(least=policy.least_loans)
    return Table(
        f"standing_{level.value}",
        SHEETS[level],
        Words(f"余额、逾期与灯: {LEVELS[level].zh}", f"Balances, arrears and lights: {LEVELS[level].en.lower()}"),
        _STANDING,
        _without_small_rates(named(found, level, names), policy, few),
        note=_OVERDUE_NOTE,
        missing=few,
    )


def _group_rows(loans: pl.DataFrame, level: Level, policy: Groups) -> pl.DataFrame:
    late = (pl.col("overdue_principal") > 0) | (pl.col("overdue_interest") > 0)
    balance = pl.col("outstanding_principal")
    coded = loans.with_columns(CODE_OF[level].alias("code")).filter(pl.col("code").is_not_null())
    more = coded.group_by("code").agg(
        late.sum().alias("overdue_loans"),
        pl.col("household_id").filter(late).n_unique().alias("overdue_households"),
        *(balance.filter(pl.col("light") == code).sum().round(2).alias(f"{code}_balance") for code in CODES),
    )
    return groups(loans, level, policy).join(more, on="code", maintain_order="left")


def _without_small_rates(found: pl.DataFrame, policy: Groups, few: Words) -> pl.DataFrame:
    """A rate of a handful of loans says more of chance, and of persons, than of the group."""
    enough = pl.col("loans") >= policy.least_loans
    rates = ("overdue_share", "overdue_household_share")
    return found.with_columns(pl.when(enough).then(name).alias(name) for name in rates).with_columns(
        pl.when(enough).then(words).otherwise(pl.lit(said)).alias(f"judged_{language}")
        for language, words, said in zip(("zh", "en"), _light_words(), (few.zh, few.en), strict=True)
    )


def _light_words() -> tuple[pl.Expr, ...]:
    return tuple(in_words("light", "judged", dict(LIGHT_WORDS)))


_STANDING = (
    text("code", "代码", "Code"),
    words("name", "名称", "Name"),
    count("loans", "贷款笔数", "Loans"),
    count("households", "户数", "Households"),
    yuan("balance", "贷款余额", "Balance"),
    count("overdue_loans", "逾期笔数", "Loans in arrears"),
    count("overdue_households", "逾期户数", "Households in arrears"),
    yuan("overdue_balance", "逾期贷款余额", "Overdue balance"),
    share("overdue_share", "逾期率 (金额)", "Overdue, by balance"),
    share("overdue_household_share", "逾期率 (户数)", "Overdue, by households"),
    words("judged", "分组灯", "Group light"),
    *(
        column
        for code in reversed(CODES)
        for column in (
            count(f"{code}_loans", f"{LIGHT_WORDS[code].zh}笔数", f"{LIGHT_WORDS[code].en.capitalize()} loans"),
            yuan(f"{code}_balance", f"{LIGHT_WORDS[code].zh}余额", f"{LIGHT_WORDS[code].en.capitalize()} balance"),
        )
    ),
    yuan("expected_loss", "预期损失", "Expected loss"),
)


def lights(loans: pl.DataFrame) -> Table:
    """Loans and money by light, as published, by the rules alone and by the model alone."""
    parts = [_lit(loans, by) for by in _LIGHT_OF]
    found = pl.concat(parts).with_columns(
        *in_words("by", "by", _LIGHT_OF), *in_words("light", "light", {**LIGHT_WORDS, ALL: _NOT_LIT})
    )
    return Table(
        "lights", "灯 Lights", Words("红黄绿灯", "Lights"), _LIGHTS, found, missing=Words("无贷款", "no loans")
    )


_NOT_LIT = Words("未评", "not judged")


def _lit(loans: pl.DataFrame, by: str) -> pl.DataFrame:
    """A loan gone bad has no model light; without a model none has."""
    lit = loans.with_columns(pl.col(by).cast(pl.String).fill_null(ALL).alias("lit"))
    order = pl.DataFrame({"light": [*reversed(CODES), ALL]})
    counted = lit.group_by(pl.col("lit").alias("light")).agg(
        pl.len().cast(pl.Int64).alias("loans"), pl.col("outstanding_principal").sum().round(2).alias("balance")
    )
    found = order.join(counted, on="light", how="left", maintain_order="left").with_columns(
        pl.col("loans").fill_null(0), pl.col("balance").fill_null(0.0), pl.lit(by).alias("by")
    )
    return found.with_columns(
        (pl.col("loans") / loans.height if loans.height else pl.lit(None, pl.Float64)).alias("loan_share"),
        (pl.col("balance") / pl.col("balance").sum()).fill_nan(None).alias("balance_share"),
    ).filter((pl.col("light") != ALL) | (pl.col("loans") > 0))


_LIGHTS = (
    words("by", "依据", "By"),
    words("light", "灯", "Light"),
    count("loans", "贷款笔数", "Loans"),
    share("loan_share", "占笔数", "Share of loans"),
    yuan("balance", "余额", "Balance"),
    share("balance_share", "占余额", "Share of balance"),
)
