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
    lines_for_reader,
    print_lines,
    progress_bar,
    progress_printer,
    utc_now,
)
from features.messages import Bilingual
from serving.cli.accounts import commands as account_commands
from serving.cli.command_help import COMPLETION_VARIABLE, commands_for_reader
from serving.cli.data import commands as data_commands
from serving.cli.ledger_command import commands as ledger_commands
from serving.cli.maintenance import commands as maintenance_commands
from serving.cli.month import commands as month_commands
from serving.cli.news_commands import commands as news_commands
from serving.cli.webhooks import commands as webhook_commands
from training.commands import commands as training_commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from features.messages import Line, UserError
    from serving.cli.demo import DemoCounty
    from serving.months.data_folder import DataFolder

app = typer.Typer(
    name="lights",
    help="还款风险预警：农户小额信贷的红、黄、绿灯及其原因。每个命令加 --help 查看说明 / "
    "Red, yellow and green lights for rural micro-loans, with reasons. Each command has --help.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich alone takes longer to import than a help page may
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_commands)
app.add_typer(month_commands)
app.add_typer(news_commands)
app.add_typer(ledger_commands)
app.add_typer(webhook_commands)
app.add_typer(account_commands)
app.add_typer(maintenance_commands)
app.add_typer(training_commands)
PROGRAM = "lights"


def print_version(is_wanted: bool) -> None:
    """Print the version and end, where `--version` was given."""
    if is_wanted:
        from importlib.metadata import version

        print(f"{PROGRAM} {version('county-lights')}")
        raise typer.Exit


@app.callback()
def set_up(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="显示版本后退出 / show the version and exit"
        ),
    ] = False,
) -> None:
    """Options before the command; the help text is that of the application."""


@app.command("completion")
def completion_command(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash、zsh 或 fish / bash, zsh or fish")],
) -> None:
    """命令补全：显示 shell 的补全脚本 / Print the script that completes commands and options in a shell.

    bash 中启用：source <(lights completion bash) / To use it in bash: source <(lights completion bash).
    """
    from serving.cli.completion import completion_script

    print(completion_script(PROGRAM, shell))


LIBRARY_SETTINGS = {"OMP_WAIT_POLICY": "passive", "_RJEM_MALLOC_CONF": "dirty_decay_ms:30000"}
"""Environment variables of libraries, set before they are imported: waiting threads sleep, since a server does several
things at once; polars keeps freed memory for half a minute, since a run would soon ask for it again, page by page."""


def main() -> None:
    """Run a command. Exit 0: done; 1: refused, with one clear sentence; 2: wrong usage; 3: as the commands say."""
    from features.messages import UserError

    for name, value in LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        sys.exit(run_command(sys.argv[1:]))
    except UserError as refusal:
        _refuse(refusal)
    except OSError as error:  # a folder that may not be written, a full disk
        cause = f"{error.filename}: {error.strerror}" if error.strerror else str(error)
        _refuse(UserError(f"文件无法读写：{cause}", f"A file cannot be read or written: {cause}"))
    except Exception as error:
        database_errors = sys.modules.get("sqlalchemy.exc")  # not imported here: it takes longer than a help page may
        if database_errors is None or not isinstance(error, database_errors.OperationalError):
            raise
        _refuse(
            UserError(
                f"数据库无法读写（{error.orig}）；请检查权限和磁盘空间。",
                f"The database cannot be read or written ({error.orig}); check permissions and the disk.",
            )
        )


def run_command(words: Sequence[str]) -> int:
    """Run the command that the words name, and return its exit code; a wrong usage is told in the reader's language."""
    from typer._click.exceptions import ClickException, NoArgsIsHelpError

    command = commands_for_reader(typer.main.get_command(app))
    if COMPLETION_VARIABLE in os.environ:
        from serving.cli.completion import prepare_completion

        prepare_completion(command)
    try:
        code = command.main(list(words), PROGRAM, COMPLETION_VARIABLE, standalone_mode=False)
    except NoArgsIsHelpError as help_page:
        print(help_page.message, file=sys.stderr)
        return help_page.exit_code
    except ClickException as error:
        from serving.cli.usage_errors import usage_error_lines

        print_lines(usage_error_lines(error), sys.stderr)
        return error.exit_code
    return code if isinstance(code, int) else 0


def _refuse(refusal: UserError) -> NoReturn:
    print_lines([refusal.message], sys.stderr)
    sys.exit(refusal.exit_code)


@app.command()
def demo(
    stay: Annotated[
        bool,
        typer.Option(help="保持服务；否则访问一次即停 / keep the pages open; otherwise look at them once and stop"),
    ] = True,
    households: Annotated[int, typer.Option(min=200, max=20_000, help="农户数 / households")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="随机种子 / seed of the random numbers")] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口 / port")] = 8000,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="重做演示县；默认保留已做的一切 / make the county anew; without it what was done is kept"
        ),
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """演示：一个虚构的县，从装载到网页 / Show a simulated county, from loading to the pages."""
    import shutil

    from serving.cli.demo import DemoCounty, demo_county, mark_demo_as_made, sign_in_lines, sign_in_links
    from serving.months.data_folder import DataFolder
    from serving.server import fetch_pages_once, serve
    from serving.settings import settings_of

    store, wanted = DataFolder(data / "demo"), DemoCounty(households, seed)
    made = None if fresh else demo_county(store.folder)
    if made is None:
        shutil.rmtree(store.folder, ignore_errors=True)
        print_lines(_make_demo(store, wanted))
        mark_demo_as_made(store.folder, wanted)
    else:
        kept = "The county of the demo is kept with all that was done in it; --fresh makes another."
        print_lines([Bilingual(f"演示县已有（{made.households} 户），所做的一切保留；重做请加 --fresh", kept)])
    settings = settings_of(store.folder)
    tokens = sign_in_links(settings, utc_now())
    if stay:
        another = f"lights user reset official --data {store.folder}"
        print_lines([*sign_in_lines(tokens, port), Bilingual(f"再要链接：{another}", f"another link: {another}")])
        serve(store, settings, port)
    else:
        print("\n".join(fetch_pages_once(store, settings, tokens["official"])))


def _make_demo(store: DataFolder, county: DemoCounty) -> Iterator[Line]:
    """Make the county of the demo; what the commands would print stands in its `demo.log`."""
    from serving.cli.demo import MONTHS, add_demo_accounts, add_demo_cases, add_demo_upload, demo_lines
    from serving.settings import settings_of

    told: list[Line] = []
    told += _simulate_and_load(store, county)
    told += _score_months(store, range(-MONTHS + 1, -1))  # by the rules alone: the county had no model then
    told += _train_model(store)
    told += _score_months(store, range(-1, 1))
    settings, now = settings_of(store.folder), utc_now()
    add_demo_accounts(store, settings, now)
    cases, ended = add_demo_cases(store, settings, now)
    upload = add_demo_upload(store, now)
    log = store.folder / "demo.log"
    log.write_text("\n".join([*lines_for_reader(told), ""]), "utf-8")
    yield from demo_lines(store, cases, ended, upload)
    yield Bilingual(f"全部输出：{log}", f"all that the commands printed: {log}")


def _simulate_and_load(store: DataFolder, county: DemoCounty) -> list[Line]:
    """Simulate the deliveries of four years, and load them; what the load prints."""
    from features.contract.pseudonym import load_pseudonyms
    from features.delivery.column_map import read_column_map
    from features.loading.load import LoadOptions, load
    from serving.cli.output import load_lines
    from training.simulate.order import Order
    from training.simulate.province import simulate

    inbox, order = store.folder / "inbox", Order(county.households, 48, county.seed)
    with progress_bar(order.steps, "县·月 / county-months") as advance:
        simulate(order, inbox, advance=advance)
    loading = LoadOptions(
        county_today(), read_column_map(), load_pseudonyms(store.folder), report_progress=progress_printer()
    )
    return list(load_lines(load(inbox, store.ledger, loading)))


def _train_model(store: DataFolder) -> list[Line]:
    """Train a model; one that does not pass the gate scores in shadow, and the lights are the rules'.

    Where a county is too small to train on, there is no model at all. Returns what the training prints.
    """
    from features.messages import UserError
    from training.gate import gate_lines
    from training.output import shadow_lines, summary_lines
    from training.plan_files import SHIPPED_PLANS, load_plan
    from training.publish import Registry
    from training.train import train, training_steps

    plan = load_plan(SHIPPED_PLANS / "demo.toml")
    try:
        with progress_bar(training_steps(plan), "步 / steps") as advance:
            trained = train(store.folder, plan, Registry(store.folder), current_os_user(), utc_now(), advance)
        told = [*summary_lines(trained.report), *gate_lines(trained.gate)]
        return [*told, *(shadow_lines(trained.bundle.version) if trained.in_shadow else ())]
    except UserError as refusal:
        return [refusal.message]


def _score_months(store: DataFolder, months: range) -> list[Line]:
    """Publish months, counted from the newest one (0); what the runs print."""
    from features.months import month_end_after
    from serving.batch.run import score
    from serving.cli.output import manifest_lines
    from training.cohort import last_reported_day

    newest = month_end_after(last_reported_day(store.ledger), 0)
    told: list[Line] = []
    tell = progress_printer()
    for back in months:
        as_of = month_end_after(newest, back)
        manifest = score(store, as_of, current_os_user(), utc_now(), lambda *_: None)
        tell(str(as_of))
        told += manifest_lines(manifest)
    return told


if __name__ == "__main__":
    main()
