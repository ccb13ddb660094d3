"""What the demo has beside a simulated county: accounts, cases with what came of them, a delivery with faults."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from openpyxl import Workbook
from sqlalchemy.orm import Session

from features.atomic_files import write_text
from features.messages import Bilingual, Line
from features.stored_files import read_stored_json
from models.light import LIGHT_WORDS
from serving.access import accounts as people
from serving.access.roles import ROLE_WORDS, Role, role_named
from serving.access.scope import ALL_LOANS
from serving.audit.service_database import service_database
from serving.cases.kinds import CaseEventKind, CaseOutcome
from serving.cases.repository import Authorship, EventFields, add_event, assign_loans
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.settings import Settings
from serving.uploads.upload_folder import UploadFolder

MONTHS = 12
"""Month ends that the demo publishes."""
_MARK = "demo.json"
_NAMES = {
    "official": Role.COUNTY_OFFICIAL,
    "officer": Role.OFFICER,
    "cadre": Role.CADRE,
    "clerk": Role.CLERK,
    "analyst": Role.ANALYST,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
}
_ENDS = (
    CaseOutcome.REPAID,
    CaseOutcome.INSTALMENTS,
    CaseOutcome.RENEWED,
    CaseOutcome.NO_RISK,
    CaseOutcome.UNREACHABLE,
)
_EARLIER_CASES, _NEW_CASES = 40, 12
_VISITED_AFTER, _CLOSED_AFTER = 6, 20
"""Days after the month end."""
_PAYMENTS_LATE, _YUAN = 8, 500.0
_HEADINGS = ("流水号", "借据号", "还款日期", "归还本金（元）", "归还利息（元）", "付款方")


@dataclass(frozen=True)
class DemoCounty:
    """How a demo's county was made; the fields are keys of `demo.json`, which is written when all of it is there."""

    households: int
    seed: int


def demo_county(folder: Path) -> DemoCounty | None:
    """The county of a demo's folder; None where none was made to its end."""
    path = folder / _MARK
    return read_stored_json(path, lambda stored: DemoCounty(**stored)) if path.exists() else None


def mark_demo_as_made(folder: Path, county: DemoCounty) -> None:
    """Note that a demo's folder is whole."""
    write_text(json.dumps(vars(county)), folder / _MARK)


def add_demo_accounts(store: DataFolder, settings: Settings, at: datetime) -> None:
    """Create an account for each role; the officer gets the bank, and the cadre the township, of the riskiest loan."""
    month = MonthRepository(store).month()
    first = month.scan("warnings").sort("score_rank", nulls_last=True).select("bank", "township_code").head(1)
    bank, township = first.collect().row(0)
    narrowed = {"officer": {"bank": bank}, "cadre": {"area": township}}
    with service_database(settings, at).write_session() as session:
        for name, role in _NAMES.items():
            people.create_account(session, people.account_details(name, role.value, **narrowed.get(name, {})), at)


def sign_in_links(settings: Settings, at: datetime) -> dict[str, str]:
    """A new one-time link's token for each account of the demo that is there still, by name."""
    with service_database(settings, at).write_session() as session:
        known = {person.name: person for person in people.all_people(session)}
        return {
            name: people.create_link(session, known[name], at, settings.link_hours) for name in _NAMES if name in known
        }


def sign_in_lines(tokens: Mapping[str, str], port: int) -> Iterator[Line]:
    """A line with the one-time link for each role."""
    yield Bilingual("一次性登录（每个链接只能用一次）：", "sign in once with each:")
    for name, token in tokens.items():
        words = ROLE_WORDS[role_named(_NAMES[name].value)]
        yield f"  {words.zh} {words.en}: http://127.0.0.1:{port}/sign-in?token={token}"


def add_demo_cases(store: DataFolder, settings: Settings, at: datetime) -> tuple[int, int]:
    """Cases on lit loans of the last two months: those of the earlier one visited and ended, of the newer one begun.

    Returns how many there are, and how many of them ended.
    """
    months = MonthRepository(store)
    newest, earlier = months.month(), months.previous_month(months.month().as_of)
    ended = 0
    with service_database(settings, at).write_session() as session:
        before = [] if earlier is None else _lit_loans(earlier.scan("warnings"), _EARLIER_CASES)
        for number, warning in enumerate(before):
            visited_on = date.fromisoformat(str(warning["as_of"])) + timedelta(days=_VISITED_AFTER + number % 9)
            case = _begun_case(session, warning, visited_on, at)
            if number % 2:
                outcome = _ENDS[number // 2 % len(_ENDS)]
                closed_on = visited_on + timedelta(days=_CLOSED_AFTER)
                event = EventFields(CaseEventKind.OUTCOME, outcome=outcome.value)
                add_event(session, case, case.version, event, Authorship("officer", at, closed_on))
                ended += 1
        now = [
            loan
            for loan in _lit_loans(newest.scan("warnings"), 4 * _NEW_CASES)
            if loan["loan_id"] not in {each["loan_id"] for each in before}
        ][:_NEW_CASES]
        for number, warning in enumerate(now):
            visited_on = date.fromisoformat(str(warning["as_of"])) + timedelta(days=1 + number % 3)
            _begun_case(session, warning, visited_on, at)
    return len(before) + len(now), ended


def _lit_loans(warnings: pl.LazyFrame, most: int) -> list[dict[str, Any]]:
    """The first lit loans of a month that are not bad, the riskiest first."""
    lit = warnings.filter(pl.col("light").cast(pl.String) != "green", pl.col("status") != "bad")
    return lit.sort("score_rank", "loan_id", nulls_last=True).head(most).collect().to_dicts()


def _begun_case(session: Session, warning: Mapping[str, Any], visited_on: date, at: datetime) -> Any:
    """A case assigned to the county's official, with a visit, a promise, and a next step."""
    authorship = Authorship("official", at, max(visited_on, date.fromisoformat(str(warning["as_of"]))))
    [case] = assign_loans(session, [warning], warning["as_of"], "official", authorship, ALL_LOANS)
    visit = EventFields(CaseEventKind.VISIT, on_date=visited_on, joint=warning["light"] == "red")
    promised = visited_on + timedelta(days=30)
    promise = EventFields(CaseEventKind.PROMISE, on_date=promised, amount=_YUAN)
    for event in (visit, promise):
        add_event(session, case, case.version, event, authorship)
    return case


def add_demo_upload(store: DataFolder, at: datetime) -> int:
    """A clerk's workbook of payments that came late, with two wrong rows and words that the system asks about.

    Returns the number of the upload.
    """
    month = MonthRepository(store).month()
    loans = month.scan("warnings").select("loan_id").sort("loan_id").head(60 * _PAYMENTS_LATE).collect()["loan_id"]
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    sheet.append(_HEADINGS)
    for number, loan in enumerate(loans):
        sheet.append([f"LATE{number:05d}", loan, month.as_of - timedelta(days=number % 20), 1.0, 0.0, "农户"])
    sheet.append(["LATE-DAY", loans[0], "上月底", 1.0, 0.0, "农户"])
    sheet.append(["LATE-SUM", loans[0], month.as_of, "一千", 0.0, "农户"])
    content = io.BytesIO()
    book.save(content)
    name = f"还款流水-{month.as_of:%Y年%m月}补送.xlsx"
    return UploadFolder(store.folder).keep([(name, content)], "clerk", at).number


def demo_lines(store: DataFolder, cases: int, ended: int, upload: int) -> Iterator[Line]:
    """The county in four lines."""
    months = MonthRepository(store)
    manifest, days = months.month().manifest, months.months()
    early = len(days) - 2
    published, loans = f"{days[-1]} – {days[0]}", f"{manifest.rows:,}"
    yield Bilingual(
        f"{len(days)} 个月已发布（前 {early} 个月仅按规则）：{published}，{loans} 笔贷款",
        f"{len(days)} months published ({early} by the rules alone): {published}, {loans} loans",
    )
    by_rules = manifest.shadow or not manifest.model_version
    judged = Bilingual("仅按规则", "by the rules alone") if by_rules else Bilingual("用模型", "by the model")
    shadow = Bilingual("；模型影子运行", "; the model in shadow") if manifest.shadow else Bilingual("", "")
    yield Bilingual(f"最新月份：{judged.zh}{shadow.zh}", f"newest month: {judged.en}{shadow.en}")
    lights = [(LIGHT_WORDS[code], f"{sums['loans']:,}") for code, sums in manifest.lights.items()]
    yield Bilingual(
        "，".join(f"{words.zh} {count}" for words, count in lights),
        ", ".join(f"{words.en} {count}" for words, count in lights),
    )
    yield Bilingual(
        f"{cases} 张走访处置单，{ended} 张已办结；数据员有一份待装载的送达（上传 {upload}，含两行错误）",
        f"{cases} cases, {ended} ended; an upload with two faults waits for the clerk (upload {upload})",
    )
