"""Completion of commands and options in bash, zsh and fish, by typer's scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

from features.console import reader_languages
from features.messages import Bilingual
from serving.cli.command_help import COMPLETION_VARIABLE, walk_commands

if TYPE_CHECKING:
    from typer._click import Command

SHELLS = ("bash", "zsh", "fish")


def completion_script(program: str, shell: str) -> str:
    """The script that a shell reads at its start; raises typer.BadParameter for another shell than `SHELLS`."""
    if shell not in SHELLS:
        raise typer.BadParameter("应为 bash、zsh 或 fish / should be bash, zsh or fish", param_hint="SHELL")
    return get_completion_script(prog_name=program, complete_var=COMPLETION_VARIABLE, shell=shell)


def prepare_completion(command: Command) -> None:
    """Let typer answer a shell that asks for words; zsh and fish show the help beside them in the reader's language."""
    completion_init()
    for _, each in walk_commands(command):
        each.short_help = _reader_text((each.help or "").split("\n\n")[0])
        for parameter in each.params:
            if isinstance(text := getattr(parameter, "help", None), str):
                parameter.__dict__["help"] = _reader_text(text)


def _reader_text(text: str) -> str:
    return str(getattr(Bilingual.of(" ".join(text.split())), reader_languages()[0]))
