"""What every command says alike: the day, the data folder, progress, who and when."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer


def day(text: str) -> date:
    """A day as it is written on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"日期写作 2024-01-31 / a day is written 2024-01-31, not {text!r}") from error


Data = Annotated[Path, typer.Option("--data", envvar="LIGHTS_DATA", help="folder of everything the service keeps")]
AsOf = Annotated[date, typer.Option("--as-of", parser=day, metavar="DAY", help="month end, 2024-01-31")]
AsOfOrNewest = Annotated[date | None, typer.Option("--as-of", parser=day, metavar="DAY", help="month end; the newest")]
Json = Annotated[bool, typer.Option("--json", help="the answer as JSON")]
VAR = Path("var")


def teller() -> Callable[[str], None]:
    """A line of progress on a terminal's error stream; nothing is lost where it is redirected."""

    def tell(line: str) -> None:
        print(f"… {line}", file=sys.stderr, flush=True)

    return tell


@contextmanager
def progress(steps: int, of: str) -> Iterator[Callable[[int, str], None]]:
    """A bar with rate and time left on a terminal; elsewhere the lines that are said on the way."""
    tell = teller()
    if not sys.stderr.isatty():
        yield lambda _, line: tell(line) if line else None
        return
    began, done = time.monotonic(), [0]

    def rate(_: object) -> str:
        return f"{done[0] / max(time.monotonic() - began, 0.001):,.0f} {of}/s" if done[0] else ""

    with typer.progressbar(length=steps, label=of, show_pos=True, item_show_func=rate, file=sys.stderr) as bar:

        def advance(more: int, _: str) -> None:
            done[0] += more
            bar.update(more)

        advance(0, "")
        yield advance


@contextmanager
def recorded(data: Path, what: str, **asked: object) -> Iterator[dict[str, object]]:
    """A run with its line in the run ledger, however it ends; what it found out is laid into the dictionary."""
    from features.messages import Refused
    from features.runs import Run, record

    at, began, found = now(), time.monotonic(), dict[str, object]()
    outcome, refused = "failed", None
    try:
        yield found
        outcome = str(found.pop("outcome", "done"))
    except Refused as refusal:
        outcome, refused = "refused", refusal.words
        raise
    finally:
        told = {name: value if isinstance(value, int) else str(value) for name, value in (asked | found).items()}
        seconds = round(time.monotonic() - began, 3)
        record(data, Run(at.isoformat(timespec="seconds"), who(), what, outcome, seconds, told, refused))


def who() -> str:
    """The person at the machine."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "unknown"


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The county's own calendar day."""
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def print_json(answer: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(answer, default=_plain, ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)
