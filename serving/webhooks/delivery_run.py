"""Delivery of the messages that wait: claimed one by one, tried again with growing waits, given up after the last.

A message is claimed and its outcome stored in transactions of their own: two processes at once send none twice, and
one that a killed process had claimed is sent again after the claim is over. The receiver then gets it with the id that
it had before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from features.contract.pseudonym import Pseudonyms
from features.messages import UserError
from serving.audit.log import Actor, AuditAction, add_entry
from serving.database.engine import Database
from serving.database.tables import Person, Webhook, WebhookMessage
from serving.settings import Settings
from serving.webhooks.http_post import PostAnswer, post
from serving.webhooks.signature import MESSAGE_ID_HEADER, SIGNATURE_HEADER, signature_header
from serving.webhooks.subscriptions import (
    ACTIVE,
    DEAD,
    DELIVERED,
    GONE,
    WAITING,
    WITHDRAWN,
    Receiver,
    WebhookSeal,
    may_receive,
    scope_text,
)

_GONE_STATUS = 410
_MOST_SHOWN = 300
_CLAIM_SECONDS = 60
"""Beyond the time of a try: a name that no name server answers for takes longer than the try itself may."""
_AUDITED = "lights webhook deliver"


@dataclass(frozen=True)
class RetryPlan:
    """How often a message is tried. timeout, first_wait, longest_wait: seconds; each wait is twice the one before."""

    timeout: float
    tries: int
    first_wait: float
    longest_wait: float

    @classmethod
    def of(cls, settings: Settings) -> RetryPlan:
        """The plan of the settings."""
        return cls(
            settings.webhook_timeout,
            settings.webhook_tries,
            settings.webhook_first_wait,
            settings.webhook_longest_wait,
        )

    def wait_after(self, tries: int) -> timedelta:
        """How long the next try waits after so many.

        >>> RetryPlan(5, 12, 60, 3600).wait_after(2).total_seconds()
        120.0
        """
        return timedelta(seconds=min(self.first_wait * 2 ** min(tries - 1, 30), self.longest_wait))


@dataclass
class DeliveryCounts:
    """What a run did. delivered: messages; loans: in these; failed: to be tried again; dead: given up, by webhook.

    withdrawn: messages that were not sent, since the account may no longer see what they hold. gone: webhooks whose
    receiver answered 410. waiting: messages that still wait after the run. damaged: days whose news cannot be read.
    """

    delivered: int = 0
    loans: int = 0
    failed: int = 0
    withdrawn: int = 0
    dead: dict[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    waiting: int = 0
    damaged: tuple[date, ...] = ()


@dataclass(frozen=True)
class _Claimed:
    """A message that this process sends now."""

    id: int
    claim: str
    webhook_id: int
    message_id: str
    body: bytes
    url: str
    secret: str


class DeliveryRun:
    """One run over the messages that are due.

    Args:
        database: the service's.
        pseudonyms: of the data folder, whose key opens addresses and messages.
        plan: of retries.
        actor: who delivers, for the audit log.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, pseudonyms: Pseudonyms, plan: RetryPlan, actor: Actor, now: Callable[[], datetime]
    ) -> None:
        self._database, self._pseudonyms, self._plan = database, pseudonyms, plan
        self._seal = WebhookSeal(pseudonyms)
        self._actor, self._now = actor, now
        self._skipped: set[int] = set()
        self._counts = DeliveryCounts()

    def deliver(self, seconds: float | None = None) -> DeliveryCounts:
        """Send what is due, the longest due first, each message once.

        A webhook whose receiver is down or overloaded is left alone for the rest of the run.

        Args:
            seconds: no further message is begun after so many; None for all that is due.

        Returns:
            The counts of this run. A message or an address that cannot be opened counts as given up.
        """
        end = None if seconds is None else time.monotonic() + seconds
        begun_at = self._now()
        while (end is None or time.monotonic() < end) and (claimed := self._claim(begun_at)):
            self._store(claimed, self._send(claimed))
        waiting = select(func.count()).select_from(WebhookMessage).where(WebhookMessage.state == WAITING)
        with self._database.read_session() as session:
            self._counts.waiting = session.scalar(waiting) or 0
        return self._counts

    def _claim(self, begun_at: datetime) -> _Claimed | None:
        """Claim the next message that was due when the run began; withdraw those that may no longer be sent."""
        while True:
            with self._database.write_session() as session:
                row = session.execute(self._next_due(begun_at)).first()
                if row is None:
                    return None
                message, webhook, person = row
                if message.account_scope != scope_text(person) or not may_receive(person):
                    message.state, message.sealed = WITHDRAWN, ""
                    self._audit(session, message, webhook, AuditAction.CHANGE)
                    self._counts.withdrawn += 1
                    continue
                try:
                    receiver, body = self._seal.receiver(webhook.sealed), self._seal.unseal(message.sealed)
                except UserError as error:  # another key, or damaged: the others are sent all the same
                    message.last_answer = error.message.en[:_MOST_SHOWN]
                    self._give_up(session, message, webhook)
                    continue
                message.claim = str(uuid4())
                message.claimed_until = self._now() + timedelta(seconds=self._plan.timeout + _CLAIM_SECONDS)
                message.tries += 1
                return _Claimed(
                    message.id, message.claim, webhook.id, message.message_id, body, receiver.url, receiver.secret
                )

    def _next_due(self, begun_at: datetime) -> Select[WebhookMessage, Webhook, Person]:
        """The message that is due the longest, which nobody else sends now; locked, passing over locked ones."""
        message, is_free = (
            WebhookMessage,
            or_(WebhookMessage.claimed_until.is_(None), WebhookMessage.claimed_until <= self._now()),
        )
        return (
            select(WebhookMessage, Webhook, Person)
            .join(Webhook, Webhook.id == message.webhook_id)
            .join(Person, Person.id == Webhook.person_id)
            .where(message.state == WAITING, message.due_at <= begun_at, is_free)
            .where(Webhook.state == ACTIVE, Webhook.id.not_in(self._skipped))
            .order_by(message.due_at, message.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=WebhookMessage)
        )

    def _send(self, claimed: _Claimed) -> PostAnswer:
        headers = message_headers(claimed.secret, claimed.message_id, claimed.body, self._now())
        return post(claimed.url, claimed.body, headers, self._plan.timeout)

    def _store(self, claimed: _Claimed, answer: PostAnswer) -> None:
        """Store the outcome of a try, with its audit entry, in one transaction."""
        counts, now = self._counts, self._now()
        if answer.is_unreachable:
            self._skipped.add(claimed.webhook_id)
        with self._database.write_session() as session:
            message = session.get(WebhookMessage, claimed.id, with_for_update=True)
            webhook = session.get(Webhook, claimed.webhook_id, with_for_update=True)
            is_mine = message is not None and message.claim == claimed.claim
            if message is None or webhook is None or message.state != WAITING or not (is_mine or answer.is_success):
                return  # removed meanwhile, or another process has it since this one took too long
            text = self._pseudonyms.replace_identity_numbers(answer.text)
            message.last_status, message.last_answer = answer.status, text
            message.claim = message.claimed_until = None
            if answer.is_success:
                message.state, message.sealed, webhook.last_success_at = DELIVERED, "", now
                counts.delivered += 1
                counts.loans += message.loans
                self._audit(session, message, webhook, AuditAction.EXPORT)
                return
            is_gone = answer.status == _GONE_STATUS
            if is_gone:
                webhook.state = GONE
                counts.gone.append(webhook.name)
            if is_gone or message.tries >= self._plan.tries:
                self._give_up(session, message, webhook)
                return
            message.due_at = now + self._plan.wait_after(message.tries)
            counts.failed += 1

    def _give_up(self, session: Session, message: WebhookMessage, webhook: Webhook) -> None:
        """Put a message on the dead-letter list."""
        message.state = DEAD
        self._counts.dead[webhook.name] = self._counts.dead.get(webhook.name, 0) + 1
        self._audit(session, message, webhook, AuditAction.CHANGE)

    def _audit(self, session: Session, message: WebhookMessage, webhook: Webhook, action: AuditAction) -> None:
        """Add the entry of a message that was delivered, given up or withdrawn."""
        detail = {
            "webhook": webhook.name,
            "host": webhook.host,
            "message": message.message_id,
            "day": message.as_of,
            "edition": message.edition,
            "loans": message.loans,
            "tries": message.tries,
            "status": message.last_status,
            "outcome": message.state,
        }
        add_entry(session, self._actor, action, _AUDITED, detail, self._now())


def message_headers(secret: str, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a message: its id and its signature at a time."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "county-lights",
        MESSAGE_ID_HEADER: message_id,
        SIGNATURE_HEADER: signature_header(secret, body, int(at.timestamp())),
    }


def send_test(receiver: Receiver, timeout: float, at: datetime) -> PostAnswer:
    """Send a message without news, whose `event` is `test`."""
    message_id = str(uuid4())
    body = json.dumps({"message_id": message_id, "event": "test"}).encode()
    return post(receiver.url, body, message_headers(receiver.secret, message_id, body, at), timeout)


@dataclass(frozen=True)
class DeadMessage:
    """A message that was given up. status, answer: of the last try; no status where nobody answered."""

    webhook: str
    message_id: str
    as_of: date
    loans: int
    tries: int
    status: int | None
    answer: str


def dead_messages(session: Session) -> list[DeadMessage]:
    """The dead-letter list, the oldest first."""
    rows = select(WebhookMessage, Webhook.name).join(Webhook).where(WebhookMessage.state == DEAD)
    return [
        DeadMessage(
            webhook=name,
            message_id=message.message_id,
            as_of=message.as_of,
            loans=message.loans,
            tries=message.tries,
            status=message.last_status,
            answer=message.last_answer or "",
        )
        for message, name in session.execute(rows.order_by(WebhookMessage.id))
    ]


def retry_dead(session: Session, at: datetime) -> int:
    """Have all messages that were given up wait again, with all tries before them; returns how many."""
    retried = list(session.scalars(select(WebhookMessage).where(WebhookMessage.state == DEAD)))
    for message in retried:
        message.state, message.tries, message.due_at = WAITING, 0, at
    return len(retried)
