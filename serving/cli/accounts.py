"""The commands of the desk: people, audit, cases, backup and restore. Each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import VAR, Data, Json, now, print_json, who

if TYPE_CHECKING:
    from serving.access.accounts import Account

commands = typer.Typer()
user = typer.Typer(help="人员: accounts, one-time links and keys.", no_args_is_help=True)
audit = typer.Typer(help="审计: who saw and changed what; verify the chain.", no_args_is_help=True)
cases = typer.Typer(help="走访单: what came of the visits.", no_args_is_help=True)
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
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """添加人员: an account, and its one-time sign-in link."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    asked = people.account(name, role, bank, area)
    with database_of(data).writing() as session:
        people.add(session, asked, now())
    token = _linked(data, "lights user add", asked)
    _print_link(data, token, as_json)


@user.command("list")
def user_list(data: Data = VAR, as_json: Json = False) -> None:
    """人员名单: everybody who may sign in."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    names = ("name", "role", "bank", "area", "active")
    with database_of(data).reading() as session:
        rows = [{name: getattr(person, name) for name in names} for person in people.everybody(session)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            print("  ".join(str("-" if row[name] is None else row[name]) for name in names))


@user.command("disable")
def user_disable(name: Name, data: Data = VAR) -> None:
    """停用: nothing of theirs lets anybody in from now on."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).writing() as session:
        people.disable(session, people.person_named(session, name))
    _left(data, "lights user disable", name)


@user.command("enable")
def user_enable(name: Name, data: Data = VAR) -> None:
    """启用: the account may sign in again."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).writing() as session:
        people.enable(people.person_named(session, name))
    _left(data, "lights user enable", name)


@user.command("reset")
def user_reset(name: Name, data: Data = VAR, as_json: Json = False) -> None:
    """重置: password and sessions end; a new one-time link."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of
    from serving.settings import settings_of

    with database_of(data).writing() as session:
        person = people.person_named(session, name)
        token = people.reset(session, person, now(), settings_of(data).link_hours)
    _left(data, "lights user reset", name)
    _print_link(data, token, as_json)


@user.command("key")
def user_key(
    name: Name,
    label: Annotated[str, typer.Option("--label", help="what it is for")] = "command line",
    data: Data = VAR,
) -> None:
    """密钥: a key for a program, printed this once."""
    from serving.access import accounts as people
    from serving.audit.command_line import database_of

    with database_of(data).writing() as session:
        key = people.give_key(session, people.person_named(session, name), label, now())
    _left(data, "lights user key", name)
    print(key)


@audit.command("verify")
def audit_verify(data: Data = VAR, as_json: Json = False) -> None:
    """校验: walk the chain, and compare the heads that were kept."""
    from features.messages import Refused
    from serving.audit.command_line import database_of
    from serving.audit.log import kept_heads, verify

    with database_of(data).reading() as session:
        found = verify(session, kept_heads(data))
    if found.fault:
        raise Refused(found.fault.zh, found.fault.en)
    if as_json:
        print_json(found)
    else:
        print(f"审计链完整 / the chain holds: {found.entries} 条 entries, {found.head.number} {found.head.hash}")


@audit.command("export")
def audit_export(
    out: Annotated[Path, typer.Option("--out", help="file to write, a line of JSON for each entry")], data: Data = VAR
) -> None:
    """导出审计: every entry, oldest first."""
    from serving.audit.command_line import database_of, leave
    from serving.audit.log import Action, exported

    with database_of(data).reading() as session, out.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in exported(session))
    leave(data, who(), now(), Action.EXPORT, "lights audit export")
    print(out)


@audit.command("prune")
def audit_prune(data: Data = VAR) -> None:
    """清理: delete entries older than the policy keeps (3 years at the least); the chain goes on behind an anchor."""
    from serving.audit.command_line import database_of, leave
    from serving.audit.log import Action, prune
    from serving.settings import settings_of

    with database_of(data).writing() as session:
        gone = prune(session, settings_of(data).audit_years, now())
    leave(data, who(), now(), Action.CHANGE, "lights audit prune", entries=gone)
    print(f"{gone} 条 entries")


@cases.command("export")
def cases_export(
    out: Annotated[Path, typer.Option("--out", help="Parquet or CSV file to write")], data: Data = VAR
) -> None:
    """导出结果: each case's light, the officer's judgement and the outcome, as labels for analysis."""
    from serving.audit.command_line import database_of, leave
    from serving.audit.log import Action
    from serving.cases.outcomes import outcomes

    with database_of(data).reading() as session:
        frame = outcomes(session)
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_csv(out) if out.suffix == ".csv" else frame.write_parquet(out)
    leave(data, who(), now(), Action.EXPORT, "lights cases export", cases=frame.height)
    print(f"{out}: {frame.height} x {frame.width}")


@cases.command("overrides")
def cases_overrides(data: Data = VAR, as_json: Json = False) -> None:
    """改判统计: officer against light, and who was right by the months that followed."""
    from serving.audit.command_line import database_of
    from serving.cases.outcomes import outcomes, overrides
    from serving.months.data_folder import Store
    from serving.months.repository import Published

    with database_of(data).reading() as session:
        counted = overrides(outcomes(session), Published(Store(data)))
    if as_json:
        print_json(counted.to_dicts())
    else:
        print("\n".join("  ".join(map(str, row)) for row in (counted.columns, *counted.rows())))


@commands.command()
def backup(file: Annotated[Path, typer.Argument(help="file to write")], data: Data = VAR) -> None:
    """备份: everything that is kept, in one file."""
    from serving.audit.command_line import leave
    from serving.audit.log import Action
    from serving.cli.backup import backup as write_backup
    from serving.settings import settings_of

    files = write_backup(settings_of(data), file)
    leave(data, who(), now(), Action.EXPORT, "lights backup", files=files)
    print(f"{file}: {files} 个文件 files")


@commands.command()
def restore(file: Annotated[Path, typer.Argument(help="backup to read")], data: Data = VAR) -> None:
    """恢复: a backup into a new data folder, every file checked."""
    from serving.audit.command_line import leave
    from serving.audit.log import Action
    from serving.cli.backup import restore as read_backup

    files = read_backup(file, data)
    leave(data, who(), now(), Action.CHANGE, "lights restore", files=files)
    print(f"{data}: {files} 个文件 files")


def _linked(data: Path, command: str, asked: Account) -> str:
    from serving.access import accounts as people
    from serving.audit.command_line import database_of
    from serving.settings import settings_of

    with database_of(data).writing() as session:
        token = people.link(session, people.person_named(session, asked.name), now(), settings_of(data).link_hours)
    _left(data, command, asked.name, role=asked.role.value, bank=asked.bank, area=asked.area)
    return token


def _left(data: Path, command: str, name: str, **detail: object) -> None:
    from serving.audit.command_line import leave
    from serving.audit.log import Action

    leave(data, who(), now(), Action.CHANGE, command, person=name, **detail)


def _print_link(data: Path, token: str, as_json: bool) -> None:
    """The address to open once; where the service has no public one, its path."""
    from serving.settings import settings_of

    path = f"/sign-in?token={token}"
    url = f"{(settings_of(data).public_url or 'http://127.0.0.1:8000').rstrip('/')}{path}"
    if as_json:
        print_json({"url": url, "path": path, "token": token})
    else:
        print(f"一次性登录 / sign in once: {url}")
