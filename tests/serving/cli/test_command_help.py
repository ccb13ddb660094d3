"""Help and wrong usage are in the reader's language: every text of every command, and what typer itself says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from features.messages import Bilingual
from lights import app
from serving.cli.command_help import (
    CommandHelp,
    ParameterHelp,
    command_help,
    display_width,
    help_page,
    walk_commands,
    wrapped_lines,
)
from serving.cli.completion import SHELLS, completion_script
from tests.behaviour.test_command_line import COMMANDS
from tests.running_service import CHINESE, LIGHTS, environment
from tests.test_chinese_text import HALF_WIDTH

DESCRIBED = {path: command_help(command, path) for path, command in walk_commands(typer.main.get_command(app))}
ZH, EN, BOTH = "zh_CN.UTF-8", "en_US.UTF-8", "C.UTF-8"


def run_in(locale: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `lights` for a reader of this locale, on a wide terminal."""
    lacking = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LIGHTS_"))}
    variables = {**lacking, "LANG": locale, "PYTHONUTF8": "1", "COLUMNS": "200", **variables}
    return subprocess.run([*LIGHTS, *words], env=variables, capture_output=True, text=True, check=False)


def texts_of(described: CommandHelp) -> list[Bilingual]:
    """Every text of a command's help."""
    facts = [fact for each in described.parameters for fact in (each.value, each.meaning, *each.facts)]
    return [described.usage, *described.sentences, *facts]


def faults_in(text: Bilingual) -> list[str]:
    """What is wrong with a text: a language that is missing, or half-width punctuation in Chinese."""
    has_words = re.search("[a-z]{3}", re.sub(r"LIGHTS_\w+|\S*\|\S*|lights \S+", "", text.en))
    faults = ["lacks Chinese"] if has_words and not CHINESE.search(text.zh) else []
    faults += ["Chinese in the English"] if CHINESE.search(text.en) else []
    return faults + (["half-width"] if HALF_WIDTH.search(text.zh) else [])


def test_the_commands_are_those_that_the_other_tests_know() -> None:
    assert set(COMMANDS) <= {name for name, _ in DESCRIBED["lights"].subcommands}
    assert len(DESCRIBED) > 45


@pytest.mark.parametrize("path", DESCRIBED)
def test_every_text_of_a_command_is_in_both_languages(path: str) -> None:
    described = DESCRIBED[path]
    assert {text: faults_in(text) for text in texts_of(described) if faults_in(text)} == {}
    assert all(each.meaning.zh and each.meaning.en for each in described.parameters)
    assert all(sentence.zh and sentence.en and sentence.zh != sentence.en for sentence in described.sentences)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (Bilingual.of("端口 / port"), []),
        (Bilingual.of("the port"), ["lacks Chinese"]),
        (Bilingual("端口", "port 端口"), ["Chinese in the English"]),
        (Bilingual.of("端口, 默认 / port"), ["half-width"]),
    ],
)
def test_what_counts_as_a_fault_of_a_help_text(text: Bilingual, faults: list[str]) -> None:
    assert faults_in(text) == faults


@pytest.mark.parametrize("path", DESCRIBED)
def test_a_help_page_for_one_reader_has_one_language(path: str) -> None:
    english, chinese = help_page(DESCRIBED[path], ("en",)), help_page(DESCRIBED[path], ("zh",))
    assert not CHINESE.search(english)
    assert not re.search("Usage|Options|Arguments|Commands|required|default|show this", chinese)
    for each in DESCRIBED[path].parameters:
        assert all(name in english and name in chinese for name in each.names)


def test_headings_follow_the_locale() -> None:
    chinese, english, both = (run_in(locale, "user", "add", "--help").stdout for locale in (ZH, EN, BOTH))
    assert chinese.startswith("用法：lights user add [选项] NAME\n")
    assert english.startswith("Usage: lights user add [OPTIONS] NAME\n")
    assert both.startswith("用法：lights user add [选项] NAME\nUsage: lights user add [OPTIONS] NAME\n")
    assert "选项：" in chinese
    assert "Options:" in english
    assert "选项 Options:" in both


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("lode",), "没有命令 'lode'。是否为 'load'？", "No such command 'lode'. Did you mean 'load'?"),
        (("xyzxyz",), "没有命令 'xyzxyz'。", "No such command 'xyzxyz'."),
        (("runs", "--jsn"), "没有选项 --jsn（可用的有：--json）。", "No such option: --jsn (Possible options: --json)"),
        (("runs", "--q"), "没有选项 --q。", "No such option: --q"),
        (("runs", "a", "b"), "多出的参数：a b。", "Got unexpected extra argument(s) (a b)"),
        (("runs", "--data"), "选项 '--data' 需要一个值。", "Option '--data' requires an argument."),
        (("score",), "缺少选项 --as-of。", "Missing option --as-of."),
        (("explain",), "缺少参数 HOUSEHOLD。", "Missing argument HOUSEHOLD."),
        (("serve", "--port", "0"), "--port 的值有误：应不小于 1", "Invalid value for --port: expected at least 1"),
        (("serve", "--port", "x"), "--port 的值有误：应为整数", "Invalid value for --port: expected a whole number"),
        (
            ("score", "--as-of", "soon"),
            "--as-of 的值有误：日期写作 2024-01-31，而非 'soon'",
            "Invalid value for --as-of: a day is written 2024-01-31, not 'soon'",
        ),
        (
            ("audit", "verify", "--heads", "/nowhere/x"),
            "--heads 的值有误：'/nowhere/x' 不存在",
            "Invalid value for --heads: path '/nowhere/x' does not exist.",
        ),
        (
            ("completion", "tcsh"),
            "SHELL 的值有误：应为 bash、zsh 或 fish",
            "Invalid value for SHELL: should be bash, zsh or fish",
        ),
    ],
)
def test_wrong_usage_is_told_in_the_readers_language(words: tuple[str, ...], zh: str, en: str) -> None:
    chinese, english = run_in(ZH, *words), run_in(EN, *words)
    assert (chinese.returncode, english.returncode) == (2, 2)
    assert chinese.stderr.splitlines()[-1] == f"错误：{zh}"
    assert english.stderr.splitlines()[-1] == f"Error: {en}"
    assert "Usage" not in chinese.stderr
    assert not CHINESE.search(english.stderr)


def test_the_setting_goes_before_the_locale() -> None:
    assert run_in(ZH, "runs", "--help", LIGHTS_LANG="en").stdout.startswith("Usage: ")
    assert run_in(EN, "runs", "--help", LIGHTS_LANG="zh").stdout.startswith("用法：")


def test_the_version_is_that_of_the_project() -> None:
    declared = re.search(r'^version = "(.+)"$', Path("pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert declared
    assert run_in(EN, "--version").stdout == f"lights {declared[1]}\n"


def complete_in_bash(folder: Path, *words: str) -> list[str]:
    """The words that bash offers for the last of `words`, by the function of the script that `lights` prints."""
    program = folder / "lights"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m lights "$@"\n')
    program.chmod(0o755)
    typed = " ".join(f"'{word}'" for word in words)
    script = f"""
        source <(lights completion bash)
        set -- $(complete -p lights)
        while [ "$1" != -F ]; do shift; done
        COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        "$2" lights
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{folder}:{os.environ['PATH']}"
    variables = {**environment(folder), "PATH": path, "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run(["bash", "-c", script], env=variables, capture_output=True, text=True, check=True)
    return ran.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("lights", "tem"), ["templates"]),
        (("lights", "cases", "ov"), ["overrides"]),
        (("lights", "score", "--as-of", "2025-12-31", "--rul"), ["--rules-only"]),
        (("lights", "nothing-like-it", "--rul"), []),
    ],
)
def test_bash_completes_commands_and_options(tmp_path: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert complete_in_bash(tmp_path, *words) == offered


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(shell: str) -> None:
    assert "_LIGHTS_COMPLETE" in completion_script("lights", shell)


def test_zsh_shows_the_help_beside_a_word_in_the_readers_language() -> None:
    asked = {"_LIGHTS_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "lights verif"}
    assert "检查：" in run_in(ZH, **asked).stdout
    assert "Compare files" in run_in(EN, **asked).stdout


def test_lines_are_as_wide_as_a_terminal_shows_them() -> None:
    text = "农户编号，或交付时所用的身份证号（如 h00493）；household_id or the identity number"
    lines = wrapped_lines(text, 20)
    assert max(map(display_width, lines)) <= 20
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not [line for line in lines if line.startswith(("，", "；", "）"))]


def test_a_default_a_range_and_a_variable_are_told() -> None:
    described = ParameterHelp(("--x",), Bilingual("整数", "N"), Bilingual("数", "number"), True, True, "1", "X", "x>=1")
    page = help_page(CommandHelp("lights x", (Bilingual("试", "Try"),), (described,), ()), ("en",))
    assert "[required, default 1, variable X, range x>=1]" in page
