"""Acknowledged findings (`monitor/acknowledged.jsonl`): known, with a reason, until they change.

Beside them lie the findings of each month as it was last monitored (`monitor/findings/<month end>.json`), by which a
finding that went away and came back is told from one that stayed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from features.atomic_files import append_line, write_bytes
from features.messages import UserError, spelling_hint
from features.stored_files import read_stored, read_stored_json
from serving.monitor.bounds import AcknowledgementLimits
from serving.monitor.finding import Finding

FOLDER = "monitor"
"""Below the data folder."""


@dataclass(frozen=True)
class Acknowledgement:
    """A finding that is known. Its fields are keys of its line.

    code: of the finding. reason: why it is known. by: user of the operating system. at: ISO 8601 with the zone. as_of:
    the month end (ISO) whose finding was acknowledged. value: of the finding then.
    """

    code: str
    reason: str
    by: str
    at: str
    as_of: str
    value: float | None


def read_acknowledgements(data: Path) -> list[Acknowledgement]:
    """All acknowledgements of a data folder, oldest first.

    Raises UserError where a line is damaged.
    """
    path = data / FOLDER / "acknowledged.jsonl"
    if not path.exists():
        return []
    return read_stored(path, lambda text: [Acknowledgement(**json.loads(line)) for line in text.splitlines() if line])


def acknowledge_findings(
    data: Path, as_of: date, findings: Sequence[Finding], codes: Iterable[str], reason: str, by: str, at: datetime
) -> None:
    """Acknowledge findings of a month.

    Args:
        data: the data folder.
        as_of: the month end.
        findings: of the month.
        codes: of the findings to acknowledge.
        reason: why they are known.
        by: who acknowledges.
        at: when, with a time zone.

    Raises:
        UserError: the month has no finding of a code; nothing is acknowledged then.

    Example:
        >>> from datetime import UTC, date, datetime
        >>> from features.messages import Bilingual
        >>> from serving.monitor.acknowledgements import acknowledge_findings, read_acknowledgements
        >>> from serving.monitor.finding import Finding
        >>> late = Finding("late", Bilingual("迟交", "late"), 45, 31, "assets:640323")
        >>> at = datetime(2026, 1, 10, tzinfo=UTC)
        >>> codes = ["late:assets:640323"]
        >>> acknowledge_findings(tmp, date(2025, 12, 31), [late], codes, "counted in autumn", "li.wei", at)
        >>> [(each.code, each.reason) for each in read_acknowledgements(tmp)]
        [('late:assets:640323', 'counted in autumn')]
    """
    by_code = {finding.code: finding for finding in findings}
    wanted = list(dict.fromkeys(codes))
    for code in wanted:
        if code not in by_code:
            hint = spelling_hint(code, by_code)
            raise UserError(
                f"{as_of} 没有代码为 {code} 的发现。{hint.zh}", f"{as_of} has no finding of the code {code}. {hint.en}"
            )
    for code in wanted:
        entry = Acknowledgement(
            code, reason, by, at.isoformat(timespec="seconds"), as_of.isoformat(), by_code[code].value
        )
        append_line(data / FOLDER / "acknowledged.jsonl", json.dumps(asdict(entry), ensure_ascii=False))


def record_findings(data: Path, as_of: date, findings: Sequence[Finding]) -> None:
    """Write the codes and values of a month's findings, in the place of those of an earlier run."""
    values = {finding.code: finding.value for finding in findings}
    write_bytes(json.dumps(values, ensure_ascii=False, indent=1).encode(), data / FOLDER / "findings" / f"{as_of}.json")


def acknowledgements_in_force(
    data: Path, as_of: date, findings: Sequence[Finding], limits: AcknowledgementLimits
) -> dict[str, Acknowledgement]:
    """The acknowledgements, by code, of those findings of a month that have not changed since.

    A finding has changed where its value moved materially, or where it was not found in a month between.
    """
    newest = {each.code: each for each in read_acknowledgements(data) if each.as_of <= as_of.isoformat()}
    codes_by_month = _recorded_codes(data / FOLDER / "findings") if newest else {}
    in_force = {}
    for finding in findings:
        entry = newest.get(finding.code)
        if entry is None or has_moved(entry.value, finding, limits):
            continue
        between = [codes for day, codes in codes_by_month.items() if entry.as_of < day < as_of.isoformat()]
        if all(finding.code in codes for codes in between):
            in_force[finding.code] = entry
    return in_force


def has_moved(value: float | None, finding: Finding, limits: AcknowledgementLimits) -> bool:
    """Whether a finding's value has moved materially from an acknowledged one: by a share of it, or of the bound."""
    if value is None or finding.value is None:
        return value is not finding.value
    return abs(finding.value - value) > limits.moved * max(abs(value), abs(finding.bound or 0))


def open_codes(data: Path, as_of: date) -> list[str] | None:
    """The codes of a month's findings, as it was last monitored, that nobody has acknowledged since.

    None where the month was never monitored. Raises UserError where a file is damaged.
    """
    path = data / FOLDER / "findings" / f"{as_of}.json"
    if not path.exists():
        return None
    known = {each.code for each in read_acknowledgements(data) if each.as_of == as_of.isoformat()}
    return sorted(read_stored_json(path, frozenset) - known)


def _recorded_codes(folder: Path) -> Mapping[str, frozenset[str]]:
    """By month end (ISO), the codes of the findings of each month that was monitored."""
    return {path.stem: read_stored_json(path, frozenset) for path in sorted(folder.glob("*.json"))}
