"""Words of the pages in Chinese and English, by key: `words.toml`; templates read them as `w.<key>`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from features.messages import Bilingual

Language = Literal["zh", "en"]
TAGS: Mapping[Language, str] = {"zh": "zh-Hans", "en": "en"}
WORD_SECTIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = tomllib.loads(
    files("serving.text").joinpath("words.toml").read_text("utf-8")
)
"""The words as they are written, by section."""
WORDS: Mapping[str, Bilingual] = {
    key: Bilingual(**words) for section in WORD_SECTIONS.values() for key, words in section.items()
}
"""All words, by key."""


def in_language(language: Language) -> dict[str, str]:
    """All words of the pages in one language, by key."""
    return {key: getattr(words, language) for key, words in WORDS.items()}
