"""News by webhook: signed, each loan once, tried again, given up, and within what the account may see."""

from __future__ import annotations

import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select

from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import read_column_map
from features.loading.load import LoadOptions, load
from features.messages import UserError
from serving.access import accounts as people
from serving.batch.news_run import watch
from serving.database.tables import AuditEntry, Webhook, WebhookMessage
from serving.months.data_folder import DataFolder
from serving.webhooks.addresses import check_address
from serving.webhooks.delivery_run import dead_messages, retry_dead
from serving.webhooks.http_post import post
from serving.webhooks.signature import signature_header
from serving.webhooks.subscriptions import DISABLED, GONE, remove_webhook, webhook_named, webhook_statuses
from tests.manual_steps import DOCS
from tests.running_service import done, lights, refused, started
from tests.serving.provinces import AT
from tests.serving.webhooks.conftest import DAY, PLAN, Desk
from tests.serving.webhooks.receivers import dripping, is_signed_by, receiving


def state_of(desk: Desk) -> tuple[str, int, int]:
    """State, waiting and dead messages of the webhook."""
    with desk.database.read_session() as session:
        [status] = webhook_statuses(session)
    return status.state, status.waiting, status.dead


def test_a_receiver_that_fails_twice_gets_each_message_once_with_a_signature_that_holds(sending: Desk) -> None:
    with receiving(lambda number: 500 if number < 2 else 204) as receiver:
        secret = sending.webhook(receiver.url)
        for _ in range(4):
            sending.deliver()
        assert state_of(sending) == ("active", 0, 0)
        assert sorted(receiver.loans) == sending.loans_of(sending.bank)
        assert len(set(receiver.taken)) == len(receiver.taken) == len(receiver.loans)
        assert {number for number, *_ in receiver.requests[:2]} <= set(receiver.taken)
        for _, signature, body, _ in receiver.requests:
            assert is_signed_by(secret, signature, body)
            assert not is_signed_by(secret, signature, body + b" ")
        assert [body["message_id"] for body in receiver.bodies] == receiver.taken
        assert sending.deliver().delivered == 0


def test_a_message_of_a_day_holds_all_loans_that_the_account_sees(sending: Desk) -> None:
    with receiving() as receiver:
        sending.webhook(receiver.url, "county_official", "day")
        assert sending.deliver().delivered == 1
        [body] = receiver.bodies
        assert sorted(receiver.loans) == sending.loans_of()
        assert sum(body["counts"].values()) == len(receiver.loans)
        assert (body["as_of"], body["edition"], body["event"], body["messages"]) == (str(DAY), 1, "news", 1)


def test_an_officers_webhook_gets_no_other_banks_loan_and_an_analysts_no_true_number(sending: Desk) -> None:
    with receiving() as officers, receiving() as analysts:
        sending.webhook(officers.url)
        sending.webhook(analysts.url, "analyst", name="lab")
        sending.deliver()
        assert {loan["bank"] for body in officers.bodies for loan in body["loans"]} == {sending.bank}
        assert len(analysts.loans) == sending.news.height
        told = b"".join(body for _, _, body, _ in analysts.requests).decode()
        for column in ("loan_id", "household_id"):
            assert [each for each in sending.news[column] if each in told] == []


def test_a_receiver_that_is_gone_turns_the_webhook_off_until_a_test_is_taken(sending: Desk) -> None:
    answers = [410]
    with receiving(lambda _: answers[0]) as receiver:
        sending.webhook(receiver.url)
        counts = sending.deliver()
        assert (counts.gone, counts.dead, len(receiver.requests)) == (["core"], {"core": 1}, 1)
        assert state_of(sending)[0] == GONE
        sending.deliver()
        assert len(receiver.requests) == 1
        assert "did not take it: 410" in refused(lights(sending.data, "webhook", "test", "core"))
        answers[0] = 204
        done(lights(sending.data, "webhook", "test", "core"))
        with sending.database.write_session() as session:
            assert retry_dead(session, sending.now) == 1
        sending.deliver()
        assert sorted(receiver.loans) == sending.loans_of(sending.bank)


def test_a_redirect_is_not_followed_and_the_last_try_ends_on_the_dead_letter_list(sending: Desk) -> None:
    with receiving(lambda _: 302) as receiver:
        sending.webhook(receiver.url)
        messages = len(sending.loans_of(sending.bank))
        dead = [sum(sending.deliver().dead.values()) for _ in range(PLAN.tries)]
        assert dead == [0, 0, messages]
        assert set(receiver.paths) == {"/news?token=of-the-bank"}
        assert len(receiver.requests) == messages * PLAN.tries
        assert state_of(sending) == ("active", 0, messages)
        with sending.database.read_session() as session:
            last = dead_messages(session)[0]
        assert (last.status, last.answer, last.tries) == (302, "the core banking system is down", 3)
        listed = json.loads(done(lights(sending.data, "webhook", "dead", "--json")))
        assert [each["message_id"] for each in listed] == [number for number, *_ in receiver.requests[:messages]]
        receiver.answer = lambda _: 204
        done(lights(sending.data, "webhook", "dead", "--retry"))
        done(lights(sending.data, "webhook", "deliver"))
        assert sorted(receiver.taken) == sorted(each["message_id"] for each in listed)


def test_the_command_ends_with_1_where_a_message_is_given_up(sending: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTS_WEBHOOK_TRIES", "1")
    with receiving(lambda _: 404) as receiver:
        sending.webhook(receiver.url)
        ran = lights(sending.data, "webhook", "deliver")
    assert (ran.returncode, "given up; see lights webhook dead" in ran.stdout) == (1, True)


def test_nobody_who_answers_ends_the_try_and_leaves_the_webhook_alone_for_the_run(sending: Desk) -> None:
    over = Event()

    def wait(_: int) -> int:
        over.wait(30)
        return 204

    with receiving(wait) as receiver:
        sending.webhook(receiver.url)
        counts = sending.deliver()
        over.set()
    assert (counts.failed, counts.delivered) == (1, 0)
    with sending.database.read_session() as session:
        tried = session.scalars(select(WebhookMessage).where(WebhookMessage.tries == 1)).all()
    assert [(each.last_status, each.last_answer, each.state) for each in tried] == [(None, "timeout", "waiting")]


def test_an_answer_that_drips_is_cut_off() -> None:
    with dripping() as url:
        answer = post(url, b"{}", {}, 1)
    assert (answer.status, answer.text) == (None, "timeout")


def test_a_receiver_that_hangs_up_or_is_not_there_is_named_by_its_error() -> None:
    with receiving(lambda _: 0) as receiver:
        answer = post(receiver.url, b"{}", {}, 5)
    assert (answer.status, answer.is_success, answer.is_unreachable) == (None, False, True)
    assert answer.text.startswith("RemoteDisconnected")
    assert post(receiver.url, b"{}", {}, 5).text.startswith("ConnectionRefusedError")


def test_a_delivery_that_is_killed_leaves_the_others_to_the_next(sending: Desk) -> None:
    reached, over = Event(), Event()

    def answer(number: int) -> int:
        if number == 2:
            reached.set()
            over.wait(60)
        return 204

    with receiving(answer) as receiver:
        sending.webhook(receiver.url)
        running = started(sending.data, "webhook", "deliver")
        assert reached.wait(120)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        over.set()
        waiting = state_of(sending)[1]
        assert waiting == len(sending.loans_of(sending.bank)) - 2
        with sending.database.read_session() as session:
            claimed = session.scalars(select(WebhookMessage).where(WebhookMessage.claim.is_not(None))).all()
            assert len(claimed) == 1
            sending.now = claimed[0].created_at
        assert sending.run().deliver().delivered == waiting - 1  # the claim of the killed process is not over yet
        sending.now += timedelta(hours=1)
        assert sending.run().deliver().delivered == 1
    assert set(receiver.loans) == set(sending.loans_of(sending.bank))
    assert len(set(receiver.taken)) == len(sending.loans_of(sending.bank))


def test_two_that_deliver_at_once_send_nothing_twice(sending_by_either: Desk) -> None:
    desk = sending_by_either
    with receiving() as receiver:
        desk.webhook(receiver.url, "county_official")
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda _: desk.enqueue(), range(3)))
            counts = list(pool.map(lambda _: desk.run().deliver(), range(3)))
        assert sorted(receiver.loans) == desk.loans_of()
        assert sum(each.delivered for each in counts) == len(receiver.loans)


def test_a_later_edition_sends_only_lights_that_differ_and_withdraws_what_no_longer_holds(
    sending: Desk, tmp_path: Path
) -> None:
    store = DataFolder(sending.data)
    unmoved = (
        pl.read_parquet(sending.data / "warnings" / "*" / "*.parquet")
        .filter((pl.col("light") == "green") & (pl.col("bank") == sending.bank))
        .filter(~pl.col("loan_id").is_in(sending.loans_of()))
    )
    loan = unmoved["loan_id"].sort()[0]

    def watch_with(finding: str, day: date) -> None:
        inbox = tmp_path / finding
        inbox.mkdir()
        (inbox / "use_checks.csv").write_text(
            f"loan_id,checked_on,finding,known_on\n{loan},{day},{finding},{day}\n", "utf-8"
        )
        options = LoadOptions(day, read_column_map(), load_pseudonyms(sending.data), report_progress=lambda _: None)
        assert not load(inbox, store.ledger, options).has_refused_files
        watch(store, DAY, "clerk", sending.now, lambda *_: None)

    with receiving() as receiver:
        sending.webhook(receiver.url)
        sending.deliver()
        first = len(receiver.bodies)
        watch_with("diverted", date(2026, 1, 20))
        sending.deliver()
        [body] = receiver.bodies[first:]
        assert [(each["loan_id"], each["light"]) for each in body["loans"]] == [(loan, "red")]
        assert (body["edition"], body["withdrawn"]) == (2, [])
        watch_with("put_right", date(2026, 1, 22))
        sending.deliver()
        [body] = receiver.bodies[first + 1 :]
        assert (body["edition"], body["loans"]) == (3, [])
        assert body["withdrawn"] == [{"id": f"{DAY}.2.{loan}", "loan_id": loan, "light": "green"}]
        assert sending.deliver().delivered == 0


def test_what_waits_is_not_sent_once_the_account_may_see_other_loans(sending: Desk) -> None:
    other = next(bank for bank in sending.news["bank"].unique().sort() if bank != sending.bank)
    with receiving() as receiver:
        sending.webhook(receiver.url)
        sending.enqueue()
        with sending.database.write_session() as session:
            person = people.person_named(session, "officer.core")
            people.change_account(session, person, people.account_details(person.name, "officer", str(other)))
        assert sending.run().deliver().withdrawn == len(sending.loans_of(sending.bank))
        assert receiver.requests == []
        sending.deliver()
        assert sorted(receiver.loans) == sending.loans_of(str(other))


def test_nothing_is_sent_for_an_account_that_is_disabled(sending: Desk) -> None:
    with receiving() as receiver:
        sending.webhook(receiver.url)
        sending.enqueue()
        with sending.database.write_session() as session:
            people.disable_account(session, people.person_named(session, "officer.core"), sending.now)
        counts = sending.deliver()
    assert (receiver.requests, counts.withdrawn) == ([], len(sending.loans_of(sending.bank)))
    assert state_of(sending)[0] == DISABLED


def test_days_that_were_watched_before_the_webhook_was_there_are_not_sent(sending: Desk) -> None:
    with receiving() as receiver:
        sending.webhook(receiver.url)
        with sending.database.write_session() as session:
            webhook_named(session, "core").created_at = AT + timedelta(days=20)
        assert (sending.enqueue(), receiver.requests) == (0, [])


def test_every_delivery_is_audited_and_no_file_holds_address_secret_or_message(sending: Desk) -> None:
    with receiving() as receiver:
        secret = sending.webhook(receiver.url)
        sending.enqueue()
        sealed = b"".join(path.read_bytes() for path in sending.data.glob("lights.db*"))
        for hidden in (secret, "of-the-bank", '"withdrawn":'):
            assert hidden.encode() not in sealed
        sending.run().deliver()
    with sending.database.read_session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == "lights webhook deliver")).all()
    details = [json.loads(entry.detail) for entry in entries]
    assert sorted(detail["message"] for detail in details) == sorted(receiver.taken)
    assert {(entry.action, entry.person) for entry in entries} == {("export", "machine:timer")}
    assert {(each["webhook"], each["day"], each["loans"], each["outcome"]) for each in details} == {
        ("core", str(DAY), 1, "delivered")
    }


def test_a_message_that_cannot_be_opened_is_given_up_and_holds_up_no_other(sending: Desk) -> None:
    with receiving() as receiver:
        sending.webhook(receiver.url)
        messages = sending.enqueue()
        with sending.database.write_session() as session:
            first = session.scalars(select(WebhookMessage).order_by(WebhookMessage.id)).first()
            assert first is not None
            first.sealed = "damaged"
        counts = sending.run().deliver()
        assert (counts.dead, counts.delivered, len(receiver.taken)) == ({"core": 1}, messages - 1, messages - 1)
    with sending.database.read_session() as session:
        [dead] = dead_messages(session)
    assert "pseudonym.key is another one" in dead.answer


def test_a_day_whose_files_are_damaged_is_told_and_sent_once_it_is_whole(sending: Desk) -> None:
    [news] = sending.data.glob(f"news_days/day={DAY}/edition-1/news/*.parquet")
    content = news.read_bytes()
    with receiving() as receiver:
        sending.webhook(receiver.url)
        news.write_bytes(content[:-1])
        assert f"The news of {DAY} are left out" in done(lights(sending.data, "webhook", "deliver"))
        assert receiver.requests == []
        news.write_bytes(content)
        done(lights(sending.data, "webhook", "deliver"))
        assert sorted(receiver.loans) == sending.loans_of(sending.bank)


def test_a_webhook_that_is_removed_takes_its_messages_along(sending: Desk) -> None:
    sending.webhook("https://bank.example/news")
    waiting = sending.enqueue()
    with sending.database.write_session() as session:
        assert remove_webhook(session, "core") == waiting
    with sending.database.read_session() as session:
        assert (session.scalars(select(Webhook)).all(), session.scalars(select(WebhookMessage)).all()) == ([], [])
    assert sending.deliver().waiting == 0


def test_watching_a_day_sends_its_news(sending: Desk) -> None:
    with receiving() as receiver:
        done(lights(sending.data, "user", "add", "gov", "--role", "county_official"))
        words = ("--url", receiver.url, "--account", "gov", "--digest", "day")
        secret = done(lights(sending.data, "webhook", "add", "core", *words)).strip()
        listed = json.loads(done(lights(sending.data, "webhook", "list", "--json")))
        assert [(each["name"], each["host"], each["state"]) for each in listed] == [
            ("core", receiver.url.partition("/news")[0], "active")
        ]
        later = date(2026, 3, 25)
        assert "1 messages delivered" in done(lights(sending.data, "watch", "--as-of", later))
        [body] = receiver.bodies
        assert body["as_of"] == str(later)
        assert is_signed_by(secret, *receiver.requests[0][1:3])
        assert "removed" in done(lights(sending.data, "webhook", "remove", "core"))


@pytest.mark.parametrize(
    "url",
    [
        *("http://bank.example/news", "ftp://bank.example/", "https://", "bank.example", "https://bank.example:0/"),
        *("https://bank.example:port/", "https://银行.example/", "https://bank.example/a b", f"https://b/{'x' * 2000}"),
        *("http://127.0.0.1.bank.example/", "http://10.0.0.1/", "file:///etc/passwd", "https://[::1"),
    ],
)
def test_an_address_without_tls_or_beyond_this_machine_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="The address of a webhook is https"):
        check_address(url)


def test_an_address_with_a_password_is_refused_and_loopback_is_taken() -> None:
    for url in ("https://me:secret@bank.example/", "https://bank.example/#news"):
        with pytest.raises(UserError, match="no user, password or part behind #") as refusal:
            check_address(url)
        assert "secret" not in str(refusal.value)
    for url in ("http://127.0.0.1:8000/a", "http://localhost/", "http://[::1]:9/", "https://10.0.0.1/news?a=b"):
        assert check_address(url) == url


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "core", "--url", "http://bank.example/", "--account", "gov"), "The address of a webhook is https"),
        (("add", "a b", "--url", "https://b.example/", "--account", "gov"), "no name of a webhook"),
        (("add", "core", "--url", "https://b.example/", "--account", "nobody"), "There is no account nobody"),
        (("add", "core", "--url", "https://b.example/", "--account", "clerk"), "may see no lists"),
        (("remove", "core"), "There is no webhook core"),
        (("test", "core"), "There is no webhook core"),
    ],
)
def test_wrong_webhooks_are_refused_in_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    done(lights(tmp_path, "user", "add", "gov", "--role", "county_official"))
    done(lights(tmp_path, "user", "add", "clerk", "--role", "clerk"))
    assert sentence in refused(lights(tmp_path, "webhook", *words))


def test_a_digest_that_there_is_not_is_wrong_usage(tmp_path: Path) -> None:
    words = ("--url", "https://b.example/", "--account", "gov", "--digest", "week")
    ran = lights(tmp_path, "webhook", "add", "core", *words)
    assert (ran.returncode, "should be loan or day" in ran.stderr) == (2, True)


@pytest.mark.parametrize("page", ["operator.md", "operator.en.md"])
def test_the_check_of_a_signature_that_the_manual_shows_holds(page: str) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the manual's own example
    is_from_county, body = names["is_from_county"], b'{"event":"test"}'
    header = signature_header("lws_secret", body, 1_764_547_200)
    assert is_from_county("lws_secret", header, body, 1_764_547_200)
    assert not is_from_county("lws_secret", header, body + b" ", 1_764_547_200)
    assert not is_from_county("lws_other", header, body, 1_764_547_200)
    assert not is_from_county("lws_secret", header, body, 1_764_547_200 + 301)
