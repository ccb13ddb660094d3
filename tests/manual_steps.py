"""A page of the manuals as steps: its commands, run word by word, and the service's pages that it names.

A page's commands stand in fenced blocks marked `console`, one a line behind `$ `; a line that ends with a backslash
goes on in the next. The other lines of a block are what the command prints. A command that fails as the page says it
does is followed by `$ echo $?` and the code.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^( *)```console\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`(/[^`\s]*)`")
_MACHINE_FOLDERS = frozenset({"dev", "etc", "home", "mnt", "opt", "proc", "root", "run", "srv", "tmp", "usr", "var"})
_ASK_CODE = "echo $?"


@dataclass(frozen=True)
class Step:
    """A command of a page, and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


def steps_of(page: Path) -> tuple[Step, ...]:
    """The commands of a page with what the page shows of their output, in order."""
    return tuple(step for block in _BLOCK.finditer(page.read_text("utf-8")) for step in _steps_in(block[2]))


def _steps_in(block: str) -> Iterator[Step]:
    command, shown = "", list[str]()
    for line in (each.strip() for each in block.splitlines()):
        if command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {line}"
        elif line.startswith("$ "):
            if command:
                yield Step(command, tuple(shown))
            command, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)
    if command:
        yield Step(command, tuple(shown))


def commands_of(page: Path) -> tuple[str, ...]:
    """The commands of a page, in order."""
    return tuple(step.command for step in steps_of(page))


def pages_of(page: Path) -> tuple[str, ...]:
    """The service's paths that stand in backquotes in a page, such as `/deliveries`, each once, in order."""
    paths = dict.fromkeys(_PATH.findall(page.read_text("utf-8")))
    return tuple(path for path in paths if path.split("/")[1] not in _MACHINE_FOLDERS)


def follow(page: Path, folder: Path, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Run the commands of a page in one shell in `folder`; returns what each printed.

    `lights` is the one under test. Fails at the first command that fails, with all that it printed, unless the page
    asks for its exit code next; then the code has to be the one on the page.
    """
    steps = steps_of(page)
    assert steps, f"{page.name} has no commands"
    printed = folder / ".printed"
    printed.mkdir(parents=True)
    lines = [f'lights() {{ {shlex.quote(sys.executable)} -m lights "$@"; }}', "last=0"]
    for number, step in enumerate(steps):
        out = shlex.quote(str(printed / str(number)))
        lines += [f"(exit $last)\n{{ {step.command}\n}} >{out} 2>&1 </dev/null", f"last=$?; echo $last >{out}.code"]
        if not (number + 1 < len(steps) and steps[number + 1].command == _ASK_CODE):
            lines.append("[ $last = 0 ] || exit $last")
    _run("\n".join(lines), folder, environment or {})
    return tuple(_output(page, printed / str(number), step) for number, step in enumerate(steps))


def _run(script: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a script to its end, and end what it has left running."""
    environs = {**os.environ, "PYTHONUTF8": "1", **environment}
    shell = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environs, start_new_session=True)
    try:
        shell.wait(timeout=600)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)


def _output(page: Path, printed: Path, step: Step) -> str:
    """What a step printed. Fails where the step failed or was not reached."""
    code = printed.with_name(f"{printed.name}.code")
    assert code.exists(), f"{page.name}: not reached: {step.command}"
    text = printed.read_text("utf-8")
    if step.command == _ASK_CODE:
        assert tuple(text.split()) == step.shown, f"{page.name}: the command above ended with {text.strip()}"
    elif code.read_text().strip() != "0":
        asked = printed.with_name(str(int(printed.name) + 1))
        assert asked.exists(), f"{page.name}: $ {step.command}\n{text}"
    return text
