"""Hooks of the manuals' build: pages that lie with the code, links between all pages, and a site without outside links.

MkDocs builds one folder. The pages of docs/ and those of `CODE_PAGES` are copied into a folder of their own first, with
their relative links rewritten, so that the same link holds in the repository and in the manuals.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import jieba
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parent
CODE_PAGES = {
    "models/traffic_light/RULES.md": "reference/rules.md",
    "models/county_policy/POLICY.md": "reference/policy.md",
    "models/rating/RATINGS.md": "reference/ratings.md",
    "models/visit_effect/VISITS.md": "reference/visits.md",
    "features/CATALOG.md": "reference/features.md",
    "features/AVAILABILITY.md": "reference/availability.md",
    "serving/batch/NEWS.md": "reference/news.md",
    "serving/RUNNING.md": "reference/running.md",
    "serving/reports/README.md": "reference/reports.md",
    "serving/deploy/README.md": "reference/deployment.md",
    "notebooks/README.md": "studies/notebooks.md",
    "training/simulate/README.md": "studies/simulation.md",
    "training/simulate/CALIBRATION.md": "studies/calibration.md",
    "training/studies/BARS.md": "studies/bars.md",
    "training/studies/MONITOR.md": "studies/monitor.md",
    "training/studies/FUND_PAYMENTS.md": "studies/fund_payments.md",
    "training/studies/VISITS.md": "studies/visits.md",
    "training/studies/VISITED_TRAINING.md": "studies/visited_training.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
}
"""Pages outside docs/ by their path in the repository, with their path in the manuals."""
_LINK = re.compile(
    r"(?P<code>^```.*?^```|`[^`\n]+`)|(?P<image>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)",
    re.DOTALL | re.MULTILINE,
)
"""A link; code comes first, since links in it are examples."""
_OUTSIDE = re.compile(r"https?:|mailto:")
_LOADED_BY_SCRIPT = re.compile(r"https://(?:unpkg|api\.github)\.com[^\"`]*")
_ALTERNATE = re.compile(r"<link rel=\"alternate\"[^>]*>")
_WORDS_OF_A_QUERY = ("o<t.length;o++)t.slice(s,o)in e", "o<=t.length;o++)t.slice(s,o)in e")
"""Where the search cuts a Chinese query into words, as it is and as it has to be: it leaves out the last word."""
_WORKER_LANGUAGES = ("lunr.multi.min.js", "lunr.stemmer.support.min.js", "lunr.zh.min.js")
_staged: list[tempfile.TemporaryDirectory[str]] = []


def on_startup(**_: Any) -> None:
    """Let jieba load its words without a line on the terminal."""
    jieba.setLogLevel(logging.WARNING)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Have the pages built from a folder that holds them all, and leave unwritten pages out of the navigation."""
    if not _staged:
        _staged.append(tempfile.TemporaryDirectory(prefix="manuals-"))
        stage_pages(Path(config.docs_dir), Path(_staged[0].name))
        config.docs_dir = _staged[0].name
        config.nav = existing_entries(config.nav or [], Path(config.docs_dir))
    return config


def on_post_page(output: str, **_: Any) -> str:
    """A page without the addresses of its translations in the head, where the theme looks for site maps."""
    return _ALTERNATE.sub("", output)


def on_post_build(config: MkDocsConfig) -> None:
    """Remove from the built folder what names outside addresses and is never loaded; repair the search.

    Raises PluginError where the theme's search is another than the one that is repaired.
    """
    site = Path(config.site_dir)
    for pattern in ("**/*.map", "sitemap.xml*", "**/404.html", "**/lunr/*.js", "**/lunr/min/*.js"):
        for path in site.glob(pattern):
            if path.name not in _WORKER_LANGUAGES:
                path.unlink()
    for script in site.glob("assets/javascripts/workers/search.*.js"):
        text, (wrong, right) = script.read_text("utf-8"), _WORDS_OF_A_QUERY
        if wrong not in text and right not in text:
            raise PluginError(f"{script.name} cuts Chinese queries in another way: look at _WORDS_OF_A_QUERY")
        script.write_text(text.replace(wrong, right), "utf-8")
    for script in site.glob("assets/javascripts/bundle.*.js"):  # libraries that diagrams and old browsers would fetch
        script.write_text(_LOADED_BY_SCRIPT.sub("", script.read_text("utf-8")), "utf-8")


def on_shutdown() -> None:
    """Remove the folder of the pages."""
    while _staged:
        _staged.pop().cleanup()


def stage_pages(docs: Path, folder: Path) -> None:
    """Copy the pages of docs/ and of the code into a folder, with links that hold there."""
    shutil.copytree(docs, folder, dirs_exist_ok=True)
    shutil.copy(ROOT / "serving/pages/static/icon.svg", folder)
    pages = {
        f"docs/{path.relative_to(docs).as_posix()}": path.relative_to(docs).as_posix() for path in docs.rglob("*.md")
    }
    for source, target in {**CODE_PAGES, **pages}.items():
        page = folder / target
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(rewrite_links((ROOT / source).read_text("utf-8"), source, target), "utf-8")


def rewrite_links(text: str, source: str, target: str) -> str:
    """A page's text with its relative links as they are in the manuals.

    A link to a file that the manuals do not hold, such as a module, becomes its words and the file's path; one to
    another site or to a page that is not written becomes its words.

    Args:
        text: Markdown.
        source: the page's path in the repository.
        target: its path in the manuals.
    """

    def rewrite(link: re.Match[str]) -> str:
        if link["code"]:
            return link[0]
        path = os.path.normpath(Path(source).parent / link["target"])
        if _OUTSIDE.match(link["target"]) or (path.endswith(".md") and not (ROOT / path).is_file()):
            return link["words"]
        page = "index.md" if path == "README.md" else CODE_PAGES.get(path)
        if page is None and not path.startswith("docs/"):
            return f"{link['words']} (`{path}`)"
        page = (page or path.removeprefix("docs/")).replace(".en.md", ".md")  # the reader's language decides
        address = f"{os.path.relpath(page, Path(target).parent)}{link['anchor'] or ''}"
        return f"{link['image']}[{link['words']}]({address})"

    return _LINK.sub(rewrite, text)


def existing_entries(entries: list[Any], docs: Path) -> list[Any]:
    """The entries of a navigation whose pages are written."""
    kept_entries = []
    for entry in entries:
        [(title, value)] = entry.items()
        value = existing_entries(value, docs) if isinstance(value, list) else (docs / value).is_file() and value
        if value:
            kept_entries.append({title: value})
    return kept_entries
