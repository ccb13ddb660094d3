"""The commands that back up, restore and verify a data folder. Each imports what it needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    DataOption,
    JsonOption,
    current_os_user,
    print_json,
    print_lines,
    record_run,
    utc_now,
)
from features.messages import Bilingual

commands = typer.Typer()


@commands.command("backup")
def backup_command(
    file: Annotated[Path, typer.Argument(help="写入的文件 / file to write")], data: DataOption = DEFAULT_DATA_FOLDER
) -> None:
    """备份：把全部数据存入一个文件 / Back up everything that is kept to one file."""
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.cli.backup import backup as write_backup
    from serving.settings import settings_of

    files = write_backup(settings_of(data), file)
    audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights backup", files=files)
    print_lines([Bilingual(f"{file}：{files} 个文件", f"{file}: {files} files")])


@commands.command("restore")
def restore_command(
    file: Annotated[Path, typer.Argument(help="要恢复的备份 / backup to read")], data: DataOption = DEFAULT_DATA_FOLDER
) -> None:
    """恢复：把备份恢复到新的数据文件夹，逐个核对文件 / Restore a backup to a new data folder, every file checked."""
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.cli.backup import restore as read_backup

    files = read_backup(file, data)
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights restore", files=files)
    print_lines([Bilingual(f"{data}：{files} 个文件", f"{data}: {files} files")])


@commands.command("upgrade")
def upgrade_command(data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """升级：把旧版程序的数据文件夹改成本版的格式 / Bring a data folder of an earlier release to this one's form.

    台账、已发布月份、模型和数据库；不丢数据，已发布的数值不变。请先备份：升级后旧版程序不能再打开数据库。 /
    Ledger, published months, models and database; nothing is lost and no published figure changes. Make a backup
    first: an earlier release does not open the database afterwards.
    """
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.cli.upgrade import upgrade_data
    from serving.settings import settings_of

    with record_run(data, "upgrade") as run:
        changes = 0
        for line in upgrade_data(settings_of(data), utc_now()):
            print_lines([line])
            changes += 1
        run["changes"] = changes
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights upgrade", changes=changes)
    if not changes:
        print_lines([Bilingual("数据已是本版本的格式。", "The data have this release's form already.")])


@commands.command("verify")
def verify_command(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """检查：逐个文件核对校验和，核对台账链和审计链 / Compare files with checksums, ledger and audit with their chains.

    有损坏时退出码为 3 / Exit 3 on a fault.
    """
    from serving.cli.verify import verify_data
    from serving.settings import settings_of

    found = verify_data(settings_of(data), utc_now())
    if as_json:
        print_json(found)
    else:
        print_lines([*found.faults, found.summary])
    if found.faults:
        raise typer.Exit(3)
