"""Wrong usage of the command line as a sentence in Chinese and English; typer itself has English ones only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from typer._click.exceptions import BadParameter, ClickException, MissingParameter, NoSuchOption, UsageError
from typer.core import TyperArgument

from features.messages import Bilingual, Line
from serving.cli.command_help import argument_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATTERNS: Mapping[str, str] = {
    r"No such command '(.+?)'\. Did you mean (.+)\?": "没有命令 '{0}'。是否为 {1}？",
    r"No such command '(.+?)'\.": "没有命令 '{0}'。",
    r"No such option: (\S+) \(Possible options: (.+)\)": "没有选项 {0}（可用的有：{1}）。",
    r"No such option: (\S+)": "没有选项 {0}。",
    r"Missing command\.": "缺少命令。",
    r"Got unexpected extra argument\(s\) \((.+)\)": "多出的参数：{0}。",
    r"Option '(.+)' requires an argument\.": "选项 '{0}' 需要一个值。",
    r"Option '(.+)' does not take a value\.": "选项 '{0}' 不带值。",
    r"(?:path|file|dir) '(.+)' does not exist\.": "'{0}' 不存在",
    r"(?:path|file|dir) '(.+)' is a file\.": "'{0}' 是文件",
    r"(?:path|file|dir) '(.+)' is a directory\.": "'{0}' 是文件夹",
    r"(?:path|file|dir) '(.+)' is not readable\.": "'{0}' 不可读",
    r"(?:path|file|dir) '(.+)' is not writable\.": "'{0}' 不可写",
}
"""Sentences of typer, and how they are said in Chinese."""


def usage_error_lines(error: ClickException) -> Iterator[Line]:
    """The lines of a wrong usage: how the command is written, where its help stands, and what is wrong."""
    if isinstance(error, UsageError) and error.ctx is not None:
        yield error.ctx.get_usage()
        help_command = f"{error.ctx.command_path} --help"
        yield Bilingual(f"说明见 {help_command}", f"Try '{help_command}' for help.")
        yield ""
    said = usage_error_sentence(error)
    yield Bilingual(f"错误：{said.zh}", f"Error: {said.en}")


def usage_error_sentence(error: ClickException) -> Bilingual:
    """What is wrong, in both languages.

    A sentence that a command raises in both is taken as it is; one of pydantic has the words of
    `serving/text/validation_errors.py`.
    """
    if isinstance(error, MissingParameter):
        kind = Bilingual("参数", "argument") if isinstance(error.param, TyperArgument) else Bilingual("选项", "option")
        return Bilingual(f"缺少{kind.zh} {_hint(error)}。", f"Missing {kind.en} {_hint(error)}.")
    if isinstance(error, BadParameter):
        from pydantic import ValidationError

        from serving.text.validation_errors import value_sentence

        cause, hint = error.__cause__, _hint(error)
        said = value_sentence(cause.errors()[0]) if isinstance(cause, ValidationError) else _in_chinese(error.message)
        return Bilingual(f"{hint} 的值有误：{said.zh}", f"Invalid value for {hint}: {said.en}") if hint else said
    return _in_chinese(error.format_message() if isinstance(error, NoSuchOption) else error.message)


def _hint(error: BadParameter) -> str:
    """The name of the parameter that is wrong."""
    if error.param_hint is not None:
        return error.param_hint if isinstance(error.param_hint, str) else ", ".join(error.param_hint)
    if isinstance(error.param, TyperArgument):
        return argument_name(error.param)
    return ", ".join(error.param.opts) if error.param is not None else ""


def _in_chinese(message: str) -> Bilingual:
    """A message of typer with its Chinese; one that is in both languages already, as it is."""
    for pattern, zh in _PATTERNS.items():
        if found := re.fullmatch(pattern, message):
            return Bilingual(zh.format(*found.groups()), message)
    return Bilingual.of(message)
