"""The commands of webhooks: register, list, test, deliver, and the dead-letter list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.console import (
    DEFAULT_DATA_FOLDER,
    DataOption,
    JsonOption,
    current_os_user,
    print_json,
    print_lines,
    utc_now,
)
from features.messages import Bilingual

if TYPE_CHECKING:
    from serving.webhooks.delivery_run import DeliveryCounts

commands = typer.Typer()
webhook = typer.Typer(
    help="推送：把预警动态发送到银行自己的系统 / Send the news between month ends to banks' own systems.",
    no_args_is_help=True,
)
commands.add_typer(webhook, name="webhook")
WebhookName = Annotated[str, typer.Argument(metavar="NAME", help="推送名称 / name of the webhook")]


@webhook.command("add")
def webhook_add(
    name: WebhookName,
    url: Annotated[
        str,
        typer.Option("--url", help="接收方的 https:// 地址 / the receiver's https:// address"),
    ],
    account: Annotated[
        str,
        typer.Option(
            "--account",
            help="推送所属的账户，其银行、区域和角色限定发送的内容 / "
            "the account whose bank, area and role limit what is sent",
        ),
    ],
    digest: Annotated[
        str,
        typer.Option(
            "--digest", metavar="loan|day", help="每笔贷款或每日一条消息 / a message for each loan, or for each day"
        ),
    ] = "loan",
    data: DataOption = DEFAULT_DATA_FOLDER,
) -> None:
    """登记推送，显示签名密钥，只显示这一次 / Register a webhook; the secret of its signatures is printed this once."""
    from features.contract.pseudonym import load_pseudonyms
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.portfolio.feed_pages import FeedDigest
    from serving.webhooks.addresses import shown_host
    from serving.webhooks.subscriptions import NewWebhook, WebhookSeal, add_webhook

    if digest not in list(FeedDigest):
        raise typer.BadParameter("应为 loan 或 day / should be loan or day", param_hint="--digest")
    new = NewWebhook(name, url, account, FeedDigest(digest))
    with database_of(data).write_session() as session:
        secret = add_webhook(session, WebhookSeal(load_pseudonyms(data)), new, current_os_user(), utc_now())
    detail = {"webhook": name, "person": account, "host": shown_host(url), "digest": digest}
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights webhook add", **detail)
    print(secret)


@webhook.command("list")
def webhook_list(data: DataOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """推送名单：账户、地址、状态、待发和死信条数 / List webhooks with their state, waiting and dead messages."""
    from serving.audit.command_line import database_of
    from serving.webhooks.subscriptions import WEBHOOK_STATE_WORDS, webhook_statuses

    with database_of(data).read_session() as session:
        statuses = webhook_statuses(session)
    if as_json:
        print_json(statuses)
        return
    for each in statuses:
        state = WEBHOOK_STATE_WORDS[each.state]
        name = f"{each.name}  {each.account}  {each.host}  {each.digest}"
        at = f"{each.last_success_at:%Y-%m-%d %H:%M}" if each.last_success_at else "-"
        print_lines(
            [
                Bilingual(
                    f"{name}  {state.zh}  待发 {each.waiting}  死信 {each.dead}  最近成功（UTC）{at}",
                    f"{name}  {state.en}  waiting {each.waiting}  dead {each.dead}  last success (UTC) {at}",
                )
            ]
        )


@webhook.command("remove")
def webhook_remove(name: WebhookName, data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """删除推送及其消息 / Remove a webhook and its messages."""
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.webhooks.subscriptions import remove_webhook

    with database_of(data).write_session() as session:
        undelivered = remove_webhook(session, name)
    detail = {"webhook": name, "undelivered": undelivered}
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights webhook remove", **detail)
    print_lines(
        [
            Bilingual(
                f"已删除；{undelivered} 条消息未送达，不再发送",
                f"removed; {undelivered} messages had not been delivered and are not sent",
            )
        ]
    )


@webhook.command("test")
def webhook_test(name: WebhookName, data: DataOption = DEFAULT_DATA_FOLDER) -> None:
    """发送一条不含贷款的测试消息；成功后推送重新启用 / Send a message without loans; where it is taken, it is active.

    未被接受时退出码为 1 / Exit 1 where it is not taken.
    """
    from features.contract.pseudonym import load_pseudonyms
    from features.messages import UserError
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.settings import settings_of
    from serving.webhooks.delivery_run import send_test
    from serving.webhooks.subscriptions import ACTIVE, WebhookSeal, webhook_named

    database, seal = database_of(data), WebhookSeal(load_pseudonyms(data))
    with database.read_session() as session:
        receiver = seal.receiver(webhook_named(session, name).sealed)
    answer = send_test(receiver, settings_of(data).webhook_timeout, utc_now())
    detail = {"webhook": name, "status": answer.status}
    audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, "lights webhook test", **detail)
    if not answer.is_success:
        raise UserError(
            f"接收方未接受：{answer.status or '无答复'} {answer.text}",
            f"The receiver did not take it: {answer.status or 'no answer'} {answer.text}",
        )
    with database.write_session() as session:
        tested = webhook_named(session, name)
        tested.state, tested.last_success_at = ACTIVE, utc_now()
    print_lines([Bilingual(f"接收方已接受（{answer.status}）", f"the receiver took it ({answer.status})")])


@webhook.command("deliver")
def webhook_deliver(
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=0, help="最长运行时间；默认直到发完到期的消息 / at most so many seconds"),
    ] = None,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """发送到期的消息，供定时任务使用 / Send the messages that are due, for a timer.

    有消息列入死信时退出码为 1 / Exit 1 where a message is given up.
    """
    counts = deliver_news(data, seconds)
    if as_json:
        print_json(counts)
    else:
        print_lines(delivery_lines(counts))
    if counts.dead:
        raise typer.Exit(1)


@webhook.command("dead")
def webhook_dead(
    retry: Annotated[
        bool, typer.Option("--retry", help="全部重新列入待发 / have all of them wait for delivery again")
    ] = False,
    data: DataOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """死信：多次未送达的消息及最后的答复 / List the messages that were given up, with the last answer."""
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction
    from serving.webhooks.delivery_run import dead_messages, retry_dead

    database = database_of(data)
    if retry:
        with database.write_session() as session:
            count = retry_dead(session, utc_now())
        command = "lights webhook dead --retry"
        audit_command(data, current_os_user(), utc_now(), AuditAction.CHANGE, command, messages=count)
        print_lines([Bilingual(f"{count} 条重新待发", f"{count} wait for delivery again")])
        return
    with database.read_session() as session:
        dead = dead_messages(session)
    if as_json:
        print_json(dead)
    for each in () if as_json else dead:
        status = each.status or "-"
        print(f"{each.webhook}  {each.message_id}  {each.as_of}  {each.loans}  {each.tries}  {status}  {each.answer}")


def deliver_news(data: Path, seconds: float | None) -> DeliveryCounts:
    """Write the messages that are not written yet, and send what is due, for so many seconds; None for all."""
    from features.contract.pseudonym import load_pseudonyms
    from serving.audit.command_line import audit_command, database_of
    from serving.audit.log import AuditAction, machine_user
    from serving.months.data_folder import DataFolder
    from serving.settings import settings_of
    from serving.webhooks.delivery_run import DeliveryRun, RetryPlan
    from serving.webhooks.outbox import enqueue_news

    database, plan = database_of(data), RetryPlan.of(settings_of(data))
    written = enqueue_news(DataFolder(data), database, utc_now())
    actor = machine_user(current_os_user())
    counts = DeliveryRun(database, load_pseudonyms(data), plan, actor, utc_now).deliver(seconds)
    counts.damaged = written.damaged
    if counts.delivered or counts.dead:  # each message has an entry of its own; this one saves the head of the chain
        detail = {"delivered": counts.delivered, "loans": counts.loans, "dead": sum(counts.dead.values())}
        audit_command(data, current_os_user(), utc_now(), AuditAction.EXPORT, "lights webhook deliver", **detail)
    return counts


def delivery_lines(counts: DeliveryCounts) -> Iterator[Bilingual]:
    """What a delivery did; nothing where there was nothing to do."""
    from serving.portfolio.feed_pages import damaged_words

    if damaged := damaged_words(counts.damaged):
        yield Bilingual(f"! {damaged.zh}", f"! {damaged.en}")
    if counts.delivered:
        yield Bilingual(
            f"推送：已送达 {counts.delivered} 条消息，{counts.loans} 笔贷款",
            f"webhooks: {counts.delivered} messages delivered, {counts.loans} loans",
        )
    if counts.failed:
        yield Bilingual(f"! {counts.failed} 条未送达，稍后重试", f"! {counts.failed} not delivered, to be tried again")
    for name, count in counts.dead.items():
        yield Bilingual(
            f"! {name}：{count} 条列入死信；见 lights webhook dead",
            f"! {name}: {count} given up; see lights webhook dead",
        )
    for name in counts.gone:
        yield Bilingual(
            f"! {name}：接收方答复 410，推送已停用；恢复后运行 lights webhook test {name}",
            f"! {name}: the receiver answered 410, so the webhook is off; lights webhook test {name} turns it on again",
        )
    if counts.withdrawn:
        yield Bilingual(
            f"! {counts.withdrawn} 条因账户权限已变而不发送",
            f"! {counts.withdrawn} not sent, since the account may see other loans now",
        )
    if counts.waiting:
        yield Bilingual(f"待发 {counts.waiting} 条", f"{counts.waiting} messages wait")
