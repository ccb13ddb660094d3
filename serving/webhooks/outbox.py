"""The messages that wait for delivery: written for each edition of a day's news, each loan once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

import polars as pl
from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from features.contract.pseudonym import load_pseudonyms
from features.messages import UserError
from serving.database.engine import Database
from serving.database.tables import Person, Webhook, WebhookLoan, WebhookMessage
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.feed_pages import FeedDigest, kind_counts
from serving.portfolio.news_list import NewsSinceMonth, news_since_month, render_rows
from serving.schemas.basis import LightCode
from serving.schemas.news_feed import NewsMessage, WithdrawnNews
from serving.webhooks.subscriptions import (
    ACTIVE,
    DEAD,
    DELIVERED,
    WAITING,
    WITHDRAWN,
    WebhookSeal,
    may_receive,
    person_scope,
    scope_text,
)

_LIGHT: TypeAdapter[LightCode | None] = TypeAdapter(LightCode | None)
_MOST_LOANS = 500
"""Loans in a message of a day; a day with more has several messages."""


@dataclass(frozen=True)
class _SentLoan:
    """What the newest message about a loan of a day said."""

    edition: int
    before: LightCode | None
    light: LightCode | None


@dataclass(frozen=True)
class _Draft:
    """The messages about an edition of a day that are not written yet, and the marks of the loans that they name."""

    as_of: date
    edition: int
    messages: list[NewsMessage]
    marks: list[dict[str, object]]


@dataclass(frozen=True)
class WrittenMessages:
    """How many messages were written, and the days without any since their files are damaged."""

    messages: int
    damaged: tuple[date, ...] = ()


def enqueue_news(store: DataFolder, database: Database, at: datetime) -> WrittenMessages:
    """Write the messages about all news since the newest month that webhooks have not got; twice writes none.

    For each active webhook: of each day that was watched since it was registered, the loans that its account sees. A
    later edition of a day sends the loans whose light differs from what was sent before, and withdraws news that no
    longer hold. Where the account's role, bank or area has changed, messages that wait are withdrawn and the news are
    written anew. What was sent about days up to the month is removed.

    Args:
        store: the data folder.
        database: the service's.
        at: now.

    Returns:
        How many messages were written, and the days whose files are damaged.
    """
    with database.read_session() as session:
        webhooks = list(session.scalars(select(Webhook.id).where(Webhook.state == ACTIVE).order_by(Webhook.id)))
    if not webhooks:
        return WrittenMessages(0)
    try:
        month = MonthRepository(store).month().as_of
    except UserError:  # nothing is published, so there are no news
        return WrittenMessages(0)
    pseudonyms, written, damaged = load_pseudonyms(store.folder), 0, set[date]()
    seal = WebhookSeal(pseudonyms)
    for number in webhooks:
        with database.write_session() as session:
            _begin_scope(session, number, month)
        with database.read_session() as session:  # sentences take a while to write: no other writer waits for them
            webhook, person = _receiving(session, number, lock=False)
            if webhook is None or person is None:
                continue
            scope = scope_text(person)
            scoped = DataFolder(store.folder, person_scope(person, pseudonyms))
            news = news_since_month(scoped, MonthRepository(scoped).month(month))
            damaged.update(news.damaged)
            drafts = [draft for day in news.days if (draft := _draft(session, webhook, news, day)).marks]
        with database.write_session() as session:
            webhook, person = _receiving(session, number, lock=True)
            if webhook is None or person is None or scope_text(person) != scope:
                continue
            for draft in drafts:
                newest = max((each.edition for each in _sent_loans(session, number, draft.as_of).values()), default=0)
                if newest < draft.edition:  # no other process has written them meanwhile
                    session.execute(insert(WebhookLoan), draft.marks)
                    session.add_all(_row(each, webhook, scope, seal, at) for each in draft.messages)
                    written += len(draft.messages)
    return WrittenMessages(written, tuple(sorted(damaged)))


def _receiving(session: Session, number: int, *, lock: bool) -> tuple[Webhook, Person] | tuple[None, None]:
    """A webhook and its account; None where nothing is sent to it. lock: until the session ends."""
    webhook = session.get(Webhook, number, with_for_update=lock)
    person = session.get(Person, webhook.person_id) if webhook else None
    if webhook is None or person is None or webhook.state != ACTIVE or not may_receive(person):
        return None, None
    return webhook, person


def _begin_scope(session: Session, number: int, month: date) -> None:
    """Remove what was sent about days up to the month; all of it where the account sees other loans than then."""
    webhook, person = _receiving(session, number, lock=True)
    if webhook is None or person is None:
        return
    of_webhook = WebhookMessage.webhook_id == number
    if webhook.account_scope != scope_text(person):
        session.execute(delete(WebhookLoan).where(WebhookLoan.webhook_id == number))
        undelivered = of_webhook & WebhookMessage.state.in_((WAITING, DEAD))
        session.execute(update(WebhookMessage).where(undelivered).values(state=WITHDRAWN, sealed=""))
        webhook.account_scope = scope_text(person)
    session.execute(delete(WebhookLoan).where(WebhookLoan.webhook_id == number, WebhookLoan.as_of <= month))
    is_over = WebhookMessage.state.in_((DELIVERED, WITHDRAWN)) & (WebhookMessage.as_of <= month)
    session.execute(delete(WebhookMessage).where(of_webhook & is_over))


def _draft(session: Session, webhook: Webhook, news: NewsSinceMonth, day: PublishedMonth) -> _Draft:
    """What is not written yet about a day's edition: loans with another light than was sent, and news to withdraw."""
    draft = _Draft(day.as_of, day.edition, [], [])
    begun = webhook.created_at.replace(microsecond=0)  # a manifest's moment has no fractions of a second
    sent = _sent_loans(session, webhook.id, day.as_of)
    is_written = any(each.edition >= day.edition for each in sent.values())
    if is_written or datetime.fromisoformat(day.manifest.scored_at) < begun:
        return draft
    rows = news.rows.filter(pl.col("as_of") == day.as_of)
    lights = {loan: (before, light) for loan, before, light in rows.select("loan_id", "before", "light").rows()}
    new = [loan for loan, (_, light) in lights.items() if loan not in sent or sent[loan].light != light]
    gone = {loan: each for loan, each in sent.items() if loan not in lights and each.light != each.before}
    marks = {loan: lights[loan] for loan in new} | {loan: (each.before, each.before) for loan, each in gone.items()}
    edition = {"webhook_id": webhook.id, "as_of": day.as_of, "edition": day.edition}
    draft.marks.extend({**edition, "loan_id": loan, "before": b, "light": light} for loan, (b, light) in marks.items())
    new_rows = rows.filter(pl.col("loan_id").is_in(new))
    size = 1 if webhook.digest == FeedDigest.LOAN else _MOST_LOANS
    withdrawn = [
        WithdrawnNews(id=f"{day.as_of}.{each.edition}.{loan}", loan_id=loan, light=each.before)
        for loan, each in gone.items()
    ]
    contents: list[tuple[pl.DataFrame, list[WithdrawnNews]]] = [
        *((new_rows[first : first + size], []) for first in range(0, new_rows.height, size)),
        *((new_rows.clear(), withdrawn[first : first + size]) for first in range(0, len(withdrawn), size)),
    ]
    loans = iter(render_rows(news.days, new_rows))
    for number, (batch, withdrawals) in enumerate(contents, start=1):
        message = NewsMessage(
            **day.versions,
            message_id=str(uuid4()),
            month=news.month.as_of,
            edition=day.edition,
            message=number,
            messages=len(contents),
            counts=kind_counts(batch),
            loans=[next(loans) for _ in range(batch.height)],
            withdrawn=withdrawals,
        )
        draft.messages.append(message)
    return draft


def _sent_loans(session: Session, webhook: int, as_of: date) -> dict[str, _SentLoan]:
    """By loan, what the newest message about a day said."""
    of_day = (WebhookLoan.webhook_id == webhook) & (WebhookLoan.as_of == as_of)
    rows = session.scalars(select(WebhookLoan).where(of_day).order_by(WebhookLoan.edition))
    return {
        row.loan_id: _SentLoan(row.edition, _LIGHT.validate_python(row.before), _LIGHT.validate_python(row.light))
        for row in rows
    }


def _row(message: NewsMessage, webhook: Webhook, scope: str, seal: WebhookSeal, at: datetime) -> WebhookMessage:
    return WebhookMessage(
        webhook_id=webhook.id,
        message_id=message.message_id,
        as_of=message.as_of,
        edition=message.edition,
        loans=len(message.loans) + len(message.withdrawn),
        sealed=seal.seal(message.model_dump_json().encode()),
        account_scope=scope,
        state=WAITING,
        tries=0,
        created_at=at,
        due_at=at,
    )
