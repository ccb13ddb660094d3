"""Webhooks: registered by an administrator for an account, whose bank, area and role limit what is sent."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from features.contract.pseudonym import Pseudonyms
from features.messages import Bilingual, UserError
from serving.access.accounts import person_named
from serving.access.roles import RIGHTS, Right, Role
from serving.access.scope import Scope, mask_key_of, scope_of
from serving.database.tables import Person, Webhook, WebhookLoan, WebhookMessage
from serving.portfolio.feed_pages import FeedDigest
from serving.webhooks.addresses import check_address, shown_host
from serving.webhooks.signature import new_webhook_secret

_PURPOSE = "webhooks"
_NAME = re.compile(r"[\w.\-一-鿿]{1,64}")
ACTIVE, GONE, DISABLED = "active", "gone", "account disabled"
"""States of a webhook: the receiver answered 410; its account is disabled or may read no lists any more."""
WEBHOOK_STATE_WORDS: Mapping[str, Bilingual] = {
    ACTIVE: Bilingual("启用", "active"),
    GONE: Bilingual("接收方已停用（410）", "ended by the receiver (410)"),
    DISABLED: Bilingual("账户已停用或无权查看台账", "account disabled, or without the right to lists"),
}
WAITING, DELIVERED, DEAD, WITHDRAWN = "waiting", "delivered", "dead", "withdrawn"
"""States of a message. withdrawn: the account may no longer see what it holds, so it is not sent."""


@dataclass(frozen=True)
class Receiver:
    """Where a webhook sends, and by which secret it signs."""

    url: str
    secret: str


class WebhookSeal:
    """Encrypts addresses, secrets and messages in the database by a key that is derived from the data folder's.

    Example:
        >>> from features.contract.pseudonym import Pseudonyms
        >>> from serving.webhooks.subscriptions import Receiver, WebhookSeal
        >>> seal = WebhookSeal(Pseudonyms(b"k" * 32))
        >>> sealed = seal.seal_receiver(Receiver("https://bank.example/news", "lws_example"))
        >>> "bank" in sealed, seal.receiver(sealed).secret
        (False, 'lws_example')
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(pseudonyms.key_for(_PURPOSE)))

    def seal(self, content: bytes) -> str:
        """Bytes as the database keeps them."""
        return self._fernet.encrypt(content).decode()

    def unseal(self, sealed: str) -> bytes:
        """Bytes of the database. Raises UserError where they were sealed by another key, or are damaged."""
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken as error:
            raise UserError(
                "推送的地址或消息无法解密：密钥文件 pseudonym.key 不是原来的，或数据已损坏；请恢复备份，或重新登记。",
                "The address or a message of a webhook cannot be opened: pseudonym.key is another one, or they are "
                "damaged; restore a backup, or register the webhook again.",
            ) from error

    def seal_receiver(self, receiver: Receiver) -> str:
        """A receiver as the database keeps it."""
        return self.seal(json.dumps(asdict(receiver)).encode())

    def receiver(self, sealed: str) -> Receiver:
        """A receiver of the database. Raises UserError as `unseal` does."""
        return Receiver(**json.loads(self.unseal(sealed)))


@dataclass(frozen=True)
class NewWebhook:
    """What a webhook is registered with: its name, address, account, and what a message is about."""

    name: str
    url: str
    account: str
    digest: FeedDigest


@dataclass(frozen=True)
class WebhookStatus:
    """A webhook as it is listed. waiting, dead: its messages."""

    name: str
    account: str
    host: str
    digest: str
    state: str
    waiting: int
    dead: int
    last_success_at: datetime | None


def add_webhook(session: Session, seal: WebhookSeal, new: NewWebhook, by: str, at: datetime) -> str:
    """Register a webhook.

    Args:
        session: a writing session of the service's database; the caller commits.
        seal: of the data folder.
        new: its name (1 to 64 letters, digits, Chinese characters or `. - _`), address, account and digest.
        by: who registers it.
        at: now; news of days that are watched from then on are sent.

    Returns:
        The secret of its signatures, the only time it can be read.

    Raises:
        UserError: the name is wrong or taken, the address is none that news may be sent to, or the account is not
            there, disabled or without the right to lists.
    """
    check_address(new.url)
    if not _NAME.fullmatch(new.name):
        raise UserError(
            f"推送名称 {new.name[:64]!r} 不合规：1 至 64 个字母、数字、汉字或 . - _。",
            "That is no name of a webhook: 1 to 64 letters, digits or . - _.",
        )
    if session.scalar(select(Webhook.id).where(Webhook.name == new.name)) is not None:
        raise UserError(f"推送 {new.name} 已存在。", f"There is a webhook {new.name} already.")
    person = person_named(session, new.account)
    if not may_receive(person):
        raise UserError(
            f"账户 {person.name} 已停用或无权查看台账，不能作为推送的账户。",
            f"The account {person.name} is disabled or may see no lists, so no news can be sent for it.",
        )
    receiver = Receiver(new.url, new_webhook_secret())
    session.add(
        Webhook(
            name=new.name,
            person_id=person.id,
            host=shown_host(new.url),
            sealed=seal.seal_receiver(receiver),
            digest=new.digest.value,
            account_scope=scope_text(person),
            state=ACTIVE,
            created_at=at,
            created_by=by,
        )
    )
    return receiver.secret


def webhook_named(session: Session, name: str) -> Webhook:
    """The webhook of a name. Raises UserError where there is none."""
    webhook = session.scalar(select(Webhook).where(Webhook.name == name))
    if webhook is None:
        raise UserError(
            f"没有推送 {name}；用 lights webhook list 查看。", f"There is no webhook {name}; see lights webhook list."
        )
    return webhook


def remove_webhook(session: Session, name: str) -> int:
    """Remove a webhook with its messages; returns how many had not been delivered.

    Raises UserError where there is none.
    """
    webhook = webhook_named(session, name)
    of_webhook = WebhookMessage.webhook_id == webhook.id
    is_open = WebhookMessage.state.in_((WAITING, DEAD))
    undelivered = session.scalar(select(func.count()).select_from(WebhookMessage).where(of_webhook & is_open)) or 0
    session.execute(delete(WebhookMessage).where(of_webhook))
    session.execute(delete(WebhookLoan).where(WebhookLoan.webhook_id == webhook.id))
    session.delete(webhook)
    return undelivered


def webhook_statuses(session: Session) -> list[WebhookStatus]:
    """All webhooks by name, with how many messages wait and how many were given up."""
    groups = select(WebhookMessage.webhook_id, WebhookMessage.state, func.count())
    counts = {
        (webhook, state): count
        for webhook, state, count in session.execute(groups.group_by(WebhookMessage.webhook_id, WebhookMessage.state))
    }
    rows = session.execute(select(Webhook, Person).join(Person).order_by(Webhook.name))
    return [
        WebhookStatus(
            name=webhook.name,
            account=person.name,
            host=webhook.host,
            digest=webhook.digest,
            state=webhook.state if may_receive(person) else DISABLED,
            waiting=counts.get((webhook.id, WAITING), 0),
            dead=counts.get((webhook.id, DEAD), 0),
            last_success_at=webhook.last_success_at,
        )
        for webhook, person in rows
    ]


def may_receive(person: Person) -> bool:
    """Whether news may be sent for an account: it is active, and its role may read lists."""
    return person.active and Right.LISTS in RIGHTS[Role(person.role)]


def person_scope(person: Person, pseudonyms: Pseudonyms) -> Scope:
    """The loans that exist for an account, as in its requests."""
    return scope_of(Role(person.role), person.bank, person.area, mask_key_of(pseudonyms))


def scope_text(person: Person) -> str:
    """Role, bank and area of an account as a message keeps them: it is not sent once they are others."""
    return "|".join((person.role, person.bank or "", person.area or ""))
