"""The commands of news between month ends."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    DataOption,
    JsonOption,
    county_today,
    current_os_user,
    parse_day,
    print_json,
    print_lines,
    progress_bar,
    record_run,
    utc_now,
)

commands = typer.Typer()


@commands.command("watch")
def watch_command(
    as_of: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_day,
            metavar="DAY",
            help="预警动态的日期；默认为今天 / day of the news; today by default",
        ),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """预警动态：月末之间按当日事实重新评灯，列出灯色变动的贷款 / Judge all loans as of a day; list lights that moved.

    已发布的月份不变；随后向登记的推送地址发送 / The published month stays as it is; webhooks then get the news.
    """
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.batch.news_run import watch
    from serving.batch.plan import delivered_loan_count
    from serving.cli.output import news_lines
    from serving.cli.webhooks import deliver_news, delivery_lines
    from serving.months.data_folder import DataFolder
    from serving.settings import settings_of

    store, day = DataFolder(data), as_of or county_today()
    with (
        record_run(data, "watch", as_of=day) as results,
        progress_bar(delivered_loan_count(store.ledger), "笔 / loans") as advance,
    ):
        manifest = watch(store, day, current_os_user(), utc_now(), advance)
        results |= {"edition": manifest.edition, "rows": manifest.rows, "data_version": manifest.data_version}
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights watch", as_of=str(day))
    counts = deliver_news(data, settings_of(data).webhook_watch_seconds)
    if as_json:
        print_json(manifest)
    else:
        print_lines([*news_lines(manifest), *delivery_lines(counts)])
