"""Atom documents (RFC 4287), with texts as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

ATOM = "application/atom+xml"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_NOT_IN_XML = re.compile(r"[^\t\n\r -\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that no XML document may hold."""


@dataclass(frozen=True)
class AtomEntry:
    """An entry. id: a URI; link: to the page about it."""

    id: str
    title: str
    updated: datetime
    content: str
    link: str
    categories: Sequence[str]


@dataclass(frozen=True)
class AtomFeed:
    """A page of a feed. own_link: its address; next_link: of the next page, None on the last."""

    id: str
    title: str
    subtitle: str | None
    updated: datetime
    author: str
    own_link: str
    next_link: str | None
    language: str
    entries: Sequence[AtomEntry]


def atom_document(feed: AtomFeed) -> bytes:
    """The document of a feed, in UTF-8.

    Example:
        >>> from datetime import UTC, datetime
        >>> from serving.api.atom import AtomFeed, atom_document
        >>> at = datetime(2026, 1, 10, tzinfo=UTC)
        >>> feed = AtomFeed("urn:x-a:b", "News", None, at, "County", "https://a.example/feed", None, "en", [])
        >>> b"<updated>2026-01-10T00:00:00+00:00</updated>" in atom_document(feed)
        True
    """
    root = ElementTree.Element("feed", {"xmlns": _NAMESPACE, "xml:lang": feed.language})
    _add_texts(root, id=feed.id, title=feed.title, updated=feed.updated.isoformat())
    if feed.subtitle is not None:
        _add_texts(root, subtitle=feed.subtitle)
    _add_texts(ElementTree.SubElement(root, "author"), name=feed.author)
    for rel, href in (("self", feed.own_link), ("next", feed.next_link)):
        if href is not None:
            ElementTree.SubElement(root, "link", {"rel": rel, "type": ATOM, "href": href})
    for each in feed.entries:
        entry = ElementTree.SubElement(root, "entry")
        _add_texts(entry, id=each.id, title=each.title, updated=each.updated.isoformat(), content=each.content)
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": each.link})
        for term in each.categories:
            ElementTree.SubElement(entry, "category", {"term": term})
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_texts(parent: ElementTree.Element, **texts: str) -> None:
    """Add an element for each text; characters that XML forbids are replaced."""
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
