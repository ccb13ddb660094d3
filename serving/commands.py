"""The commands of the house that serves: delivery, features, tables in use, the monthly run, one household, pages.

Each imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from features.console import (
    VAR,
    AsOf,
    AsOfOrNewest,
    Data,
    Json,
    day,
    now,
    print_json,
    progress,
    recorded,
    teller,
    today,
    who,
)

if TYPE_CHECKING:
    from serving.batch import Workers
    from serving.store import Store

commands = typer.Typer()
BEYOND_BOUNDS = 3
"""Exit of a monitor that warns: 1 is a refusal, 2 wrong usage."""
_SPOKEN: Mapping[str, tuple[Literal["zh", "en"], ...]] = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}


@commands.command()
def load(
    inbox: Annotated[Path, typer.Argument(help="folder with <table>.csv, .parquet or .xlsx")],
    delivered_on: Annotated[
        date | None,
        typer.Option("--delivered-on", parser=day, metavar="DAY", help="stands in for a missing known_on; today"),
    ] = None,
    columns: Annotated[Path | None, typer.Option("--columns", help="column map (TOML) of a delivery")] = None,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """装载: check a delivery and take it in."""
    from features.loading.load import Loading
    from features.loading.load import load as load_inbox
    from features.sources.column_map import column_map
    from features.sources.pseudonym import pseudonyms
    from serving.terminal import load_lines

    loading = Loading(delivered_on or today(), column_map(columns), pseudonyms(data), tell=teller())
    with recorded(data, "load", inbox=str(inbox)) as found:
        report = load_inbox(inbox, store_of(data).ledger, loading)
        refused_files = sum(1 for file in report.files if file.refused)
        found |= {"data_version": report.data_version, "files": len(report.files), "refused_files": refused_files}
        found |= {"outcome": "refused" if report.refused else "done"}
    _audited(data, "CHANGE", "lights load", data_version=report.data_version)
    if as_json:
        print_json(report)
    else:
        print("\n".join(load_lines(report)))
    raise typer.Exit(1 if report.refused else 0)


@commands.command()
def features(
    as_of: AsOf,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write")],
    loans: Annotated[str, typer.Option("--loans", help="open or cohort", metavar="open|cohort")] = "open",
    data: Data = VAR,
) -> None:
    """特征: the feature frame as of a day, one row for each loan."""
    from features.compute import Population, features_at
    from features.gaps import gap_lines
    from features.words import Refused

    if loans not in tuple(Population):
        raise typer.BadParameter("open or cohort", param_hint="--loans")
    ledger = store_of(data).ledger
    if not ledger.commits:
        raise Refused(f"{data} 中尚未装载任何数据。", f"Nothing has been loaded into {data}.")
    rows = ledger.rows()
    frame = features_at(as_of, rows, Population(loans))
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(out)
    _audited(data, "EXPORT", "lights features", as_of=as_of, loans=frame.height)
    print("\n".join((f"{out}: {frame.height} x {frame.width}", *gap_lines(frame, rows, as_of))))


@commands.command()
def rules(
    table: Annotated[Path | None, typer.Argument(help="a county's own rule table (TOML), to be taken in")] = None,
    as_of: Annotated[
        date | None, typer.Option("--as-of", parser=day, metavar="DAY", help="the rules of this day; today")
    ] = None,
    data: Data = VAR,
) -> None:
    """规则: the rules in use; or take in a county's own."""
    from models.traffic_light.decision_table import decision_table

    store, day = store_of(data), as_of or today()
    if table is not None:
        store.take_in_rules(table, day)
    print(decision_table(store.rules.in_force(day), store.policies.in_force(day).actions), end="")


@commands.command()
def policy(
    table: Annotated[Path | None, typer.Argument(help="a county's own policy rows (TOML), to be taken in")] = None,
    as_of: Annotated[
        date | None, typer.Option("--as-of", parser=day, metavar="DAY", help="the policy of this day; today")
    ] = None,
    data: Data = VAR,
) -> None:
    """政策: the policy numbers in use; or take in a county's own."""
    from models.county_policy.book import policy_book

    store, day = store_of(data), as_of or today()
    if table is not None:
        store.take_in_policies(table, day)
    print(policy_book([store.policies.in_force(day)]), end="")


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
    from serving.batch import score as score_month
    from serving.jobs import loans_delivered
    from serving.machine import leave_month
    from serving.terminal import manifest_lines

    if workers and cluster:
        raise typer.BadParameter("--workers 与 --cluster 只选其一 / one of both, not both", param_hint="--cluster")
    if storage and not cluster:
        raise typer.BadParameter("--storage 只与 --cluster 同用 / only with --cluster", param_hint="--storage")
    store = store_of(data)
    with (
        recorded(data, "score", as_of=as_of) as found,
        workers_of(workers, cluster, storage) as computing,
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
    from serving.batch import Alone

    if not (workers or cluster):
        yield Alone()
        return
    from serving.cluster import cluster_at, local_cluster

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
    from serving.jobs import loans_delivered
    from serving.replay import replay as replay_month
    from serving.terminal import replay_lines

    store = store_of(data)
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
    from serving.terminal import run_lines

    found = runs_in(data)
    if as_json:
        print_json(found)
    else:
        print("\n".join(run_lines(found)))


@commands.command()
def explain(
    household: Annotated[str, typer.Argument(help="household_id, or the identity number it was delivered with")],
    as_of: AsOfOrNewest = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en")] = "zh",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """解释: one household's lights and reasons."""
    from serving.households import explanation
    from serving.published import Published
    from serving.terminal import explanation_lines

    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh or en", param_hint="--lang")
    store = store_of(data)
    explained = explanation(Published(store).month(as_of), store, store.kept_as(household))
    _audited(data, "LOOK", "lights explain", household_id=explained.household_id, as_of=explained.as_of)
    if as_json:
        print_json(explained.model_dump(mode="json"))
    else:
        print("\n".join(explanation_lines(explained, lang)))


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
    from serving.reports.issue import period_of
    from serving.reports.issue import report as issue_report
    from serving.reports.period import Scope

    if lang not in _SPOKEN:
        raise typer.BadParameter("zh, en or both", param_hint="--lang")
    period = period_of(as_of, quarter, year)
    folder = issue_report(store_of(data), period, Scope(bank, area), _SPOKEN[lang], out, teller())
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
    from features.durable import write_bytes
    from serving.monitor.limits import limits_from
    from serving.monitor.watch import as_json as watch_json
    from serving.monitor.watch import prometheus as metrics
    from serving.monitor.watch import watch_html, watch_lines, watched

    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh or en", param_hint="--lang")
    watch = watched(store_of(data), as_of, limits_from(limits), teller())
    if html is not None:
        write_bytes(watch_html(watch, "zh" if lang == "zh" else "en").encode(), html)
    if prometheus is not None:
        write_bytes(metrics(watch), prometheus)
    if as_json:
        print_json(watch_json(watch))
    else:
        print("\n".join(watch_lines(watch)))
    raise typer.Exit(BEYOND_BOUNDS if watch.findings else 0)


@commands.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: Annotated[str | None, typer.Option("--host", help="beyond this machine only over HTTPS")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes that share the port")] = 1,
    data: Data = VAR,
) -> None:
    """网页与接口: pages and interface, for people with an account."""
    from serving.settings import settings_of
    from serving.web import serve as serve_web

    settings = settings_of(data)
    here = settings if host is None else settings.model_copy(update={"host": host})
    serve_web(store_of(data), here, port, workers)


def _audited(data: Path, action: str, command: str, **detail: object) -> None:
    """The user at the machine is trusted, and leaves a trail as everybody does."""
    from serving.audit import Action
    from serving.machine import leave

    leave(data, who(), now(), Action[action], command, **detail)


def store_of(data: Path) -> Store:
    from serving.store import Store

    return Store(data)
