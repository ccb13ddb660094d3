"""The database tables as SQLAlchemy classes: accounts, cases and events, webhooks, the audit log."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import Date, Dialect, Float, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A moment as text in UTC to the microsecond: it sorts as time does and is equal in SQLite and PostgreSQL."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text that the database stores."""
        return None if value is None else utc_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment of a stored text."""
        return None if value is None else datetime.fromisoformat(value)


def utc_text(at: datetime) -> str:
    """A moment as the tables store it: `2026-01-31T08:00:00.000000+00:00`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Base(DeclarativeBase):
    """The base class of all tables."""


class Person(Base):
    """An account. bank, area: the role is restricted to the loans of a bank or area; None for all."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(32))
    bank: Mapped[str | None] = mapped_column(String(64))
    area: Mapped[str | None] = mapped_column(String(12))
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)


class SignInLink(Base):
    """A link that signs its account in once. digest: of the link's token."""

    __tablename__ = "links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SignInSession(Base):
    """A session of a signed-in account. digest: of its cookie."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class PendingAuthorization(Base):
    """A browser that was sent to the OIDC provider to sign in; the row is deleted when it returns.

    digest: of the `state` parameter.
    """

    __tablename__ = "sent_off"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class ApiKey(Base):
    """An API key, `prefix.secret`. digest: of the whole key."""

    __tablename__ = "api_keys"

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    label: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class FailedSignIns(Base):
    """Failed sign-ins in a row of one user name.

    name_digest: of the name as typed; a password that is typed in its place is not stored.
    """

    __tablename__ = "failed_sign_ins"

    name_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    failed: Mapped[int] = mapped_column(Integer)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class Case(Base):
    """A case: the work on one loan, opened on a light. version: increased with each change.

    number: by which people know it, drawn at random: one that counted up would tell a bank how many others open.
    responsible: name of the account that it is assigned to. next_step, next_step_on: what is planned, and the day.
    escalated_to: `township` or `county`; None where it was not handed up.
    """

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, unique=True, index=True, server_default="0")
    loan_id: Mapped[str] = mapped_column(String(64), index=True)
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    bank: Mapped[str] = mapped_column(String(64))
    village_code: Mapped[str | None] = mapped_column(String(12))
    as_of: Mapped[date] = mapped_column(Date)
    light: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    snoozed_until: Mapped[date | None] = mapped_column(Date)
    opened_by: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    responsible: Mapped[str | None] = mapped_column(String(64), index=True)
    next_step: Mapped[str | None] = mapped_column(Text)
    next_step_on: Mapped[date | None] = mapped_column(Date)
    escalated_to: Mapped[str | None] = mapped_column(String(16))

    __table_args__ = (
        Index(
            "one_open_case_per_loan",
            "loan_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class CaseEvent(Base):
    """An event of a case.

    answers: the event, an objection, that this one answers. responsible: whom an assignment names. joint: whether bank
    and township made a visit together. escalated_to: to whom an escalation hands the case up.
    """

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(64))
    on_date: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[float | None] = mapped_column(Float)
    outcome: Mapped[str | None] = mapped_column(String(32))
    judgement: Mapped[str | None] = mapped_column(String(8))
    text: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[int | None] = mapped_column(ForeignKey("case_events.id"))
    responsible: Mapped[str | None] = mapped_column(String(64))
    joint: Mapped[bool | None] = mapped_column()
    escalated_to: Mapped[str | None] = mapped_column(String(16))


class Contact(Base):
    """An entry of the address book. sealed: its name and phones, encrypted. updated_by: who stored it."""

    __tablename__ = "contacts"

    household_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str] = mapped_column(String(80))


class Webhook(Base):
    """An address that news are sent to, for an account. sealed: its address and secret, encrypted.

    host: of the address, which may be shown. digest: `loan` or `day`, one message for each. account_scope: role, bank
    and area that its messages were written for. state: `active`, or `gone` after the receiver answered 410.
    last_success_at: when the receiver last accepted a message.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    host: Mapped[str] = mapped_column(String(300))
    sealed: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(8))
    account_scope: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str] = mapped_column(String(80))
    last_success_at: Mapped[datetime | None] = mapped_column(Instant)


class WebhookMessage(Base):
    """A message to a webhook. sealed: its body, encrypted; empty once it is delivered or withdrawn.

    message_id: by which the receiver takes it once. as_of, edition: of the news. loans: how many it is about.
    account_scope: role, bank and area of the account when it was written. state: `waiting`, `delivered`, `dead` or
    `withdrawn`. due_at: of the next try. claim, claimed_until: of the process that sends it now, and until when no
    other one does. last_status, last_answer: of the last try; no status where nobody answered.
    """

    __tablename__ = "webhook_messages"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"), index=True)
    message_id: Mapped[str] = mapped_column(String(36), unique=True)
    as_of: Mapped[date] = mapped_column(Date)
    edition: Mapped[int] = mapped_column(Integer)
    loans: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[str] = mapped_column(Text)
    account_scope: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    claim: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None] = mapped_column(Instant)
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_answer: Mapped[str | None] = mapped_column(String(300))

    __table_args__ = (Index("webhook_messages_due", "state", "due_at"),)


class WebhookLoan(Base):
    """A loan of an edition of a day's news that a message to a webhook is about, so that no other one is written.

    loan_id: as the receiver sees it. before, light: as in the news; None before a new loan, and once it is closed.
    """

    __tablename__ = "webhook_loans"

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"), primary_key=True)
    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    edition: Mapped[int] = mapped_column(Integer, primary_key=True)
    loan_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    before: Mapped[str | None] = mapped_column(String(8))
    light: Mapped[str | None] = mapped_column(String(8))


class AuditEntry(Base):
    """An entry of the audit log: who did what to whom or what.

    previous: the hash of the entry before it. hash: SHA-256 over this entry and `previous`.
    """

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    person: Mapped[str] = mapped_column(String(80), index=True)
    role: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditAnchor(Base):
    """The entry at which the chain begins after older entries were pruned."""

    __tablename__ = "audit_anchors"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
