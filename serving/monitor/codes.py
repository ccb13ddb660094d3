"""Codes that are agreed at the grant: loans whose code changed since the month before, and new loans of other codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from features.catalog import FEATURES
from features.messages import Bilingual
from models.drift_reference import bins_of, psi, psi_by_chance
from serving.monitor.bounds import CodeLimits
from serving.monitor.drift import feature_label, in_words
from serving.monitor.finding import VERDICT_WORDS, Finding
from serving.portfolio.report_tables import ReportTable, code_word_columns, count, number, share, text, words

AGREED_CODES = ("product", "repayment_method", "declared_use")
"""Features that a loan keeps from its grant on."""
_BANK_WORDS = Bilingual("银行", "bank")
_CHANGED = Bilingual(
    "{bank}：{both} 笔存量贷款中 {changed:.0%} 的“{name}”与上月不同",
    "{bank}: {changed:.0%} of {both} loans of the month before have another code now: {name}",
)
_NEW = Bilingual(
    "{bank}：{new} 笔新贷款的“{name}”与其存量贷款不同，PSI {psi:.2f}",
    "{bank}: the codes of {new} new loans differ from those of its others, PSI {psi:.2f}: {name}",
)
_TITLE = Bilingual("各银行的代码", "Codes of each bank")
_NOTE = Bilingual(
    "与上一个公布月份比较。产品、还款方式和用途在发放时约定，银行整批改变多半是代码对调或改版。",
    "Compared with the published month before. Product, method and use are agreed at the grant: where those of many "
    "loans of a bank change at once, its codes have most likely been swapped or renumbered.",
)


def check_codes(
    loans: pl.DataFrame, before: pl.DataFrame | None, limits: CodeLimits, importance: Mapping[str, float] | None = None
) -> tuple[ReportTable, list[Finding]]:
    """Compare the agreed codes of each bank's loans with those of the published month before.

    Args:
        loans: the month's loans, as `serving.monitor.drift.scored_loans` gives them.
        before: those of the month before; None where there is none.
        limits: the bounds.
        importance: the share of each feature in the score.

    Returns:
        The table `codes` with a row for each bank and code: `both` (loans of both months), `changed` (the share of
        these whose code differs), `new` (loans) and `psi` (of their codes against those of the month before); and
        the findings.
    """
    rows = [] if before is None else list(code_rows(loans, before, limits))
    findings = []
    for row in rows:
        name = _BANK_WORDS if row["code"] == "bank" else feature_label(row["code"])
        subject = f"{row['code']}:{row['bank']}"
        values, of_code = {**row, "name": name}, (importance or {}).get(row["code"], 0.0)
        if row["old"] == "beyond":
            findings.append(
                Finding("codes_changed", in_words(_CHANGED, **values), row["changed"], limits.changed, subject, of_code)
            )
        if row["fresh"] == "beyond":
            findings.append(Finding("new_codes", in_words(_NEW, **values), row["psi"], row["bound"], subject, of_code))
    return _code_table(rows), findings


def code_rows(loans: pl.DataFrame, before: pl.DataFrame, limits: CodeLimits) -> Iterator[dict[str, Any]]:
    """The cells of the table `codes`, by bank of the month before and code."""
    names = [name for name in (*AGREED_CODES, "bank") if name in loans.columns and name in before.columns]
    both = before.select("loan_id", *names).join(loans.select("loan_id", *names), on="loan_id", suffix=" now")
    fresh = loans.join(before, on="loan_id", how="anti")
    for (bank,), of_bank in both.group_by("bank", maintain_order=True):
        for name in names:
            differs = (pl.col(name) != pl.col(f"{name} now")).fill_null(False)
            changed = float(of_bank.select(differs.mean()).item())
            row = {"bank": str(bank), "code": name, "both": of_bank.height, "changed": changed}
            enough = of_bank.height >= limits.least_loans
            row["old"] = "few" if not enough else "beyond" if changed > limits.changed else "fine"
            yield {**row, **_new_loans(fresh.filter(bank=bank), of_bank, name, enough, limits)}


def _new_loans(
    fresh: pl.DataFrame, old: pl.DataFrame, name: str, enough: bool, limits: CodeLimits
) -> Mapping[str, Any]:
    """The cells on a bank's new loans, against those it had in the month before."""
    if name == "bank" or not enough or fresh.height < limits.least_loans:
        return {"new": fresh.height, "psi": None, "bound": None, "fresh": "few"}
    bins = bins_of(old[name], list(FEATURES[name].unit.codes))
    counts = [bins.counts_of(each[name]) for each in (old, fresh)]
    used = sum(1 for both in zip(*counts, strict=True) if any(both))
    # Half a loan more of each code: with few loans, one of a rare code is no drift.
    shares = [[(number + 0.5) / (sum(of) + 0.5 * len(of)) for number in of] for of in counts]
    index = psi(*shares)
    bound = limits.new_loans_psi + psi_by_chance(used, fresh.height)
    return {"new": fresh.height, "psi": index, "bound": bound, "fresh": "beyond" if index > bound else "fine"}


def _code_table(rows: list[dict[str, Any]]) -> ReportTable:
    codes = dict.fromkeys(("bank", "code", "old", "fresh"), pl.String)
    numbers = {"both": pl.Int64, "changed": pl.Float64, "new": pl.Int64, "psi": pl.Float64, "bound": pl.Float64}
    labels = {name: feature_label(name) for name in AGREED_CODES} | {"bank": _BANK_WORDS}
    return ReportTable(
        "codes",
        Bilingual("代码", "Codes"),
        _TITLE,
        (
            text("bank", "银行", "Bank"),
            words("label", "代码", "Code"),
            count("both", "存量贷款", "Loans of both months"),
            share("changed", "与上月不同", "Changed"),
            words("kept", "存量", "Old loans"),
            count("new", "新贷款", "New loans"),
            number("psi", "PSI", "PSI"),
            words("like", "新贷款", "New loans"),
        ),
        pl.DataFrame(rows, {**codes, **numbers}).with_columns(
            *code_word_columns("code", "label", labels),
            *code_word_columns("old", "kept", VERDICT_WORDS),
            *code_word_columns("fresh", "like", VERDICT_WORDS),
        ),
        note=_NOTE,
        missing=Bilingual("–", "–"),
    )
