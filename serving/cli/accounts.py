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
user = typer.Typer(help="人员: accounts, one-time links and keys.", no_args_is_help=True)
audit = typer.Typer(help="审计: who saw and changed what; verify the chain.", no_args_is_help=True)
cases = typer.Typer(help="走访处置单: what came of the visits.", no_args_is_help=True)
commands.add_typer(user, name="user")
commands.add_typer(audit, name="audit")
commands.add_typer(cases, name="cases")
Name = Annotated[str, typer.Argument(help="account name")]


@user.command("add")
def user_add(
    name: Name,
    role: Annotated[str, typer.Option("--role", help="officer|cadre|county_official|analyst|auditor|administrator")],
    bank: Annotated[str | None, typer.Option("--bank", help="the bank whose loans exist for them")] = None,
    area: Annotated[str | None, typer.Option("--area", help="first digits of the village codes")] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """添加人员: an account, and its one-time sign-in link."""
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
    """人员名单: everybody who may sign in."""
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
    """停用: nothing of theirs lets anybody in from now on."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        people.disable_account(session, people.person_named(session, name), utc_now())
    _audit_change(data, "lights user disable", name)


@user.command("enable")
def user_enable(name: Name, data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """启用: the account may sign in again."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        people.enable_account(people.person_named(session, name))
    _audit_change(data, "lights user enable", name)


@user.command("reset")
def user_reset(name: Name, data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """重置: password and sessions end; a new one-time link."""
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
    label: Annotated[str, typer.Option("--label", help="what it is for")] = "command line",
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """密钥: a key for a program, printed this once."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).write_session() as session:
        key = people.create_key(session, people.person_named(session, name), label, utc_now())
    _audit_change(data, "lights user key", name)
    print(key)


@audit.command("verify")
def audit_verify(
    heads: Annotated[
        Path | None, typer.Option("--heads", help="folder with copies of audit_heads, kept elsewhere", exists=True)
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """校验: walk the chain, and compare the saved heads."""
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
    out: Annotated[Path, typer.Option("--out", help="file to write, a line of JSON for each entry")],
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """导出审计: every entry, oldest first."""
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction, export_lines

    with database_of(data).read_session() as session, out.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in export_lines(session))
    audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights audit export")
    print(out)


@audit.command("prune")
def audit_prune(data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """清理: delete entries older than the policy keeps (3 years at the least); the chain goes on behind an anchor."""
    from serving.audit.command_line import database_of
    from serving.audit.log import machine_user, prune_entries
    from serving.settings import settings_of

    actor = machine_user(current_os_user())
    with database_of(data).write_session() as session:
        deleted = prune_entries(session, settings_of(data).audit_years, actor, utc_now())
    print_lines([Bilingual(f"已删除 {deleted} 条", f"{deleted} entries deleted")])


@cases.command("export")
def cases_export(
    out: Annotated[Path, typer.Option("--out", help="Parquet or CSV file to write")],
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """导出结果: each case's light, the officer's judgement and the outcome, as labels for analysis."""
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
    """改判统计: officer against light, and who was right by the months that followed."""
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
        typer.Option("--out", help="Parquet file to write; visits.parquet in the data folder, for training"),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """走访表: loan and day of each visit, nothing else; lights train reads it from the data folder."""
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
    """走访成效: did visits help? By light and visit, and with an interval; the model page shows what was measured."""
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
    file: Annotated[Path, typer.Argument(help="CSV or workbook: household, name, phone, village officer, their phone")],
    remove: Annotated[
        bool, typer.Option("--remove", help="remove the file's households from the address book")
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """通讯录: names and phones of households."""
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
    table: Annotated[Path | None, typer.Argument(help="a county's own forms of notices and sheets (TOML)")] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """通知书: the form of notices; or a county's own."""
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
