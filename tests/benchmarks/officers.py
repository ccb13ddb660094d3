"""Officers at their desks: so many keep a connection open each, and ask one thing after another."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

_PERCENT = 100


@dataclass(frozen=True)
class Question:
    """What one officer asks: an address, and the facts where something is supposed."""

    path: str
    facts: Any = None

    def spoken(self, host: str, key: str) -> bytes:
        """As HTTP has it."""
        body = b"" if self.facts is None else json.dumps(self.facts).encode()
        method = "GET" if self.facts is None else "POST"
        head = (
            f"{method} {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass
class Told:
    """How long each answer took, in milliseconds, and all of them together in seconds."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, percent: int) -> float:
        return quantiles(self.took, n=_PERCENT, method="inclusive")[percent - 1]

    def every(self, count: int, place: int) -> Told:
        """Of one officer's answers every so many, from the one at that place on."""
        took = self.took[place::count]
        return Told(took, sum(took) / 1000)

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds


def asked(address: str, keys: Sequence[str], questions: Iterable[Question]) -> Told:
    """Every question once, by as many officers at once as there are keys.

    Raises RuntimeError where one is not answered with 200.
    """
    return asyncio.run(_asked(address, keys, questions))


async def _asked(address: str, keys: Sequence[str], questions: Iterable[Question]) -> Told:
    told, begun = Told(), time.perf_counter()
    left = iter(questions)
    await asyncio.gather(*(_officer(address, key, left, told) for key in keys))
    told.seconds = time.perf_counter() - begun
    return told


async def _officer(address: str, key: str, questions: Iterator[Question], told: Told) -> None:
    host = urlsplit(address).netloc
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    for question in questions:
        begun = time.perf_counter()
        writer.write(question.spoken(host, key))
        await _answer(reader, question)
        told.took.append((time.perf_counter() - begun) * 1000)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader, question: Question) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next((line for line in head.splitlines() if line.startswith("content-length:")), None)
    if length is None:
        raise RuntimeError(f"{question.path}: an answer without a length: {head!r}")
    body = await reader.readexactly(int(length.partition(":")[2]))
    if head.split()[1] != "200":
        raise RuntimeError(f"{question.path}: {head.splitlines()[0]} {body[:300]!r}")
    return body
