"""The commands of deliveries, features, rules and policies, one household's explanation, and the service.

Each imports what it needs when it is called.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    AsOfOption,
    AsOfOrNewestOption,
    DataOption,
    JsonOption,
    county_today,
    current_os_user,
    parse_day,
    print_json,
    print_lines,
    progress_printer,
    reader_languages,
    record_run,
    utc_now,
)
from features.messages import Bilingual, UserError

if TYPE_CHECKING:
    from features.ledger.ledger import Ledger
    from serving.months.data_folder import DataFolder

commands = typer.Typer()


@commands.command("load")
def load_command(
    inbox: Annotated[
        Path,
        typer.Argument(
            help="交付文件所在的文件夹：CSV、Parquet、XLSX 或 XLS / "
            "folder with the delivered files: CSV, Parquet, XLSX or XLS"
        ),
    ],
    delivered_on: Annotated[
        date | None,
        typer.Option(
            "--delivered-on",
            parser=parse_day,
            metavar="DAY",
            help="交付日，用作没有知悉日（known_on）的行的知悉日；默认为今天 / "
            "day of the delivery, for rows without known_on; today by default",
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            "--columns", help="列映射（TOML），由 lights columns 生成 / column map (TOML), as lights columns writes it"
        ),
    ] = None,
    corrections: Annotated[
        bool,
        typer.Option(
            "--corrections",
            help="允许更正行把还款、贷款、成员等改记到另一户或另一笔 / "
            "let corrected rows move a payment, loan or member to another owner",
        ),
    ] = False,
    remove_loaded: Annotated[
        bool, typer.Option("--remove-loaded", help="装载后删除已接收的文件 / delete the files that were taken in")
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """装载：核对一次交付并接收 / Check a delivery and take it in."""
    from dataclasses import replace

    from features.contract.pseudonym import load_pseudonyms
    from features.delivery.column_map import read_column_map
    from features.loading.load import LoadOptions
    from features.loading.load import load as load_inbox
    from features.loan_checks import findings_of_delivery
    from features.snapshot.life_rules import BAD_AFTER_DAYS, LifeRules
    from serving.cli.output import load_lines

    loading = LoadOptions(
        delivered_on or day_of_delivery(store_of(data).ledger),
        read_column_map(columns),
        load_pseudonyms(data),
        report_progress=progress_printer(),
        corrections=corrections,
    )
    policies = store_of(data).policies

    def rules_on(day: date) -> LifeRules:
        """The rules of the policy of a day; for a day before the first policy, those of the first."""
        return policies.in_force(max(day, policies.policies[0].since)).life_rules(BAD_AFTER_DAYS)

    with record_run(data, "load", inbox=str(inbox)) as results:
        before = len(store_of(data).ledger.commits)
        report = load_inbox(inbox, store_of(data).ledger, loading)
        findings = findings_of_delivery(store_of(data).ledger, before, rules_on)
        report = replace(report, loan_findings=tuple(findings.to_dicts()))
        if remove_loaded:
            for file in report.files_taken_in:
                (inbox / file).unlink(missing_ok=True)
        refused_files = sum(1 for file in report.files if file.refused)
        results |= {"data_version": report.data_version, "files": len(report.files), "refused_files": refused_files}
        for name, is_refused in (("file_names", False), ("refused_file_names", True)):
            files = dict.fromkeys(file.file for file in report.files if bool(file.refused) == is_refused)
            results |= {name: ", ".join(files)} if files else {}
        tables = {file.file: file.table for file in report.files if file.refused}
        results |= {"refused_tables": ", ".join(tables.values())} if any(tables.values()) else {}
        waiting = [file.file for file in report.files if file.too_many_waiting]
        results |= {"waiting_file_names": ", ".join(waiting)} if waiting else {}
        results |= {"outcome": "refused" if report.has_refused_files else "done"}
    _audit(data, "CHANGE", "lights load", data_version=report.data_version)
    if as_json:
        print_json(report)
    else:
        print_lines(load_lines(report))
    raise typer.Exit(1 if report.needs_action else 0)


def day_of_delivery(ledger: Ledger) -> date:
    """Today, for a delivery whose day is not named. Raises UserError where the ledger has a later one.

    Rows without known_on would be known before what was loaded earlier, and published months would no longer be what
    features as of their day are.
    """
    today = county_today()
    newest = max((commit.delivered_on for commit in ledger.commits), default=today.isoformat())
    if newest > today.isoformat():
        raise UserError(
            f"系统日期 {today} 早于最近一次交付日 {newest}；请检查时钟，或用 --delivered-on 指明交付日。",
            f"The system's date {today} is before the newest delivery of {newest}; check the clock, or name the day of "
            "delivery with --delivered-on.",
        )
    return today


@commands.command("templates")
def templates_command(
    out: Annotated[Path, typer.Option("--out", help="写入的文件夹 / folder to write to")],
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="表名，如 loans；默认为全部 / tables, such as loans; all of them by default"),
    ] = None,
) -> None:
    """空白表：每张表一个空白工作簿，供银行填写 / Write an empty workbook for each table, to hand to a bank."""
    from features.atomic_files import write_bytes
    from features.contract.tables import TABLES
    from features.delivery.table_forms import table_form
    from features.delivery.template_workbook import template_name, template_workbook
    from features.messages import spelling_hint

    for name in tables or ():
        if name not in TABLES:
            hint = spelling_hint(name, TABLES)
            raise UserError(f"没有表 '{name}'。{hint.zh}", f"There is no table {name!r}. {hint.en}")
    for name in tables or TABLES:
        form = table_form(name)
        path = out / template_name(form)
        write_bytes(template_workbook(form), path)
        print_lines([Bilingual(f"{path}：{form.meaning.zh}", f"{path}: {form.meaning.en}")])


@commands.command("quarantine")
def quarantine_command(
    bank: Annotated[str | None, typer.Option("--bank", help="只列一家银行的行 / rows of this bank alone")] = None,
    since: Annotated[
        date | None,
        typer.Option(
            "--since",
            parser=parse_day,
            metavar="DAY",
            help="只列该日及以后交付的行 / rows delivered on the day or later",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="写入的 Excel 文件：原样列出各行，每家银行一张工作表 / "
            "Excel file to write: the rows as delivered, a sheet for each bank",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """隔离区：未装载的行，附行号和原因 / List the rows that were not loaded, with line and reason."""
    from features.atomic_files import write_bytes
    from features.loading.quarantine_list import list_quarantine
    from serving.cli.output import quarantine_lines
    from serving.reports.quarantine_book import quarantine_book

    rows = list_quarantine(store_of(data).ledger, bank, since)
    if out is not None:
        write_bytes(quarantine_book(rows, utc_now()), out)
    _audit(data, "EXPORT" if out else "LIST", "lights quarantine", bank=bank or "", rows=str(rows.height))
    if as_json:
        print_json(rows.to_dicts())
    else:
        print_lines(quarantine_lines(rows))


@commands.command("columns")
def columns_command(
    files: Annotated[list[Path], typer.Argument(help="交付的文件 / delivered files")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="写入的 TOML 文件；默认显示在屏幕上 / TOML file to write; standard output by default"
        ),
    ] = None,
) -> None:
    """列映射：交付文件所需的列映射，须由人回答的列为问题 / Suggest the column map that delivered files need.

    尚有问题未答时退出码为 3 / Exit 3 while a question is open.
    """
    from features.atomic_files import write_text
    from features.delivery.suggest_map import suggest_map

    suggested = suggest_map(files)
    if out is None:
        print(suggested.text, end="")
    else:
        write_text(suggested.text, out)
        open_questions = suggested.questions
        print_lines([Bilingual(f"{out}：待答的问题 {open_questions}", f"{out}: {open_questions} open questions")])
    raise typer.Exit(3 if suggested.questions else 0)


@commands.command("features")
def features_command(
    as_of: AsOfOption,
    out: Annotated[Path, typer.Option("--out", help="写入的 Parquet 文件 / Parquet file to write")],
    loans: Annotated[
        str,
        typer.Option(
            "--loans", help="全部未结贷款，或当月队列 / all open loans, or the cohort of the day", metavar="open|cohort"
        ),
    ] = "open",
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """特征：某一月末每笔贷款的全部特征 / Write all features as of a day, a row for each loan."""
    from features.compute import Population, features_at
    from features.messages import UserError
    from features.missing_data import missing_data_lines
    from features.snapshot.life_rules import BAD_AFTER_DAYS

    if loans not in tuple(Population):
        raise typer.BadParameter("应为 open 或 cohort / should be open or cohort", param_hint="--loans")
    ledger = store_of(data).ledger
    if not ledger.commits:
        raise UserError(f"{data} 中尚未装载任何数据。", f"Nothing has been loaded into {data}.")
    rows = ledger.tables()
    frame = features_at(
        as_of, rows, Population(loans), store_of(data).policies.in_force(as_of).life_rules(BAD_AFTER_DAYS)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(out)
    _audit(data, "EXPORT", "lights features", as_of=as_of, loans=frame.height)
    print_lines((f"{out}: {frame.height} x {frame.width}", *missing_data_lines(frame, rows, as_of)))


@commands.command("rules")
def rules_command(
    table: Annotated[
        Path | None,
        typer.Argument(
            help="本县的规则表（TOML），核对后启用 / a county's own rule table (TOML), to be checked and put in use"
        ),
    ] = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_day,
            metavar="DAY",
            help="该日有效的规则；默认为今天 / rules in force on this day; today by default",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """规则：显示在用规则，或启用本县的规则表 / Show the rules in use, or put a county's own in use."""
    from models.traffic_light.decision_table import decision_table

    store, day = store_of(data), as_of or county_today()
    if table is not None:
        store.replace_rules(table, day)
    print(decision_table(store.rules.in_force(day), store.policies.in_force(day).actions), end="")


@commands.command("policy")
def policy_command(
    table: Annotated[
        Path | None,
        typer.Argument(
            help="本县的政策数值（TOML），核对后启用 / "
            "a county's own policy numbers (TOML), to be checked and put in use"
        ),
    ] = None,
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_day,
            metavar="DAY",
            help="该日有效的政策；默认为今天 / policy in force on this day; today by default",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """政策：显示在用政策数值，或启用本县的 / Show the policy numbers in use, or put a county's own in use."""
    from models.county_policy.document import policy_document

    store, day = store_of(data), as_of or county_today()
    if table is not None:
        store.replace_policies(table, day)
    print(policy_document([store.policies.in_force(day)]), end="")


@commands.command("explain")
def explain_command(
    household: Annotated[
        str,
        typer.Argument(
            help="农户编号，或交付时所用的身份证号 / household_id, or the identity number it was delivered with"
        ),
    ],
    as_of: AsOfOrNewestOption = None,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang", metavar="zh|en", help="输出的语言；默认为读者的 / language of the answer; the reader's by default"
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """解释：一户的灯、原因和可行的改善 / Explain one household's lights and what would turn them green."""
    from serving.cli.output import explanation_lines
    from serving.explain.household import household_explanation
    from serving.months.repository import MonthRepository

    if lang not in ("zh", "en", None):
        raise typer.BadParameter("应为 zh 或 en / should be zh or en", param_hint="--lang")
    store = store_of(data)
    explained = household_explanation(MonthRepository(store).month(as_of), store, store.stored_id(household))
    _audit(data, "LOOK", "lights explain", household_id=explained.household_id, as_of=explained.as_of)
    if as_json:
        print_json(explained.model_dump(mode="json"))
    else:
        print("\n".join(explanation_lines(explained, lang or reader_languages()[0])))


@commands.command("serve")
def serve_command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口 / port")] = 8000,
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="监听的地址；本机以外须经 HTTPS / address to listen on; beyond this machine over HTTPS alone",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="共用端口的进程数 / processes that share the port")] = 1,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """服务：网页与接口，供有账户的人员使用 / Serve pages and interface to people with an account."""
    from serving.server import serve as serve_web
    from serving.settings import settings_of

    settings = settings_of(data)
    here = settings if host is None else settings.model_copy(update={"host": host})
    serve_web(store_of(data), here, port, workers)


def _audit(data: Path, action: str, command: str, **detail: object) -> None:
    """The user at the machine is trusted, and leaves a trail as everybody does."""
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction

    audit_command(data, current_os_user(), utc_now(), AuditAction[action], command, **detail)


def store_of(data: Path) -> DataFolder:
    """The data folder at a path."""
    from serving.months.data_folder import DataFolder

    return DataFolder(data)
