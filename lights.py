"""The command line, the door of the house: the commands of both houses, and the demo that walks through them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from features.console import VAR, Data, now, progress, teller, today, who
from serving.cli.accounts import commands as desk_commands
from serving.cli.data import commands as serving_commands
from serving.cli.month import commands as month_commands
from training.commands import commands as training_commands

if TYPE_CHECKING:
    from features.messages import Refused
    from serving.months.data_folder import Store

app = typer.Typer(
    name="lights",
    help="还款风险预警: red, yellow and green lights for rural micro-loans, with reasons. 每个命令加 --help 查看说明。",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich alone takes longer to import than a help page may
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(serving_commands)
app.add_typer(month_commands)
app.add_typer(desk_commands)
app.add_typer(training_commands)


SETTINGS = {"OMP_WAIT_POLICY": "passive", "_RJEM_MALLOC_CONF": "dirty_decay_ms:30000"}
"""Of libraries, by the environment, before they are imported: waiting threads sleep, since a server does several things
at once; polars keeps freed memory for half a minute, since a run would soon ask for it again, page by page."""


def main() -> None:
    """Run a command: exit 0 done, 1 refused with one clear sentence, 2 wrong usage."""
    from features.messages import Refused

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
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
def demo(
    stay: Annotated[bool, typer.Option(help="keep the page open; otherwise look at it once and stop")] = True,
    households: Annotated[int, typer.Option(min=200, max=20_000)] = 2000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    data: Data = VAR,
) -> None:
    """演示: a simulated county, from loading to the page."""
    import shutil

    from serving.months.data_folder import Store

    store = Store(data / "demo")
    shutil.rmtree(store.folder, ignore_errors=True)
    _live(store, households, seed)
    _learn(store)
    _light(store)
    _show(store, port, stay)


def _live(store: Store, households: int, seed: int) -> None:
    """A county of four years, delivered and loaded."""
    from features.contract.column_map import column_map
    from features.contract.pseudonym import pseudonyms
    from features.loading.load import Loading, load
    from serving.cli.output import load_lines
    from training.simulate.order import Order
    from training.simulate.province import simulate

    inbox, order = store.folder / "inbox", Order(households, 48, seed)
    with progress(order.steps, "county-months") as advance:
        simulate(order, inbox, advance=advance)
    loading = Loading(today(), column_map(), pseudonyms(store.folder), tell=teller())
    print("\n".join(load_lines(load(inbox, store.ledger, loading))))


def _learn(store: Store) -> None:
    """A champion, judged beside the rules; a county too small to learn from is lit by the rules alone."""
    from features.messages import Refused
    from training.output import summary_lines
    from training.plan_files import SHIPPED, plan_from
    from training.publish import Registry
    from training.train import steps_of, train

    plan = plan_from(SHIPPED / "demo.toml")
    try:
        with progress(steps_of(plan), "steps") as advance:
            trained = train(store.folder, plan, Registry(store.folder), who(), now(), advance)
        print("\n".join(summary_lines(trained.report)))
    except Refused as refusal:
        print(f"{refusal.words.zh}\n{refusal.words.en}")


def _light(store: Store) -> None:
    """The newest month and the one before it."""
    from features.months import months_after
    from serving.batch.run import score
    from serving.cli.output import manifest_lines
    from training.cohort import data_until

    newest, tell = months_after(data_until(store.ledger), 0), teller()
    for as_of in (months_after(newest, -1), newest):
        print("\n".join(manifest_lines(score(store, as_of, who(), now(), lambda _, line: tell(line)))))


def _show(store: Store, port: int, stay: bool) -> None:
    """The pages, with a one-time link for each role."""
    from serving.cli.demo_accounts import one_of_each, sign_in_lines
    from serving.server import look_once, serve
    from serving.settings import settings_of

    settings = settings_of(store.folder)
    tokens = one_of_each(store, settings, now())
    if stay:
        print("\n".join(sign_in_lines(tokens, port)), flush=True)
        serve(store, settings, port)
    else:
        print("\n".join(look_once(store, settings, tokens["official"])))


if __name__ == "__main__":
    main()
