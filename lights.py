"""The command line `lights`: the commands of serving and training, and a demo of both."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    DataOption,
    county_today,
    current_os_user,
    progress_bar,
    progress_printer,
    utc_now,
)
from serving.cli.accounts import commands as account_commands
from serving.cli.data import commands as data_commands
from serving.cli.month import commands as month_commands
from training.commands import commands as training_commands

if TYPE_CHECKING:
    from features.messages import UserError
    from serving.months.data_folder import DataFolder

app = typer.Typer(
    name="lights",
    help="还款风险预警: red, yellow and green lights for rural micro-loans, with reasons. 每个命令加 --help 查看说明。",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich alone takes longer to import than a help page may
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_commands)
app.add_typer(month_commands)
app.add_typer(account_commands)
app.add_typer(training_commands)


LIBRARY_SETTINGS = {"OMP_WAIT_POLICY": "passive", "_RJEM_MALLOC_CONF": "dirty_decay_ms:30000"}
"""Environment variables of libraries, set before they are imported: waiting threads sleep, since a server does several
things at once; polars keeps freed memory for half a minute, since a run would soon ask for it again, page by page."""


def main() -> None:
    """Run a command. Exit 0: done; 1: refused, with one clear sentence; 2: wrong usage."""
    from features.messages import UserError

    for name, value in LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except UserError as refusal:
        _refuse(refusal)
    except OSError as error:  # a folder that may not be written, a full disk
        cause = f"{error.filename}: {error.strerror}" if error.strerror else str(error)
        _refuse(UserError(f"文件无法读写: {cause}", f"A file cannot be read or written: {cause}"))


def _refuse(refusal: UserError) -> NoReturn:
    print(f"{refusal.message.zh}\n{refusal.message.en}", file=sys.stderr)
    sys.exit(1)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option(help="keep the page open; otherwise look at it once and stop")] = True,
    households: Annotated[int, typer.Option(min=200, max=20_000)] = 2000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """演示: a simulated county, from loading to the page."""
    import shutil

    from serving.cli.demo_accounts import one_of_each, sign_in_lines
    from serving.months.data_folder import DataFolder
    from serving.server import fetch_pages_once, serve
    from serving.settings import settings_of

    store = DataFolder(data / "demo")
    shutil.rmtree(store.folder, ignore_errors=True)
    _simulate_and_load(store, households, seed)
    _train_model(store)
    _score_two_months(store)
    settings = settings_of(store.folder)
    tokens = one_of_each(store, settings, utc_now())
    if stay:
        print("\n".join(sign_in_lines(tokens, port)), flush=True)
        serve(store, settings, port)
    else:
        print("\n".join(fetch_pages_once(store, settings, tokens["official"])))


def _simulate_and_load(store: DataFolder, households: int, seed: int) -> None:
    """Simulate the deliveries of four years, and load them."""
    from features.contract.pseudonym import load_pseudonyms
    from features.delivery.column_map import read_column_map
    from features.loading.load import LoadOptions, load
    from serving.cli.output import load_lines
    from training.simulate.order import Order
    from training.simulate.province import simulate

    inbox, order = store.folder / "inbox", Order(households, 48, seed)
    with progress_bar(order.steps, "county-months") as advance:
        simulate(order, inbox, advance=advance)
    loading = LoadOptions(
        county_today(), read_column_map(), load_pseudonyms(store.folder), report_progress=progress_printer()
    )
    print("\n".join(load_lines(load(inbox, store.ledger, loading))))


def _train_model(store: DataFolder) -> None:
    """Train a model; one that does not pass the gate scores in shadow, and the lights are the rules'.

    Where a county is too small to train on, there is no model at all.
    """
    from features.messages import UserError
    from training.gate import gate_lines
    from training.output import shadow_lines, summary_lines
    from training.plan_files import SHIPPED_PLANS, load_plan
    from training.publish import Registry
    from training.train import train, training_steps

    plan = load_plan(SHIPPED_PLANS / "demo.toml")
    try:
        with progress_bar(training_steps(plan), "steps") as advance:
            trained = train(store.folder, plan, Registry(store.folder), current_os_user(), utc_now(), advance)
        told = [*summary_lines(trained.report), *gate_lines(trained.gate)]
        print("\n".join([*told, *(shadow_lines(trained.bundle.version) if trained.in_shadow else ())]))
    except UserError as refusal:
        print(f"{refusal.message.zh}\n{refusal.message.en}")


def _score_two_months(store: DataFolder) -> None:
    """Publish the newest month and the one before it."""
    from features.months import month_end_after
    from serving.batch.run import score
    from serving.cli.output import manifest_lines
    from training.cohort import last_reported_day

    newest, tell = month_end_after(last_reported_day(store.ledger), 0), progress_printer()
    for as_of in (month_end_after(newest, -1), newest):
        print("\n".join(manifest_lines(score(store, as_of, current_os_user(), utc_now(), lambda _, line: tell(line)))))


if __name__ == "__main__":
    main()
