"""The command of the household ledger: one household in the terminal, or every household in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    AsOfOrNewestOption,
    DataOption,
    JsonOption,
    current_os_user,
    print_json,
    print_lines,
    reader_languages,
    utc_now,
)
from features.messages import Bilingual, Line

if TYPE_CHECKING:
    from serving.household_ledger.ledger_basis import LedgerBasis
    from serving.schemas.ledger_answers import HouseholdLedgerAnswer, LedgerMove, LedgerRating

commands = typer.Typer()
_SUFFIXES = (".parquet", ".csv", ".xlsx")


@commands.command("ledger")
def ledger_command(
    household: Annotated[
        str | None,
        typer.Option(
            "--household",
            metavar="HOUSEHOLD",
            help="一户：农户编号，或交付时所用的身份证号 / "
            "one household: household_id, or the identity number it was delivered with",
        ),
    ] = None,
    as_of: AsOfOrNewestOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="全部农户写入该文件，每户一行：.parquet、.csv 或 .xlsx / "
            "every household to this file, a row each: .parquet, .csv or .xlsx",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """台账：每户的评级、额度和用信 / Tell every household's grade, limit and drawings, borrower or not.

    未发布的日期按已装载的数据计算 / A day that is not published is computed from the data loaded by now.
    """
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.household_ledger.ledger_basis import ledger_basis
    from serving.household_ledger.one_household import household_ledger
    from serving.months.data_folder import DataFolder

    if (household is None) == (out is None):
        raise typer.BadParameter(
            "--household 与 --out 选其一 / --household or --out, one of the two", param_hint="--household"
        )
    if out is not None and out.suffix not in _SUFFIXES:
        raise typer.BadParameter("应为 .parquet、.csv 或 .xlsx / should be .parquet, .csv or .xlsx", param_hint="--out")
    store = DataFolder(data)
    basis = ledger_basis(store, as_of)
    if household is not None:
        answer = household_ledger(basis, store.stored_id(household))
        detail = {"household_id": answer.household_id, "as_of": answer.as_of}
        audit_command(data, current_os_user(), utc_now(), AuditAction.LOOK, "lights ledger", **detail)
        print_json(answer.model_dump(mode="json")) if as_json else print_lines(ledger_lines(answer))
        return
    if out is not None:
        count = _write_ledger(basis, out)
        detail = {"as_of": basis.as_of, "households": count}
        audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights ledger", **detail)
        print_lines([Bilingual(f"{out}：{count} 户，{basis.as_of}", f"{out}: {count} households, {basis.as_of}")])


def _write_ledger(basis: LedgerBasis, out: Path) -> int:
    """Write every household to a file; how many they are. Raises UserError where nothing is loaded."""
    from features.atomic_files import write_bytes
    from features.messages import UserError
    from serving.household_ledger.county_ledger import ledger_rows
    from serving.household_ledger.tables import household_table
    from serving.portfolio.outcomes import LoanOutcomes
    from serving.reports.csv import csv_file
    from serving.reports.excel import workbook

    if not basis.data_ledger.commits:
        folder = basis.store.folder
        raise UserError(f"{folder} 中尚未装载任何数据。", f"Nothing has been loaded into {folder}.")
    rows = ledger_rows(basis.ledger_on(basis.as_of, basis.tables()), basis)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".parquet":
        rows.drop("row_number").write_parquet(out)
        return rows.height
    table = household_table(rows, LoanOutcomes(basis.data_ledger, basis.as_of).place_names)
    language = reader_languages()[0]
    write_bytes(csv_file(table, language) if out.suffix == ".csv" else workbook([table], language, utc_now()), out)
    return rows.height


def ledger_lines(answer: HouseholdLedgerAnswer) -> Iterator[Line]:
    """The ledger of one household, line by line."""
    from serving.household_ledger.words import NOT_PUBLISHED

    yield f"{answer.household_id}  {answer.as_of}  {answer.place or ''}".rstrip()
    yield from (Bilingual(f"! {note.zh}", f"! {note.en}") for note in answer.notes)
    if not answer.published:
        yield Bilingual(f"! {NOT_PUBLISHED.zh}", f"! {NOT_PUBLISHED.en}")
    yield Bilingual(
        f"{answer.type_zh}；{answer.age_zh}；{answer.listed_zh}",
        f"{answer.type_en}; {answer.age_en}; {answer.listed_en}",
    )
    yield Bilingual(answer.loans_zh, answer.loans_en)
    for rating in answer.ratings:
        yield from _rating_lines(rating)
    if answer.rate_longer is not None:
        yield Bilingual(
            f"利率上限（已减优惠）：一年内 {answer.rate_one_year:.2%}，一年以上 {answer.rate_longer:.2%}",
            f"Highest rate less discount: {answer.rate_one_year:.2%} up to a year, {answer.rate_longer:.2%} beyond",
        )
    for move in answer.moves:
        yield from _move_lines(move)
    yield Bilingual(
        f"按时还款：有应还款的 {answer.years_with_dues} 年中 {answer.punctual_years} 年全部按时",
        f"Paid on time: all of it in {answer.punctual_years} of {answer.years_with_dues} years with dues",
    )
    risk = answer.at_risk
    yield Bilingual(
        f"可能失去：尚待贴息 {risk.subsidy_to_come:,.2f} 元；挪用则为{risk.if_diverted.grade_zh}，"
        f"剩余额度减少 {_yuan(risk.if_diverted.headroom_lost)} 元；"
        f"降为最低等级则减少 {_yuan(risk.if_poor.headroom_lost)} 元",
        f"At risk: subsidy to come {risk.subsidy_to_come:,.2f} yuan; a diverted use makes it "
        f"{risk.if_diverted.grade_en}, {_yuan(risk.if_diverted.headroom_lost)} yuan less to draw; the lowest grade, "
        f"{_yuan(risk.if_poor.headroom_lost)} yuan less",
    )
    for loan in answer.loans:
        yield Bilingual(
            f"  {loan.loan_id} {loan.product_zh} {loan.state_zh}：授信 {loan.principal:,.2f}，"
            f"已用 {loan.outstanding_principal:,.2f}，到期 {loan.expires_on}",
            f"  {loan.loan_id} {loan.product_en} {loan.state_en}: granted {loan.principal:,.2f}, "
            f"drawn {loan.outstanding_principal:,.2f}, expires {loan.expires_on}",
        )
    for day in answer.history:
        points = "–" if day.points is None else f"{day.points:g}"
        yield Bilingual(f"  {day.as_of}  {day.grade_zh}  {points}", f"  {day.as_of}  {day.grade_en}  {points}")


def _rating_lines(rating: LedgerRating) -> Iterator[Line]:
    points = "–" if rating.points is None else f"{rating.points:g}"
    yield Bilingual(
        f"{rating.zh}：{rating.grade_zh}（{points} 分）", f"{rating.en}: {rating.grade_en} ({points} points)"
    )
    for line in rating.lines:
        earned = "–" if line.points is None else f"{line.points:g}"
        most = f" / {line.of:g}" if line.of else ""
        yield Bilingual(
            f"  {line.zh}：{line.value_zh}  {earned}{most}", f"  {line.en}: {line.value_en}  {earned}{most}"
        )
    if rating.limit is not None:
        above = rating.above_limit or 0
        yield Bilingual(
            f"  额度 {rating.limit:,.0f}，{rating.products_zh}已用 {rating.drawn:,.2f}，剩余 {_yuan(rating.headroom)}"
            + (f"；超出额度 {above:,.2f}" if above else ""),
            f"  limit {rating.limit:,.0f}, drawn of {rating.products_en} {rating.drawn:,.2f}, "
            f"left {_yuan(rating.headroom)}" + (f"; above the limit by {above:,.2f}" if above else ""),
        )


def _move_lines(move: LedgerMove) -> Iterator[Line]:
    yield Bilingual(move.zh, move.en)
    for line in move.lines:
        before, after = ("–" if points is None else f"{points:g}" for points in (line.before, line.after))
        yield Bilingual(f"  {line.zh}：{before} → {after}", f"  {line.en}: {before} → {after}")


def _yuan(amount: float | None) -> str:
    return "–" if amount is None else f"{amount:,.2f}"
