"""The comparison of champion and challenger as one self-contained HTML page, in Chinese or English."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from features.atomic_files import write_bytes
from models.evaluation_words import group_words
from training.evaluation.page import page_environment
from training.evaluation.paired_models import METRIC_WORDS, PairedComparison
from training.evaluation.report import Lang


def comparison_html(comparison: PairedComparison, lang: Lang) -> str:
    """The page: metrics with the intervals of their differences, lights and visits of both models."""
    return (
        page_environment()
        .get_template("comparison.html.jinja")
        .render(
            comparison=comparison,
            lang=lang,
            metric_words=METRIC_WORDS,
            say=lambda zh, en: zh if lang == "zh" else en,
            text=lambda words: getattr(words, lang),
            group_name=lambda code: getattr(group_words("", code), lang),
            number=lambda value: "-" if value is None else f"{value:.4f}",
        )
    )


def comparison_pages(comparison: PairedComparison) -> dict[str, str]:
    """The page in each language by the name of its file, `comparison.zh.html` and `comparison.en.html`."""
    return {f"comparison.{lang}.html": comparison_html(comparison, lang) for lang in get_args(Lang)}


def write_comparison_pages(comparison: PairedComparison, folder: Path) -> None:
    """Write the pages into the folder, each atomically."""
    for name, page in comparison_pages(comparison).items():
        write_bytes(page.encode(), folder / name)
