"""Sentences for a reason whose value is missing: the reading of the gap, and the document that fills it, from whom."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from features.catalog import FEATURES
from features.messages import Bilingual
from features.units import MISSING

DOCUMENTS: Mapping[str, Bilingual] = {
    "households": Bilingual("农户登记信息（乡镇）", "the household's registration (township office)"),
    "members": Bilingual("家庭成员名单（村委会）", "the list of the household's members (village committee)"),
    "income_statements": Bilingual("收入调查表（村委会）", "the income statement (village committee)"),
    "assets": Bilingual("资产调查表（村委会）", "the asset survey (village committee)"),
    "loans": Bilingual("借款合同（贷款银行）", "the loan contract (lending bank)"),
    "instalments": Bilingual("还款计划（贷款银行）", "the repayment schedule (lending bank)"),
    "payments": Bilingual("还款流水（贷款银行）", "the record of payments (lending bank)"),
    "loan_events": Bilingual(
        "展期、续贷、结清记录（贷款银行）", "the record of extensions, renewals and settlements (lending bank)"
    ),
    "use_checks": Bilingual("贷后用途检查记录（贷款银行）", "the record of use checks (lending bank)"),
    "credit_events": Bilingual("征信报告（贷款银行）", "the credit report (lending bank)"),
    "policies": Bilingual("保单（保险公司）", "the insurance policies (insurer)"),
    "claims": Bilingual("理赔单（保险公司）", "the insurance claims (insurer)"),
    "hardships": Bilingual("困难登记或监测记录（乡镇）", "the record of hardships (township office)"),
    "village_reviews": Bilingual("村级评议结果（村委会）", "the village review (village committee)"),
    "prices": Bilingual("产品价格（县农业农村局）", "the product's prices (county's agriculture bureau)"),
}
"""The document that a household or officer brings for each table of the contract, and who has it."""
_TABLES_BY_SOURCE: Mapping[str, tuple[str, ...]] = {
    "instalments": ("instalments",),
    "household_instalments": ("instalments",),
    "dues_to_maturity": ("instalments",),
    "payments": ("payments",),
    "declared_prices": ("prices",),
    "neighbours": (),
}
"""The tables of sources that read no optional one; those that are not here read `loans`."""
_TABLES_BY_FEATURE: Mapping[str, tuple[str, ...]] = {
    "household_months_registered": ("households",),
    "debt_to_income": ("income_statements",),
    "repayment_cover": ("income_statements", "instalments"),
    "new_debt_to_income_12m": ("credit_events", "income_statements"),
    "loss_to_income_12m": ("hardships", "income_statements"),
    "paid_share_12m": ("instalments", "payments"),
    "borrower_paid_share_12m": ("instalments", "payments"),
    "months_since_arrears": ("instalments", "payments"),
}
"""The tables whose rows fill a gap, where they are not all the tables that the feature is computed from."""
_NONE_DUE_YET = Bilingual("该户尚无到期的期次", "no instalment of the household has fallen due")
_NONE_DUE_12M = Bilingual("近12个月无到期应还", "nothing fell due in 12 months")
_TWO_STATEMENTS = Bilingual("没有可比的前后两次收入调查", "there are no two income statements to compare")
_TWO_SURVEYS = Bilingual("没有可比的前后两次资产调查", "there are no two asset surveys to compare")
_POSITIVE_INCOME = Bilingual("没有已知且大于零的年纯收入", "no yearly net income above zero is known")
_POSITIVE_GROSS_INCOME = Bilingual("没有已知且大于零的年总收入", "no yearly gross income above zero is known")
_FEW_OTHERS = Bilingual("可比的其他贷款太少", "there are too few other loans to compare with")
_READINGS: Mapping[str, Bilingual] = {
    "days_to_next_due": Bilingual("今后没有应还的期次", "no instalment is to come"),
    "paid_share_12m": _NONE_DUE_12M,
    "borrower_paid_share_12m": _NONE_DUE_12M,
    "household_late_share": _NONE_DUE_YET,
    "household_days_late_max_12m": _NONE_DUE_12M,
    "household_days_late_mean": _NONE_DUE_YET,
    "household_days_before_due_mean": _NONE_DUE_YET,
    "months_since_arrears": Bilingual("没有结清过的欠款", "there were no arrears that have ended"),
    "use_finding": Bilingual("没有用途检查", "the use was not checked"),
    "use_check_age_months": Bilingual("没有用途检查", "the use was not checked"),
    "hardship_age_months": Bilingual("没有登记的困难", "no hardship is recorded"),
    "integrity_change": Bilingual("没有可比的前后两次村级评议", "there are no two village reviews to compare"),
    "income_change": _TWO_STATEMENTS,
    "income_swing_60m": _TWO_STATEMENTS,
    "herd_change": _TWO_SURVEYS,
    "outside_debt_growth": _TWO_SURVEYS,
    "cost_to_income": _POSITIVE_INCOME,
    "wage_share": _POSITIVE_GROSS_INCOME,
    "transfer_share": _POSITIVE_GROSS_INCOME,
    "debt_to_income": _POSITIVE_INCOME,
    "new_debt_to_income_12m": _POSITIVE_INCOME,
    "loss_to_income_12m": _POSITIVE_INCOME,
    "repayment_cover": Bilingual("没有收入调查，或到期前无应还", "there is no income statement, or nothing falls due"),
    "declared_price_change": Bilingual(
        "申报产业没有今年和去年的价格", "no prices of this and last year are known for the declared use"
    ),
    "village_overdue_share": _FEW_OTHERS,
    "township_bad_share": _FEW_OTHERS,
    "product_bad_share": _FEW_OTHERS,
}
"""The reading of a missing value that is missing for another cause than a table without a row of the household."""
_FEATURES_IN_MEMORY = 256


@lru_cache(_FEATURES_IN_MEMORY)
def missing_fact(name: str) -> Bilingual:
    """The words for a missing value of a feature that changed the score: why it is missing and what to bring.

    Args:
        name: of the feature.

    Returns:
        The words that follow the feature's label. Each document has the office in brackets that has it. A value that
        no document fills, a share among other loans, asks for none.

    Raises:
        KeyError: where the feature is not in the catalogue.

    Example:
        >>> from serving.explain.missing_facts import missing_fact
        >>> missing_fact("net_income").en
        'no data; bring the income statement (village committee)'
        >>> missing_fact("days_to_next_due").en
        'no data (no instalment is to come); if this is wrong, bring the repayment schedule (lending bank)'
    """
    documents, reading = [DOCUMENTS[table] for table in tables_to_fill(name)], _READINGS.get(name)
    zh, en = "、".join(document.zh for document in documents), " and ".join(document.en for document in documents)
    if reading is None:
        return Bilingual(f"{MISSING.zh}，请带上{zh}", f"{MISSING.en}; bring {en}")
    because = Bilingual(f"{MISSING.zh}（{reading.zh}）", f"{MISSING.en} ({reading.en})")
    if not documents:
        return Bilingual(f"{because.zh}，不需补充资料", f"{because.en}; there is nothing to bring")
    return Bilingual(f"{because.zh}；如不符，请带上{zh}", f"{because.en}; if this is wrong, bring {en}")


def tables_to_fill(name: str) -> tuple[str, ...]:
    """The tables of the contract whose rows give a feature a value; of a derived one, all those of its inputs.

    Example:
        >>> from serving.explain.missing_facts import tables_to_fill
        >>> tables_to_fill("income_per_head"), tables_to_fill("village_overdue_share")
        (('income_statements', 'members'), ())
    """
    if name in _TABLES_BY_FEATURE:
        return _TABLES_BY_FEATURE[name]
    source, inputs = FEATURES[name].source, FEATURES[name].inputs
    if source is not None:
        return source.tables or _TABLES_BY_SOURCE.get(source.name, ("loans",))
    return tuple(dict.fromkeys(table for each in inputs for table in tables_to_fill(each)))
