"""What all commands share: options of the command line, progress on the terminal, the run log, user and clock."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import typer

from features.messages import Bilingual, Line


def parse_day(text: str) -> date:
    """Parse a day of the command line, written 2024-01-31; raises typer.BadParameter where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"日期写作 2024-01-31，而非 {text!r} / a day is written 2024-01-31, not {text!r}"
        ) from error


MLFLOW_ADDRESS = "LIGHTS_MLFLOW"
"""Environment variable with the address of MLflow's database or server."""
DataOption = Annotated[
    Path, typer.Option("--data", envvar="LIGHTS_DATA", help="存放全部数据的文件夹 / folder of everything that is kept")
]
AsOfOption = Annotated[
    date,
    typer.Option(
        "--as-of", parser=parse_day, metavar="DAY", help="月末日期，如 2024-01-31 / month end, such as 2024-01-31"
    ),
]
AsOfOrNewestOption = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=parse_day,
        metavar="DAY",
        help="月末日期；默认为最新一个月 / month end; the newest one by default",
    ),
]
MlflowUrl = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        envvar=MLFLOW_ADDRESS,
        metavar="ADDRESS",
        help="MLflow 的数据库或服务器；默认为数据文件夹中的 SQLite / "
        "MLflow's database or server; SQLite in the data folder by default",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供程序读取 / the answer as JSON, for programs")]
DEFAULT_DATA_FOLDER = Path("var")


Language = Literal["zh", "en"]
PRINTED_IN = "LIGHTS_LANG"
"""Environment variable with the language that commands print in: zh, en or both."""


def reader_languages(environment: Mapping[str, str] = os.environ) -> tuple[Language, ...]:
    """The languages that messages are printed in: the reader's, or both where the terminal does not tell.

    environment: `LIGHTS_LANG` (zh, en or both) goes first, then the locale of `LC_ALL`, `LC_MESSAGES` or `LANG`.

    Example:
        >>> from features.console import reader_languages
        >>> reader_languages({"LANG": "zh_CN.UTF-8"}), reader_languages({"LANG": "C.UTF-8"})
        (('zh',), ('zh', 'en'))
    """
    names = (PRINTED_IN, "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := environment.get(name))), "")
    return ("zh",) if locale.startswith("zh") else ("en",) if locale.startswith("en") else ("zh", "en")


def lines_for_reader(lines: Iterable[Line]) -> Iterator[str]:
    """Lines as they are printed: a text in two languages in the reader's, one language a line; any other as it is."""
    languages = reader_languages()
    for line in lines:
        yield from [line] if isinstance(line, str) else [getattr(line, language) for language in languages]


def print_lines(lines: Iterable[Line], file: TextIO | None = None) -> None:
    """Print lines in the reader's language (`lines_for_reader`); file: standard output where it is None."""
    for line in lines_for_reader(lines):
        print(line, file=file, flush=True)


def line_for_reader(text: str) -> str:
    """A text that may be a pair (`Bilingual.of`) as one line in the reader's language; as it is for both languages."""
    languages = reader_languages()
    return text if len(languages) > 1 else str(getattr(Bilingual.of(text), languages[0]))


def progress_printer() -> Callable[[str], None]:
    """A function that prints one line of progress to the standard error stream, in the reader's language."""

    def print_line(line: str) -> None:
        print(f"… {line_for_reader(line)}", file=sys.stderr, flush=True)

    return print_line


@contextmanager
def progress_bar(total: int, unit: str) -> Iterator[Callable[[int, str], None]]:
    """Yield a function `advance(more, line)` that reports progress on the standard error stream.

    On a terminal it draws a bar with the rate in `unit`s a second and the time left; elsewhere it prints the lines
    that are not empty. unit and lines may be pairs (`Bilingual.of`).
    """
    print_line, unit = progress_printer(), line_for_reader(unit)
    if not sys.stderr.isatty():
        yield lambda _, line: print_line(line) if line else None
        return
    started, finished = time.monotonic(), 0

    def rate(_: object) -> str:
        return f"{finished / max(time.monotonic() - started, 0.001):,.0f} {unit}/s" if finished else ""

    with typer.progressbar(length=total, label=unit, show_pos=True, item_show_func=rate, file=sys.stderr) as bar:

        def advance(more: int, _: str) -> None:
            nonlocal finished
            finished += more
            bar.update(more)

        advance(0, "")
        yield advance


@contextmanager
def record_run(data: Path, command: str, **parameters: object) -> Iterator[dict[str, object]]:
    """Append a line to the data folder's run log when the block ends: done, refused or failed.

    parameters: what the command was called with. The block adds its results to the dictionary that is yielded; an
    entry `outcome` replaces "done".
    """
    from features.messages import UserError
    from features.runs import Run, append_run

    started_at, started, results = utc_now(), time.monotonic(), dict[str, object]()
    outcome, error_message = "failed", None
    try:
        yield results
        outcome = str(results.pop("outcome", "done"))
    except UserError as refusal:
        outcome, error_message = "refused", refusal.message
        raise
    finally:
        facts = parameters | results
        details = {name: value if isinstance(value, int) else str(value) for name, value in facts.items()}
        seconds = round(time.monotonic() - started, 3)
        at, by = started_at.isoformat(timespec="seconds"), current_os_user()
        append_run(data, Run(at, by, command, outcome, seconds, details, error_message))


RUN_BY = "LIGHTS_RUN_BY"
"""Environment variable with the account for which the service runs a command as a job."""


def current_os_user() -> str:
    """The name of the operating system's user, or "unknown"; in a job, with the account that started it."""
    user = _os_user()
    return f"{user} for {account}" if (account := os.environ.get(RUN_BY)) else user


def _os_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "unknown"


def utc_now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


def county_today() -> date:
    """The current calendar day in China."""
    from features.months import COUNTY_ZONE

    return datetime.now(COUNTY_ZONE).date()


def print_json(answer: Any) -> None:
    """Print an answer as one JSON document; dataclasses become objects, other values that JSON lacks become text."""

    def as_json_value(value: Any) -> Any:
        is_instance = dataclasses.is_dataclass(value) and not isinstance(value, type)
        return dataclasses.asdict(value) if is_instance else str(value)

    print(json.dumps(answer, default=as_json_value, ensure_ascii=False, indent=1))
