"""The commands of accounts, audit and cases. Each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    DataOption,
    JsonOption,
    current_os_user,
    print_json,
    print_lines,
    utc_now,
)
from features.messages import Bilingual

if TYPE_CHECKING:
    pass

commands = typer.Typer()
user = typer.Typer(
    help="人员：账户、一次性链接和密钥 / Manage accounts, one-time links and keys.", no_args_is_help=True
)
audit = typer.Typer(
    help="审计：何人查看、更改了什么；校验审计链 / Show who saw and changed what; verify the chain.",
    no_args_is_help=True,
)
cases = typer.Typer(help="走访处置单：走访的结果 / Export and count what came of the visits.", no_args_is_help=True)
commands.add_typer(user, name="user")
commands.add_typer(audit, name="audit")
commands.add_typer(cases, name="cases")
Name = Annotated[str, typer.Argument(help="账户名 / account name")]


@user.command("add")
def user_add(
    name: Name,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="角色：officer 信贷员、cadre 乡村干部、clerk 数据员、county_official 县级部门、analyst 分析员、"
            "auditor 审计员、administrator 管理员 / "
            "role: officer, cadre, clerk, county_official, analyst, auditor or administrator",
        ),
    ],
    bank: Annotated[
        str | None,
        typer.Option(
            "--bank", help="信贷员所在银行，只能看到该行的贷款 / the bank of an officer, who sees its loans alone"
        ),
    ] = None,
    area: Annotated[
        str | None,
        typer.Option(
            "--area", help="乡村干部的区域：村代码的前几位 / the area of a cadre: the first digits of the village codes"
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """添加人员：账户及其一次性登录链接 / Add an account, and print its one-time sign-in link."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of
    from serving.months.data_folder import DataFolder
    from serving.settings import settings_of

    details = people.account_details(name, role, bank, area)
    people.check_bank(details, DataFolder(data).loaded_banks)
    with database_of(data).write_session() as session:
        person = people.create_account(session, details, utc_now())
        token = people.create_link(session, person, utc_now(), settings_of(data).link_hours)
    scope = {"role": details.role.value, "bank": details.bank, "area": details.area}
    _audit_change(data, "lights user add", name, **scope)
    _print_link(data, token, as_json)


@user.command("list")
def user_list(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """人员名单：全部账户 / List all accounts."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    names = ("name", "role", "bank", "area", "active")
    with database_of(data).read_session() as session:
        rows = [{name: getattr(person, name) for name in names} for person in people.all_people(session)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            print("  ".join(str("-" if row[name] is None else row[name]) for name in names))


@user.command("disable")
def user_disable(name: Name, data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """停用：该账户的密码、链接和密钥立即失效 / Disable an account: its password, links and keys end at once."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        people.disable_account(session, people.person_named(session, name), utc_now())
    _audit_change(data, "lights user disable", name)


@user.command("enable")
def user_enable(name: Name, data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """启用：该账户可再次登录 / Enable an account: it may sign in again."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        people.enable_account(people.person_named(session, name))
    _audit_change(data, "lights user enable", name)


@user.command("reset")
def user_reset(name: Name, data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """重置：密码和登录失效，给出新的一次性链接 / Reset an account: password and sessions end, a new link is printed."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of
    from serving.settings import settings_of

    with database_of(data).write_session() as session:
        person = people.person_named(session, name)
        token = people.reset_account(session, person, utc_now(), settings_of(data).link_hours)
    _audit_change(data, "lights user reset", name)
    _print_link(data, token, as_json)


@user.command("key")
def user_key(
    name: Name,
    label: Annotated[str, typer.Option("--label", help="用途 / what it is for")] = "command line",
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """密钥：供程序使用，只显示这一次 / Make a key for a program; it is printed this once."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        key = people.create_key(session, people.person_named(session, name), label, utc_now())
    _audit_change(data, "lights user key", name)
    print(key)


@audit.command("verify")
def audit_verify(
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads",
            help="另处保存的 audit_heads 副本的文件夹 / folder with copies of audit_heads that were kept elsewhere",
            exists=True,
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """校验：核对审计链和保存的链头 / Verify the chain, and compare the saved heads."""
    from features.messages import UserError
    from serving.audit.chain import verify_chain
    from serving.audit.command_line import database_of
    from serving.audit.heads import saved_heads

    with database_of(data).read_session() as session:
        check = verify_chain(session, saved_heads(data, heads))
    if check.fault:
        raise UserError(check.fault.zh, check.fault.en)
    if as_json:
        print_json(check)
    else:
        print_lines([check.summary])
        print(check.head.hash)


@audit.command("export")
def audit_export(
    out: Annotated[
        Path, typer.Option("--out", help="写入的文件，每条一行 JSON / file to write, a line of JSON for each entry")
    ],
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """导出审计：全部条目，由旧到新 / Export every entry, oldest first."""
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction, export_lines

    with database_of(data).read_session() as session, out.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in export_lines(session))
    audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights audit export")
    print(out)


@audit.command("prune")
def audit_prune(data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """清理：删除超过保存年限的条目，至少保存 3 年 / Delete entries older than are kept, 3 years at the least.

    审计链在锚点之后继续 / The chain goes on behind an anchor.
    """
    from serving.audit.command_line import database_of
    from serving.audit.log import machine_user, prune_entries
    from serving.settings import settings_of

    actor = machine_user(current_os_user())
    with database_of(data).write_session() as session:
        deleted = prune_entries(session, settings_of(data).audit_years, actor, utc_now())
    print_lines([Bilingual(f"已删除 {deleted} 条", f"{deleted} entries deleted")])


@cases.command("export")
def cases_export(
    out: Annotated[Path, typer.Option("--out", help="写入的 Parquet 或 CSV 文件 / Parquet or CSV file to write")],
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """导出结果：每张处置单的灯、信贷员判断和结果 / Export each case's light, judgement and outcome."""
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.cases.outcomes import case_outcomes

    with database_of(data).read_session() as session:
        frame = case_outcomes(session)
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_csv(out) if out.suffix == ".csv" else frame.write_parquet(out)
    audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights cases export", cases=frame.height)
    print(f"{out}: {frame.height} x {frame.width}")


@cases.command("overrides")
def cases_overrides(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """改判统计：信贷员与灯的分歧，以及后来谁对 / Count where officers overruled lights, and who was right later."""
    from serving.audit.command_line import database_of
    from serving.cases.outcomes import case_outcomes, override_counts
    from serving.months.data_folder import DataFolder
    from serving.months.repository import MonthRepository

    with database_of(data).read_session() as session:
        counts = override_counts(case_outcomes(session), MonthRepository(DataFolder(data)))
    if as_json:
        print_json(counts.to_dicts())
    else:
        print("\n".join("  ".join(map(str, row)) for row in (counts.columns, *counts.rows())))


@cases.command("visits")
def cases_visits(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="写入的 Parquet 文件；默认为数据文件夹中的 visits.parquet，供训练读取 / "
            "Parquet file to write; by default visits.parquet in the data folder, which training reads",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """走访表：每次走访的贷款和日期，不含其他内容 / Write loan and day of each visit, and nothing else.

    lights train 从数据文件夹读取它 / lights train reads it from the data folder.
    """
    from features.atomic_files import write_parquet
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.cases.outcomes import visit_days

    with database_of(data).read_session() as session:
        visits = visit_days(session)
    file = out or data / "visits.parquet"
    write_parquet(visits, file)
    audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights cases visits", visits=visits.height)
    print_lines([Bilingual(f"{file}：{visits.height} 次走访", f"{file}: {visits.height} visits")])


@cases.command("effect")
def cases_effect(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """走访成效：走访是否有效，按灯和走访统计，附区间 / Measure whether visits help, by light and with an interval.

    模型页显示测得的结果 / The model page shows what was measured.
    """
    from serving.audit.command_line import database_of
    from serving.cases.outcomes import visit_days
    from serving.cli.output import visit_effect_lines
    from serving.monitor.visit_effect import measure_visit_effect, save_visit_effect
    from serving.months.data_folder import DataFolder

    store = DataFolder(data)
    with database_of(data).read_session() as session:
        visits = visit_days(session)
    report = measure_visit_effect(store, visits, utc_now())
    save_visit_effect(store, report)
    if as_json:
        print_json(report.as_json())
    else:
        print_lines(visit_effect_lines(report.as_json()))


@commands.command("contacts")
def contacts_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV 或工作簿：农户、姓名、电话、村干部及其电话 / "
            "CSV or workbook: household, name, phone, village officer, their phone"
        ),
    ],
    remove: Annotated[
        bool,
        typer.Option("--remove", help="从通讯录移除文件中的农户 / remove the file's households from the address book"),
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """通讯录：读入农户的姓名和电话 / Take in names and phones of households."""
    from features.contract.pseudonym import load_pseudonyms
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.contacts.address_book import AddressBook, remove_contacts

    book = AddressBook(load_pseudonyms(data))
    read = book.read_file(file)
    entries = read.entries
    with database_of(data).write_session() as session:
        if remove:
            told = {"removed": remove_contacts(session, list(entries))}
        else:
            stored = book.store(session, entries, current_os_user(), utc_now())
            told = {"added": stored.added, "changed": stored.changed, "same": stored.same}
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights contacts", **told)
    if as_json:
        print_json(told)
    else:
        if read.unread:
            names = ", ".join(read.unread)
            print_lines([Bilingual(f"未读取的列：{names}", f"columns not read: {names}")])
        words = {"added": "新增", "changed": "更改", "same": "未变", "removed": "移除"}
        zh = "，".join(f"{words[name]} {count}" for name, count in told.items())
        print_lines([Bilingual(zh, ", ".join(f"{name} {count}" for name, count in told.items()))])


@commands.command("notice")
def notice_command(
    table: Annotated[
        Path | None,
        typer.Argument(help="本县的通知书和说明单格式（TOML） / a county's own form of notices and sheets (TOML)"),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """通知书：显示通知书格式，或启用本县的 / Show the form of notices, or put a county's own in use."""
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.contacts.notice_form import notice_form, replace_notice_form

    if table is not None:
        replace_notice_form(table, data)
        audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights notice")
    print(notice_form(data).model_dump_json(indent=1))


def _audit_change(data: Path, command: str, name: str, **detail: object) -> None:
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction

    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, command, person=name, **detail)


def _print_link(data: Path, token: str, as_json: bool) -> None:
    """Print the address of a one-time link; on this machine where the service has no public address."""
    from serving.settings import settings_of

    path = f"/sign-in?token={token}"
    url = f"{(settings_of(data).public_url or 'http://127.0.0.1:8000').rstrip('/')}{path}"
    if as_json:
        print_json({"url": url, "path": path, "token": token})
    else:
        print_lines([Bilingual(f"一次性登录：{url}", f"sign in once: {url}")])
