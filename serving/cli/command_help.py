"""Help pages of the command line in the reader's language; what they say stands in the commands' declarations.

A help text is a pair as `str(Bilingual(...))` writes it: 装载 / load. `tests/commands_page.py` writes the page of all
commands from the same descriptions.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unicodedata import east_asian_width

from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.models import Context

from features.console import Language, reader_languages
from features.messages import Bilingual

if TYPE_CHECKING:
    from typer._click import Command

COMPLETION_VARIABLE = "_LIGHTS_COMPLETE"
"""Environment variable by which a shell's completion script asks this program for words."""
USAGE = Bilingual("用法", "Usage")
ARGUMENTS = Bilingual("参数", "Arguments")
OPTIONS = Bilingual("选项", "Options")
COMMANDS = Bilingual("命令", "Commands")
HELP = Bilingual("显示本说明后退出", "show this page and exit")
_OPTIONS_PLACE = Bilingual("[选项]", "[OPTIONS]")
_COMMAND_PLACE = Bilingual("命令 [参数]...", "COMMAND [ARGS]...")
_PLACEHOLDERS: Mapping[str, Bilingual] = {
    "DAY": Bilingual("日期", "DAY"),
    "REASON": Bilingual("原因", "REASON"),
    "ADDRESS": Bilingual("地址", "ADDRESS"),
    "CODE": Bilingual("代码", "CODE"),
    "FILE": Bilingual("文件", "FILE"),
    "ALIAS|VERSION": Bilingual("别名|版本", "ALIAS|VERSION"),
    "<path>": Bilingual("路径", "PATH"),
    "<str>": Bilingual("文字", "TEXT"),
    "<int>": Bilingual("整数", "NUMBER"),
    "<int range>": Bilingual("整数", "NUMBER"),
    "<float range>": Bilingual("小数", "NUMBER"),
}
"""What stands for a value, by what the declaration or typer calls it; another one is the same in both languages."""
_WIDEST_NAMES = 34
_PIECE = re.compile(r"\s+|[\[（《“]*(?:[!-~]+|[^\s])[，。；：、）》”？！…]*")
"""What is not broken over two lines: a word, or one Chinese character with the punctuation that belongs to it."""


@dataclass(frozen=True)
class ParameterHelp:
    """An option or argument: its names, what stands for its value, its meaning, and what is known of its value."""

    names: tuple[str, ...]
    value: Bilingual
    meaning: Bilingual
    is_option: bool
    required: bool = False
    default: str | None = None
    variable: str | None = None
    bounds: str | None = None

    @property
    def facts(self) -> tuple[Bilingual, ...]:
        """Required, default, environment variable and bounds, each where there is one."""
        required = [Bilingual("必填", "required")] if self.required else []
        default = [Bilingual(f"默认 {self.default}", f"default {self.default}")] if self.default else []
        variable = [Bilingual(f"环境变量 {self.variable}", f"variable {self.variable}")] if self.variable else []
        bounds = [Bilingual(f"范围 {self.bounds}", f"range {self.bounds}")] if self.bounds else []
        return (*required, *default, *variable, *bounds)

    def cells_in(self, languages: Sequence[Language]) -> tuple[str, list[str]]:
        """Its names with what stands for its value, and the text beside them in each language."""
        value = getattr(self.value, languages[0]) if len(languages) == 1 else self.value.en
        texts = []
        for language in languages:
            facts = ("，" if language == "zh" else ", ").join(getattr(each, language) for each in self.facts)
            texts.append(f"{getattr(self.meaning, language)}{f'  [{facts}]' if facts else ''}")
        return " ".join(filter(None, ["/".join(self.names), value])), texts


@dataclass(frozen=True)
class CommandHelp:
    """A command: its path such as `lights user add`, its sentences, its parameters and the commands below it."""

    path: str
    sentences: tuple[Bilingual, ...]
    parameters: tuple[ParameterHelp, ...]
    subcommands: tuple[tuple[str, Bilingual], ...]

    @property
    def usage(self) -> Bilingual:
        """How the command is written, from `lights` on."""
        arguments = " ".join(
            name if each.required else f"[{name}]"
            for each in self.parameters
            if not each.is_option
            for name in each.names
        )
        places = [_OPTIONS_PLACE, Bilingual(arguments, arguments), *([_COMMAND_PLACE] if self.subcommands else [])]
        zh, en = [each.zh for each in places], [each.en for each in places]
        return Bilingual(*(" ".join([self.path, *filter(None, words)]) for words in (zh, en)))

    def text_in(self, language: Language) -> str:
        """Its sentences one after the other, each with a full stop."""
        stop, gap = ("。", "") if language == "zh" else (".", " ")
        texts = (getattr(each, language) for each in self.sentences)
        return gap.join(text if text.endswith(("。", ".", "?", "？")) else f"{text}{stop}" for text in texts)


def command_help(command: Command, path: str) -> CommandHelp:
    """What a command says of itself. path: the words that call it."""
    context = Context(command)
    below = command.commands if isinstance(command, TyperGroup) else {}
    return CommandHelp(
        path,
        tuple(Bilingual.of(" ".join(each.split())) for each in (command.help or "").split("\n\n")),
        (
            *(parameter_help(each, context) for each in command.params),
            ParameterHelp(("--help",), Bilingual("", ""), HELP, is_option=True),
        ),
        tuple((name, command_help(each, f"{path} {name}").sentences[0]) for name, each in below.items()),
    )


def parameter_help(parameter: Any, context: Context) -> ParameterHelp:
    """The description of a parameter as typer declares it; context: of its command."""
    declared = cast("TyperOption | TyperArgument", parameter)
    is_option = isinstance(declared, TyperOption)
    is_flag = isinstance(declared, TyperOption) and declared.is_flag
    names = (*declared.opts, *declared.secondary_opts)
    if isinstance(declared, TyperArgument):
        names = (argument_name(declared),)
    value = declared.metavar or declared.display_type(context)
    value = re.sub(r"^<list\[(?:.*\.)?(\w+)\]>$", lambda found: f"<{found[1].lower()}>", value)
    shown = "" if is_flag or not is_option else value
    return ParameterHelp(
        names,
        _PLACEHOLDERS.get(shown, Bilingual(shown, shown)),
        Bilingual.of(getattr(declared, "help", None) or ""),
        is_option,
        declared.required,
        default_text(declared),
        str(declared.envvar) if declared.envvar else None,
        declared._get_number_range_help_str(),
    )


def argument_name(argument: TyperArgument) -> str:
    """The name of an argument as help pages write it."""
    name = argument.metavar or argument.name.upper()
    return f"{name}..." if argument.nargs != 1 else name


def default_text(declared: TyperOption | TyperArgument) -> str | None:
    """The default of a value as it would be typed; of a pair of flags the one that holds; None where there is none."""
    default = declared.default
    if isinstance(default, bool):
        names = declared.opts if default else declared.secondary_opts
        return names[0] if declared.secondary_opts else None
    return str(default) if isinstance(default, str | int | float | Path) and str(default) else None


def walk_commands(command: Command, path: str = "lights") -> Iterator[tuple[str, Command]]:
    """A command and all below it, each with the words that call it."""
    yield path, command
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from walk_commands(each, f"{path} {name}")


def commands_for_reader(command: Command) -> Command:
    """The same command; it and all below it have help pages in the reader's language."""
    for _, each in walk_commands(command):
        each.context_class = ReaderContext
    return command


class ReaderContext(Context):
    """typer's context with the help pages of this module, for a command whose `context_class` it is."""

    def get_help(self) -> str:
        """The help page, printed by `--help`."""
        return help_page(command_help(self.command, self.command_path), reader_languages())

    def get_usage(self) -> str:
        """The lines that say how the command is written, shown above a wrong usage."""
        usage = command_help(self.command, self.command_path).usage
        return "\n".join(_usage_lines(usage, reader_languages()))


def _usage_lines(usage: Bilingual, languages: Sequence[Language]) -> Iterator[str]:
    for language in languages:
        yield f"{_heading(USAGE, language)}{' ' if language == 'en' else ''}{getattr(usage, language)}"


def _heading(text: Bilingual, language: Language) -> str:
    return f"{text.zh}：" if language == "zh" else f"{text.en}:"


def help_page(described: CommandHelp, languages: Sequence[Language]) -> str:
    """The page that `--help` prints; languages: one, or both one after the other."""
    width = max(min(shutil.get_terminal_size().columns, 100) - 1, 50)
    lines = [*_usage_lines(described.usage, languages)]
    for language in languages:
        lines += ["", *(f"  {line}" for line in wrapped_lines(described.text_in(language), width - 2))]
    arguments = [each for each in described.parameters if not each.is_option]
    options = [each for each in described.parameters if each.is_option]
    for title, parameters in ((ARGUMENTS, arguments), (OPTIONS, options)):
        lines += _table(title, [each.cells_in(languages) for each in parameters], languages, width)
    commands = [(name, [getattr(text, language) for language in languages]) for name, text in described.subcommands]
    return "\n".join([*lines, *_table(COMMANDS, commands, languages, width)])


def _table(
    title: Bilingual, rows: Sequence[tuple[str, list[str]]], languages: Sequence[Language], width: int
) -> list[str]:
    """A heading and rows in two columns, the second one wrapped; nothing where there are no rows."""
    if not rows:
        return []
    heading = f"{title.zh} {title.en}:" if len(languages) > 1 else _heading(title, languages[0])
    left = min(max(display_width(name) for name, _ in rows), _WIDEST_NAMES) + 4
    lines = ["", heading]
    for name, texts in rows:
        head, *rest = [line for text in texts for line in wrapped_lines(text, width - left)]
        first = f"  {name}"
        if display_width(first) + 2 > left:
            lines.append(first)
            first = ""
        lines.append(f"{first}{' ' * (left - display_width(first))}{head}")
        lines += [f"{' ' * left}{line}" for line in rest]
    return lines


def display_width(text: str) -> int:
    """The columns that a text takes on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrapped_lines(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` columns, broken at spaces and between Chinese characters.

    Example:
        >>> from serving.cli.command_help import wrapped_lines
        >>> wrapped_lines("月末日期，如 2024-01-31", 12)
        ['月末日期，如', '2024-01-31']
    """
    lines, line = list[str](), ""
    for piece in _PIECE.findall(text):
        if line and display_width(f"{line}{piece}".rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line = f"{line}{piece}".lstrip() if not line else f"{line}{piece}"
    return [*lines, line.rstrip()]
