"""The commands of the month: lights set, computed again and compared, runs told, reports issued, drift watched.

Each imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.console import VAR, AsOf, Data, Json, now, print_json, progress, recorded, teller, who

if TYPE_CHECKING:
    from serving.batch.run import Workers

commands = typer.Typer()
BEYOND_BOUNDS = 3
"""Exit of a monitor that warns: 1 is a refusal, 2 wrong usage."""
_SPOKEN: Mapping[str, tuple[Literal["zh", "en"], ...]] = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}


@commands.command()
def score(
    as_of: AsOf,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="processes on this machine, one core each")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ADDRESS", help="a Dask scheduler whose workers share --data")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option("--storage", metavar="URL", help="what they share instead: s3://bucket/lights, any fsspec URL"),
    ] = None,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """评灯: set and publish the lights of a month end."""
    from serving.audit.command_line import leave_month
    from serving.batch.plan import loans_delivered
    from serving.batch.run import score as score_month
    from serving.cli.output import manifest_lines
    from serving.months.data_folder import Store

    store = Store(data)
    with (
        workers_of(workers, cluster, storage) as computing,
        recorded(data, "score", as_of=as_of) as found,
        progress(loans_delivered(store.ledger), "loans") as advance,
    ):
        manifest = score_month(store, as_of, who(), now(), advance, computing)
        found |= {"edition": manifest.edition, "rows": manifest.rows, "data_version": manifest.data_version}
    leave_month(data, who(), now(), str(as_of))
    if as_json:
        print_json(manifest)
    else:
        print("\n".join(manifest_lines(manifest)))


@contextmanager
def workers_of(workers: int | None, cluster: str | None, storage: str | None) -> Iterator[Workers]:
    """Who computes: this process, processes of this machine, or a cluster."""
    from serving.batch.run import Alone

    if workers and cluster:
        raise typer.BadParameter("--workers 与 --cluster 只选其一 / one of both, not both", param_hint="--cluster")
    if storage and not cluster:
        raise typer.BadParameter("--storage 只与 --cluster 同用 / only with --cluster", param_hint="--storage")
    if not (workers or cluster):
        yield Alone()
        return
    from serving.batch.cluster import cluster_at, local_cluster

    with cluster_at(cluster, storage) if cluster else local_cluster(workers or 1) as found:
        yield found


@commands.command()
def replay(
    as_of: AsOf,
    edition: Annotated[
        int | None, typer.Option("--edition", min=1, help="the published one where none is named")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="say in which columns, and of which loans")] = False,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """重算: a past month again, beside what was published."""
    from serving.batch.plan import loans_delivered
    from serving.batch.replay import replay as replay_month
    from serving.cli.output import replay_lines
    from serving.months.data_folder import Store

    store = Store(data)
    with (
        recorded(data, "replay", as_of=as_of) as found,
        progress(loans_delivered(store.ledger), "loans") as advance,
    ):
        replayed = replay_month(store, as_of, edition, advance)
        found |= {"edition": replayed.edition, "rows": replayed.rows, "equal": replayed.is_equal}
    if as_json:
        print_json({"equal": replayed.is_equal, **asdict(replayed)})
    else:
        print("\n".join(replay_lines(replayed, diff)))
    raise typer.Exit(0 if replayed.is_equal else 1)


@commands.command()
def runs(data: Data = VAR, as_json: Json = False) -> None:
    """运行记录: who ran what, when, how long, and what was refused."""
    from features.runs import runs_in
    from serving.cli.output import run_lines

    found = runs_in(data)
    if as_json:
        print_json(found)
    else:
        print("\n".join(run_lines(found)))


@commands.command()
def report(
    as_of: AsOf,
    out: Annotated[Path, typer.Option("--out", help="folder; each issue gets one of its own below it")],
    quarter: Annotated[bool, typer.Option("--quarter", help="季度通报: the quarter up to the day")] = False,
    year: Annotated[bool, typer.Option("--year", help="年度考核: the year up to the day")] = False,
    bank: Annotated[str | None, typer.Option("--bank", help="loans of this bank alone")] = None,
    area: Annotated[
        str | None, typer.Option("--area", metavar="CODE", help="loans of this place alone: first digits of its code")
    ] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en|both")] = "both",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """报表: statistics, bulletin or assessment. With action lists, maturity lists and notices, as Excel and HTML."""
    from serving.audit.command_line import leave
    from serving.audit.log import Action
    from serving.months.data_folder import Store
    from serving.portfolio.report_period import Scope
    from serving.reports.issue import period_of
    from serving.reports.issue import report as issue_report

    if lang not in _SPOKEN:
        raise typer.BadParameter("zh, en or both", param_hint="--lang")
    period = period_of(as_of, quarter, year)
    folder = issue_report(Store(data), period, Scope(bank, area), _SPOKEN[lang], out, teller())
    leave(data, who(), now(), Action.EXPORT, "lights report", as_of=as_of, bank=bank, area=area)
    files = sorted(path.name for path in folder.iterdir())
    if as_json:
        print_json({"folder": str(folder), "files": files})
    else:
        print("\n".join([str(folder), *(f"  {name}" for name in files)]))


@commands.command()
def monitor(
    as_of: AsOf,
    html: Annotated[Path | None, typer.Option("--html", help="write the page to this file")] = None,
    prometheus: Annotated[Path | None, typer.Option("--prometheus", help="write metrics as text to this file")] = None,
    limits: Annotated[Path | None, typer.Option("--limits", help="own bounds (TOML) over those that ship")] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", help="of the page")] = "zh",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """监测: drift, calibration, labels, data quality. Exit 0 all within bounds, 3 something beyond (1 refused)."""
    from features.atomic_files import write_bytes
    from serving.monitor.bounds import limits_from
    from serving.monitor.watch import as_json as watch_json
    from serving.monitor.watch import prometheus as metrics
    from serving.monitor.watch import watch_html, watch_lines, watched
    from serving.months.data_folder import Store

    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh or en", param_hint="--lang")
    watch = watched(Store(data), as_of, limits_from(limits), teller())
    if html is not None:
        write_bytes(watch_html(watch, "zh" if lang == "zh" else "en").encode(), html)
    if prometheus is not None:
        write_bytes(metrics(watch), prometheus)
    if as_json:
        print_json(watch_json(watch))
    else:
        print("\n".join(watch_lines(watch)))
    raise typer.Exit(BEYOND_BOUNDS if watch.findings else 0)
