"""The pages of settings, docs/reference/settings.md and settings.en.md, written by `python -m tests.settings_page`."""

from __future__ import annotations

from pathlib import Path

from features.console import Language
from serving.settings import SettingNote, setting_notes

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PAGES: tuple[tuple[Path, Language], ...] = ((FOLDER / "settings.md", "zh"), (FOLDER / "settings.en.md", "en"))
_HEADS: dict[Language, str] = {
    "zh": """# 设置

由 `python -m tests.settings_page` 依声明（`serving/settings.py`）生成，请勿手改。设置是环境变量；systemd 下写在
`/etc/county-lights.env` 中，每行一个，如 `LIGHTS_SESSION_HOURS=8`。取值有误时命令拒绝运行，并指出是哪一个。

| 变量 | 含义 | 默认 | 单位 | 读取它的命令 |
|---|---|---|---|---|""",
    "en": """# Settings

Written by `python -m tests.settings_page` from the declarations (`serving/settings.py`); do not edit. A setting is an
environment variable; under systemd they stand in `/etc/county-lights.env`, one a line, such as
`LIGHTS_SESSION_HOURS=8`. Where a value is wrong the command is refused and names the variable.

| variable | meaning | default | unit | read by |
|---|---|---|---|---|""",
}


def page(language: Language) -> str:
    """The whole page in one language."""
    return "\n".join([_HEADS[language], *(_row(*each, language) for each in setting_notes().items())]) + "\n"


def _row(name: str, note: SettingNote, language: Language) -> str:
    texts = (note.meaning, note.default, note.unit, note.read_by)
    return f"| `{name}` | " + " | ".join("" if each is None else getattr(each, language) for each in texts) + " |"


if __name__ == "__main__":
    for path, language in PAGES:
        path.write_text(page(language), "utf-8")
