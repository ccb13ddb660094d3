"""The commands of a month: score, replay, report, monitor, and the log of runs.

Each imports what it needs when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    AsOfOption,
    DataOption,
    JsonOption,
    MlflowUrl,
    county_today,
    current_os_user,
    print_json,
    print_lines,
    progress_bar,
    progress_printer,
    record_run,
    utc_now,
)
from features.messages import Bilingual

if TYPE_CHECKING:
    from serving.batch.run import Workers

commands = typer.Typer()
BEYOND_BOUNDS = 3
"""Exit code of `lights monitor` with a finding that is not acknowledged; 1 is a refusal and 2 wrong usage."""
_NOT_NEEDED = Bilingual(
    "本月送达完整，未使用 --incomplete", "--incomplete was not needed: the deliveries of the month are complete"
)
_LANGUAGES: Mapping[str, tuple[Literal["zh", "en"], ...]] = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}


@commands.command("score")
def score_command(
    as_of: AsOfOption,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=256,
            help="本机的进程数，每个进程用一个核 / processes on this machine, one core each",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS",
            help="Dask 调度器，其工作进程共用 --data 文件夹 / "
            "a Dask scheduler whose workers share the folder of --data",
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            metavar="URL",
            help="改用共享存储，如 s3://bucket/lights（fsspec 支持的任何地址） / "
            "shared storage in its place, such as s3://bucket/lights: any URL of fsspec",
        ),
    ] = None,
    incomplete: Annotated[
        str | None,
        typer.Option(
            "--incomplete",
            metavar="REASON",
            help="送达不完整仍发布，并写明原因 / publish although deliveries are missing, and say why",
        ),
    ] = None,
    rules_only: Annotated[
        bool,
        typer.Option(
            "--rules-only",
            help="只按规则评灯，模型无法读取时也可用 / by the rules alone, also where the model cannot be read",
        ),
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """评灯：计算并发布一个月末的灯 / Set and publish the lights of a month end.

    在用模型无法读取时退出码为 3 / Exit 3 where the model in use cannot be read.
    """
    from serving.audit.command_line import audit_month
    from serving.batch.plan import delivered_loan_count
    from serving.batch.run import score as score_month
    from serving.cli.output import manifest_lines
    from serving.months.data_folder import DataFolder

    if incomplete is not None and not incomplete.strip():
        raise typer.BadParameter("请写明原因 / write a reason", param_hint="--incomplete")
    store = DataFolder(data)
    with (
        workers_of(data, workers, cluster, storage) as computing,
        record_run(data, "score", as_of=as_of) as results,
        progress_bar(delivered_loan_count(store.ledger), "笔 / loans") as advance,
    ):
        manifest = score_month(
            store,
            as_of,
            current_os_user(),
            utc_now(),
            advance,
            computing,
            incomplete=incomplete,
            mlflow=mlflow,
            rules_only=rules_only,
        )
        results |= {"edition": manifest.edition, "rows": manifest.rows, "data_version": manifest.data_version}
        results |= {"incomplete": manifest.incomplete["reason"]} if manifest.incomplete else {}
    audit_month(data, current_os_user(), utc_now(), str(as_of))
    if incomplete is not None and not manifest.incomplete:
        print_lines([_NOT_NEEDED], sys.stderr if as_json else None)
    if as_json:
        moved = [Bilingual(f"! {one['zh']}", f"! {one['en']}") for one in manifest.moved_aliases or ()]
        print_lines(moved, sys.stderr)
        print_json(manifest)
    else:
        print_lines(manifest_lines(manifest))


@contextmanager
def workers_of(data: Path, workers: int | None, cluster: str | None, storage: str | None) -> Iterator[Workers]:
    """The workers that compute a month: this process, processes of this machine, or a Dask cluster."""
    from serving.batch.run import ThisProcess

    if workers and cluster:
        raise typer.BadParameter(
            "--workers 与 --cluster 只选其一 / --workers or --cluster, not both", param_hint="--cluster"
        )
    if storage and not cluster:
        raise typer.BadParameter(
            "--storage 只与 --cluster 同用 / --storage goes with --cluster alone", param_hint="--storage"
        )
    if not (workers or cluster):
        yield ThisProcess()
        return
    from serving.batch.cluster import connect_cluster, local_cluster

    with connect_cluster(cluster, storage) if cluster else local_cluster(data, workers or 1) as connected:
        yield connected


@commands.command("replay")
def replay_command(
    as_of: AsOfOption,
    edition: Annotated[
        int | None,
        typer.Option("--edition", min=1, help="版次；默认为已发布的 / edition; the published one by default"),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="列出哪些列、哪些贷款不同 / say which columns differ, and of which loans")
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """重算：重算以往月份或某日预警动态，与已发布的比对 / Compute a past month or a day of news again and compare."""
    from serving.batch.news_run import replay_day
    from serving.batch.plan import delivered_loan_count
    from serving.batch.replay import replay as replay_month
    from serving.cli.output import replay_lines
    from serving.months.data_folder import DataFolder
    from serving.months.news_days import NewsRepository
    from serving.months.repository import MonthRepository

    store = DataFolder(data)
    is_news = as_of not in MonthRepository(store).months() and as_of in NewsRepository(store).days()
    with (
        record_run(data, "replay", as_of=as_of) as results,
        progress_bar(delivered_loan_count(store.ledger), "笔 / loans") as advance,
    ):
        replayed = replay_day(store, as_of, advance) if is_news else replay_month(store, as_of, edition, advance)
        results |= {"edition": replayed.edition, "rows": replayed.rows, "equal": replayed.is_equal}
    if as_json:
        print_json({"equal": replayed.is_equal, **asdict(replayed)})
    else:
        print_lines(replay_lines(replayed, diff))
    raise typer.Exit(0 if replayed.is_equal else 1)


@commands.command("runs")
def runs_command(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """运行记录：何人何时运行了什么、用时和拒绝情况 / List who ran what, when, how long, and what was refused."""
    from features.runs import read_runs
    from serving.cli.output import run_lines

    history = read_runs(data)
    if as_json:
        print_json(history)
    else:
        print_lines(run_lines(history))


@commands.command("report")
def report_command(
    as_of: AsOfOption,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="写入的文件夹，每期一个子文件夹 / folder to write to; each issue has a folder of its own below it",
        ),
    ],
    quarter: Annotated[
        bool, typer.Option("--quarter", help="季度通报：截至该日的季度 / the quarterly bulletin, up to the day")
    ] = False,
    year: Annotated[
        bool, typer.Option("--year", help="年度考核：截至该日的年度 / the yearly assessment, up to the day")
    ] = False,
    bank: Annotated[str | None, typer.Option("--bank", help="只统计这家银行的贷款 / loans of this bank alone")] = None,
    area: Annotated[
        str | None,
        typer.Option(
            "--area",
            metavar="CODE",
            help="只统计该地区的贷款：行政区划代码的前几位 / loans of this place alone: the first digits of its code",
        ),
    ] = None,
    lang: Annotated[
        str,
        typer.Option(
            "--lang", metavar="zh|en|both", help="文件的语言，每种语言各一份 / language of the files, one of each"
        ),
    ] = "zh",
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """报表：月度统计、季度通报或年度考核 / Write the monthly statistics, quarterly bulletin or yearly assessment.

    附处置清单、到期清单和通知书，格式为 Excel 和 HTML / With lists of actions, maturities and notices; Excel and HTML.
    """
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.months.data_folder import DataFolder
    from serving.months.repository import MonthRepository
    from serving.portfolio.case_records import case_records
    from serving.portfolio.fund_forecast import fund_report
    from serving.portfolio.report_period import ReportScope
    from serving.reports.issue import report_period
    from serving.reports.issue import write_report as issue_report

    if lang not in _LANGUAGES:
        raise typer.BadParameter("应为 zh、en 或 both / should be zh, en or both", param_hint="--lang")
    period = report_period(as_of, quarter, year)
    store = DataFolder(data)
    records = case_records(database_of(data), store, period.until, county_today(), with_contacts=True)
    if records.contacts.unreadable:
        count = records.contacts.unreadable
        zh = f"通讯录中 {count} 条无法解开（密钥不符或损坏），通知书上只印农户编号"
        en = f"{count} entries of the address book cannot be opened: load them again"
        print_lines([Bilingual(f"! {zh}", f"! {en}")], sys.stderr)
    folder = issue_report(store, period, ReportScope(bank, area), _LANGUAGES[lang], out, progress_printer(), records)
    audit_command(
        data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights report", as_of=as_of, bank=bank, area=area
    )
    files = sorted(path.name for path in folder.iterdir())
    if as_json:
        forecast = fund_report(MonthRepository(store).month(period.until)).as_json
        print_json({"folder": str(folder), "files": files, "fund_forecast_12m": forecast})
    else:
        print("\n".join([str(folder), *(f"  {name}" for name in files)]))


@commands.command("monitor")
def monitor_command(
    as_of: AsOfOption,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option(
            "--acknowledge",
            metavar="CODE",
            help="已知晓的发现的代码，可重复填写 / code of a finding that is known; may be given several times",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="知晓的说明，记录在案 / why it is acknowledged; it is recorded")
    ] = "",
    html: Annotated[Path | None, typer.Option("--html", help="把页面写入该文件 / write the page to this file")] = None,
    prometheus: Annotated[
        Path | None,
        typer.Option("--prometheus", help="把指标以文本写入该文件 / write the metrics as text to this file"),
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option("--limits", help="本县的界限（TOML），覆盖自带的 / own bounds (TOML) over those that ship"),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="页面的语言 / language of the page")] = "zh",
    data: DataOption = DEFAULT_DATA_FOLDER,
    mlflow: MlflowUrl = None,
    as_json: JsonOption = False,
) -> None:
    """监测：送达、漂移、校准和数据质量 / Watch deliveries, drift, calibration and data quality.

    全部在界限内退出码为 0，有超出界限的为 3，被拒绝为 1 / Exit 0 within all bounds, 3 beyond one, 1 where refused.
    """
    from features.atomic_files import write_bytes
    from serving.audit.command_line import audit_command
    from serving.audit.log import AuditAction
    from serving.monitor.acknowledgements import acknowledge_findings, record_findings
    from serving.monitor.bounds import load_limits
    from serving.monitor.watch import monitor_html, monitor_lines, monitor_month, with_acknowledgements
    from serving.monitor.watch import monitor_json as watch_json
    from serving.monitor.watch import prometheus_metrics as metrics
    from serving.months.data_folder import DataFolder

    if lang not in ("zh", "en"):
        raise typer.BadParameter("应为 zh 或 en / should be zh or en", param_hint="--lang")
    if bool(acknowledge) != bool(reason.strip()):
        raise typer.BadParameter(
            "--acknowledge 与 --reason 同用 / --acknowledge and --reason go together", param_hint="--reason"
        )
    store, bounds = DataFolder(data), load_limits(limits)
    watch = monitor_month(store, as_of, bounds, progress_printer(), mlflow)
    record_findings(data, as_of, watch.findings)
    if acknowledge:
        user, now = current_os_user(), utc_now()
        acknowledge_findings(data, as_of, watch.findings, acknowledge, reason.strip(), user, now)
        codes = ", ".join(acknowledge)
        audit_command(data, user, now, AuditAction.CHANGE, "lights monitor", as_of=as_of, acknowledged=codes)
        watch = with_acknowledgements(watch, store, bounds.acknowledged)
    if html is not None:
        write_bytes(monitor_html(watch, "zh" if lang == "zh" else "en").encode(), html)
    if prometheus is not None:
        write_bytes(metrics(watch), prometheus)
    if as_json:
        print_json(watch_json(watch))
    else:
        print_lines(monitor_lines(watch))
    raise typer.Exit(BEYOND_BOUNDS if watch.open_findings else 0)
