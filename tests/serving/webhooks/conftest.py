"""A province with a published month and one day of news, by the rules alone; and a bank's webhook in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.contract.pseudonym import load_pseudonyms
from serving.access import accounts as people
from serving.audit.command_line import database_of
from serving.audit.log import machine_user
from serving.batch.news_run import watch
from serving.database.engine import Database
from serving.months.data_folder import DataFolder
from serving.portfolio.feed_pages import FeedDigest
from serving.webhooks.delivery_run import DeliveryCounts, DeliveryRun, RetryPlan
from serving.webhooks.outbox import enqueue_news
from serving.webhooks.subscriptions import NewWebhook, WebhookSeal, add_webhook
from tests.serving.provinces import AT, Province

DAY = date(2026, 1, 25)
PLAN = RetryPlan(timeout=1, tries=3, first_wait=60, longest_wait=3600)


@pytest.fixture(scope="session")
def watched_province(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """A month and the news of one day, which no test changes."""
    province = ruled_province.copied_to(tmp_path_factory.mktemp("watched") / "var")
    province.scored()
    watch(province.store, DAY, "clerk", AT + timedelta(days=16), lambda *_: None)
    return province


@dataclass
class Desk:
    """A data folder of one test, and the clock of its deliveries."""

    data: Path
    database: Database
    now: datetime = AT + timedelta(days=17)
    plan: RetryPlan = PLAN

    @property
    def news(self) -> pl.DataFrame:
        return pl.read_parquet(self.data / "news" / f"day={DAY}" / "*.parquet")

    @property
    def bank(self) -> str:
        """The bank with the most news."""
        counts = self.news["bank"].cast(pl.String).value_counts().sort("count", "bank", descending=True)
        return str(counts["bank"][0])

    def loans_of(self, bank: str | None = None) -> list[str]:
        rows = self.news if bank is None else self.news.filter(pl.col("bank") == bank)
        return rows["loan_id"].sort().to_list()

    def webhook(self, url: str, role: str = "officer", digest: str = "loan", name: str = "core") -> str:
        """Register a webhook for a new account before the day was watched; its secret."""
        bank = self.bank if role == "officer" else None
        with self.database.write_session() as session:
            people.create_account(session, people.account_details(f"{role}.{name}", role, bank), AT)
            new = NewWebhook(name, url, f"{role}.{name}", FeedDigest(digest))
            return add_webhook(session, WebhookSeal(load_pseudonyms(self.data)), new, "admin", AT)

    def enqueue(self) -> int:
        return enqueue_news(DataFolder(self.data), self.database, self.now).messages

    def run(self) -> DeliveryRun:
        pseudonyms = load_pseudonyms(self.data)
        return DeliveryRun(self.database, pseudonyms, self.plan, machine_user("timer"), lambda: self.now)

    def deliver(self) -> DeliveryCounts:
        """What a timer's run does; then a day goes by."""
        self.enqueue()
        counts = self.run().deliver()
        self.now += timedelta(days=1)
        return counts


@pytest.fixture
def sending(watched_province: Province, tmp_path: Path) -> Iterator[Desk]:
    data = watched_province.copied_to(tmp_path / "var").data
    database = database_of(data)
    yield Desk(data, database)
    database.engine.dispose()


@pytest.fixture
def sending_by_either(watched_province: Province, tmp_path: Path, database: Database) -> Desk:
    """The same with a database of either kind."""
    return Desk(watched_province.copied_to(tmp_path / "copied").data, database)
