"""The command line, the door of the house: each command imports what it needs when it is called."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from features.words import Refused
    from serving.store import Store

app = typer.Typer(
    name="lights",
    help="还款风险预警: red, yellow and green lights for rural micro-loans, with reasons. 每个命令加 --help 查看说明。",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich alone takes longer to import than a help page may
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"日期写作 2024-01-31 / a day is written 2024-01-31, not {text!r}") from error


Data = Annotated[Path, typer.Option("--data", envvar="LIGHTS_DATA", help="folder of everything the service keeps")]
AsOf = Annotated[date, typer.Option("--as-of", parser=_day, metavar="DAY", help="month end, 2024-01-31")]
Json = Annotated[bool, typer.Option("--json", help="the answer as JSON")]
VAR = Path("var")


def main() -> None:
    """Run a command: exit 0 done, 1 refused with one clear sentence, 2 wrong usage."""
    from features.words import Refused

    try:
        app()
    except Refused as refusal:
        _refuse(refusal)
    except OSError as error:  # a folder that may not be written, a full disk
        said = f"{error.filename}: {error.strerror}" if error.strerror else str(error)
        _refuse(Refused(f"文件无法读写: {said}", f"A file cannot be read or written: {said}"))


def _refuse(refusal: Refused) -> NoReturn:
    print(f"{refusal.words.zh}\n{refusal.words.en}", file=sys.stderr)
    sys.exit(1)


@app.command()
def load(
    inbox: Annotated[Path, typer.Argument(help="folder with <table>.csv, .parquet or .xlsx")],
    delivered_on: Annotated[
        date | None,
        typer.Option("--delivered-on", parser=_day, metavar="DAY", help="stands in for a missing known_on; today"),
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
    from serving.terminal import load_lines, print_json

    loading = Loading(delivered_on or _today(), column_map(columns), pseudonyms(data), tell=_teller())
    report = load_inbox(inbox, _store(data).ledger, loading)
    if as_json:
        print_json(report)
    else:
        print("\n".join(load_lines(report)))
    raise typer.Exit(1 if report.refused else 0)


@app.command()
def simulate(
    households: Annotated[int, typer.Option(min=50, max=2_900_000)] = 600,
    months: Annotated[int, typer.Option(min=12, max=240)] = 48,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    out: Annotated[Path, typer.Option("--out", help="the inbox to write")] = Path("inbox"),
    replicates: Annotated[
        int, typer.Option(min=0, max=10_000, help="futures tried for each loan's true hazard, in truth/; 0: none")
    ] = 100,
    scenario: Annotated[
        str,
        typer.Option(help="base, drought, price_collapse, epidemic, policy_change, late_bank or small_township"),
    ] = "base",
    workers: Annotated[int, typer.Option(min=1, max=256, help="counties lived side by side")] = 1,
) -> None:
    """模拟: a synthetic county in the contract's tables."""
    from training.simulate.order import Order
    from training.simulate.province import simulate as simulate_counties
    from training.simulate.scenarios import scenario_named

    order = Order(households, months, seed, replicates, scenario_named(scenario))
    with _progress(order.steps, "county-months") as advance:
        simulate_counties(order, out, workers, advance)


@app.command()
def features(
    as_of: AsOf,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write")],
    loans: Annotated[str, typer.Option("--loans", help="open or cohort", metavar="open|cohort")] = "open",
    data: Data = VAR,
) -> None:
    """特征: the feature frame as of a day, one row for each loan."""
    from features.compute import Population, features_at

    if loans not in tuple(Population):
        raise typer.BadParameter("open or cohort", param_hint="--loans")
    frame = features_at(as_of, _store(data).ledger.rows(), Population(loans))
    out.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(out)
    print(f"{out}: {frame.height} x {frame.width}")


@app.command()
def rules(
    table: Annotated[Path | None, typer.Argument(help="a county's own rule table (TOML), to be taken in")] = None,
    as_of: Annotated[
        date | None, typer.Option("--as-of", parser=_day, metavar="DAY", help="the rules of this day; today")
    ] = None,
    data: Data = VAR,
) -> None:
    """规则: the rules in use; or take in a county's own."""
    from models.traffic_light.decision_table import decision_table

    store, day = _store(data), as_of or _today()
    if table is not None:
        store.take_in_rules(table, day)
    print(decision_table(store.rules.in_force(day), store.policies.in_force(day).actions), end="")


@app.command()
def policy(
    table: Annotated[Path | None, typer.Argument(help="a county's own policy rows (TOML), to be taken in")] = None,
    as_of: Annotated[
        date | None, typer.Option("--as-of", parser=_day, metavar="DAY", help="the policy of this day; today")
    ] = None,
    data: Data = VAR,
) -> None:
    """政策: the policy numbers in use; or take in a county's own."""
    from models.county_policy.book import policy_book

    store, day = _store(data), as_of or _today()
    if table is not None:
        store.take_in_policies(table, day)
    print(policy_book([store.policies.in_force(day)]), end="")


@app.command()
def train(
    plan: Annotated[Path | None, typer.Option("--plan", help="a plan (TOML), or the name of one that ships")] = None,
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """训练: fit, calibrate, judge, register a model."""
    from serving.terminal import judgement_lines, print_json
    from training.plan import plan_from

    planned = plan_from(plan) if plan else None

    from training.train import train as train_model  # takes seconds: a wrong plan is refused before

    trained = train_model(data, planned, _who(), _now(), _teller())
    if as_json:
        print_json({"model_version": trained.bundle.version, "alias": trained.alias, "judged": trained.judged})
        return
    print(f"model {trained.bundle.version}: {trained.alias}")
    print("\n".join(judgement_lines([judgement.as_dict() for judgement in trained.judged])))


@app.command()
def evaluate(
    model: Annotated[str, typer.Option("--model", metavar="ALIAS|VERSION")] = "champion",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """评判: the judgement again, of any version."""
    from serving.terminal import judgement_lines, print_json

    number = _number(_store(data), model)

    from training.train import evaluate as evaluate_model

    judged = evaluate_model(data, number, _teller())
    if as_json:
        print_json(judged)
    else:
        print("\n".join(judgement_lines([judgement.as_dict() for judgement in judged])))


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="number of a registered model")],
    reason: Annotated[str, typer.Option("--reason", help="why; it is recorded")],
    data: Data = VAR,
) -> None:
    """上线: make a registered model the champion."""
    number = _number(_store(data), version)

    from training.publish import crowned

    crowned(data, number, "champion", reason, _who(), _now())
    print(f"champion: {number}")


@app.command()
def score(as_of: AsOf, data: Data = VAR, as_json: Json = False) -> None:
    """评灯: set and publish the lights of a month end."""
    from serving.batch import score as score_month
    from serving.terminal import manifest_lines, print_json

    manifest = score_month(_store(data), as_of, _who(), _now(), _teller())
    if as_json:
        print_json(manifest)
    else:
        print("\n".join(manifest_lines(manifest)))


@app.command()
def explain(
    household: Annotated[str, typer.Argument(help="household_id, or the identity number it was delivered with")],
    as_of: Annotated[date | None, typer.Option("--as-of", parser=_day, metavar="DAY")] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en")] = "zh",
    data: Data = VAR,
    as_json: Json = False,
) -> None:
    """解释: one household's lights and reasons."""
    from serving.households import explanation
    from serving.published import Published
    from serving.terminal import explanation_lines, print_json

    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh or en", param_hint="--lang")
    store = _store(data)
    explained = explanation(Published(store).month(as_of), store.ledger, store.kept_as(household))
    if as_json:
        print_json(explained.model_dump(mode="json"))
    else:
        print("\n".join(explanation_lines(explained, lang)))


@app.command()
def serve(port: Annotated[int, typer.Option(min=1, max=65535)] = 8000, data: Data = VAR) -> None:
    """网页与接口: pages and interface, on this machine."""
    from serving.web import serve as serve_web

    serve_web(_store(data), port)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option(help="keep the page open; otherwise look at it once and stop")] = True,
    households: Annotated[int, typer.Option(min=200, max=20_000)] = 2000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    data: Data = VAR,
) -> None:
    """演示: a simulated county, from loading to the page."""
    import shutil

    from features.loading.load import Loading
    from features.loading.load import load as load_inbox
    from features.months import months_after
    from features.sources.column_map import column_map
    from features.sources.pseudonym import pseudonyms
    from features.words import Refused
    from serving.batch import score as score_month
    from serving.terminal import judgement_lines, load_lines, manifest_lines
    from serving.web import look_once
    from serving.web import serve as serve_web
    from training.cohort import data_until
    from training.simulate.order import Order
    from training.simulate.province import simulate as simulate_counties
    from training.train import train as train_model

    folder, tell = data / "demo", _teller()
    shutil.rmtree(folder, ignore_errors=True)
    store = _store(folder)
    order = Order(households, 48, seed)
    with _progress(order.steps, "county-months") as advance:
        simulate_counties(order, folder / "inbox", advance=advance)
    loading = Loading(_today(), column_map(), pseudonyms(folder), tell=tell)
    print("\n".join(load_lines(load_inbox(folder / "inbox", store.ledger, loading))))
    try:
        trained = train_model(folder, None, _who(), _now(), tell)
        print("\n".join(judgement_lines([judgement.as_dict() for judgement in trained.judged])))
    except Refused as refusal:  # a county too small to learn from is lit by the rules alone
        print(f"{refusal.words.zh}\n{refusal.words.en}")
    newest = months_after(data_until(store.ledger), 0)
    for as_of in (months_after(newest, -1), newest):
        print("\n".join(manifest_lines(score_month(store, as_of, _who(), _now(), tell))))
    if stay:
        serve_web(store, port)
    else:
        print("\n".join(look_once(store)))


def _store(data: Path) -> Store:
    from serving.store import Store

    return Store(data)


def _number(store: Store, model: str) -> int:
    """The number behind an alias, or the number itself."""
    from features.words import Refused

    number = int(model.split("-")[0]) if model.split("-")[0].isdigit() else store.models.holder(model)
    if number is None:
        raise Refused(
            f"没有模型 {model}; 请先运行 lights train。",
            f"There is no model {model}; run lights train first.",
        )
    return number


def _teller() -> Callable[[str], None]:
    """A line of progress on a terminal's error stream; nothing is lost where it is redirected."""

    def tell(line: str) -> None:
        print(f"… {line}", file=sys.stderr, flush=True)

    return tell


@contextmanager
def _progress(steps: int, of: str) -> Iterator[Callable[[int, str], None]]:
    """A bar with the time left on a terminal; elsewhere the lines that are said on the way."""
    tell = _teller()
    if not sys.stderr.isatty():
        yield lambda _, line: tell(line) if line else None
        return
    with typer.progressbar(length=steps, label=of, show_pos=True, file=sys.stderr) as bar:
        yield lambda more, _: bar.update(more)


def _who() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "unknown"


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    """The county's own calendar day."""
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


if __name__ == "__main__":
    main()
