"""The pages of commands, docs/reference/commands.md and commands.en.md: `python -m tests.commands_page` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from features.console import Language
from features.messages import Bilingual
from lights import app
from serving.cli.command_help import CommandHelp, ParameterHelp, command_help, walk_commands

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PAGES: tuple[tuple[Path, Language], ...] = ((FOLDER / "commands.md", "zh"), (FOLDER / "commands.en.md", "en"))
_HEADS = {
    "zh": """# 命令参考

由 `python -m tests.commands_page` 依命令的声明生成，请勿手改。各命令用途的概览见[命令一览](../commands.md)。

- 退出码：0 完成；1 被拒绝，并说明原因；2 用法有误；其他见各命令。
- 说明和消息的语言依次取自 `LIGHTS_LANG`（zh、en 或 both）、`LC_ALL`、`LC_MESSAGES`、`LANG`；都未指明时中英文都显示。
- 命令补全：bash 在 `~/.bashrc` 中加一行 `source <(lights completion bash)`；zsh 在 `~/.zshrc` 的 `compinit` 之后加一行
  `source <(lights completion zsh)`；fish 运行 `lights completion fish > ~/.config/fish/completions/lights.fish`。
- 日期写作 2024-01-31。环境变量见[设置](settings.md)。
""",
    "en": """# Commands in detail

Written by `python -m tests.commands_page` from the declarations of the commands; do not edit. What each is for stands
in the [overview of commands](../commands.md).

- Exit codes: 0 done; 1 refused, with a sentence that says why; 2 wrong usage; others where the command says so.
- The language of help and messages is that of `LIGHTS_LANG` (zh, en or both), else of `LC_ALL`, `LC_MESSAGES` or
  `LANG`; both where none of them tells.
- Completion: in bash add `source <(lights completion bash)` to `~/.bashrc`; in zsh add
  `source <(lights completion zsh)` to `~/.zshrc`, after `compinit`; in fish run
  `lights completion fish > ~/.config/fish/completions/lights.fish`.
- A day is written 2024-01-31. Environment variables stand in [settings](settings.en.md).
""",
}
_COLUMNS: dict[Language, str] = {"zh": "| 名称 | 含义 | 取值 |", "en": "| name | meaning | value |"}


def described_commands() -> Iterator[CommandHelp]:
    """Every command with its help, as `--help` shows it."""
    for path, command in walk_commands(typer.main.get_command(app)):
        yield command_help(command, path)


def page(language: Language) -> str:
    """The whole page in one language."""
    return "\n".join(
        [_HEADS[language], *(line for each in described_commands() for line in _command_lines(each, language))]
    )


def _command_lines(described: CommandHelp, language: Language) -> Iterator[str]:
    yield f"## {described.path}"
    yield ""
    yield "```text"
    yield getattr(described.usage, language)
    yield "```"
    yield ""
    yield from (_sentence(each, language) for each in described.sentences)
    yield ""
    if described.subcommands:
        yield from (
            f"- `{described.path} {name}`{'：' if language == 'zh' else ': '}{_sentence(text, language)}"
            for name, text in described.subcommands
        )
        yield ""
    yield _COLUMNS[language]
    yield "|---|---|---|"
    yield from (_parameter_row(each, language) for each in described.parameters)
    yield ""


def _parameter_row(parameter: ParameterHelp, language: Language) -> str:
    value = getattr(parameter.value, language)
    names = ", ".join(f"`{name}{f' {value}' if value else ''}`" for name in parameter.names).replace("|", "\\|")
    facts = ("，" if language == "zh" else ", ").join(getattr(each, language) for each in parameter.facts)
    return f"| {names} | {getattr(parameter.meaning, language)} | {facts} |".replace("  |", " |")


def _sentence(text: Bilingual, language: Language) -> str:
    said = str(getattr(text, language))
    stop = "。" if language == "zh" else "."
    return said if said.endswith(stop) else f"{said}{stop}"


if __name__ == "__main__":
    for path, language in PAGES:
        path.write_text(page(language), "utf-8")
