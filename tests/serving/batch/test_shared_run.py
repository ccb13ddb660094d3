"""Workers that share a storage and nothing else: the bytes of one process, offered once, and one sentence where not."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import features_at
from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger
from features.loading.load import LoadOptions, load
from features.messages import UserError
from features.snapshot.life_rules import LifeRules
from serving.batch.inputs import RunSpec
from serving.batch.plan import Task
from serving.batch.remote_task import scratch_folder_for
from serving.batch.run import score
from serving.batch.shared_run import SharedStorageTransport
from serving.batch.storage import open_storage
from serving.batch.tasks import TaskRecord
from serving.months.repository import MonthRepository
from tests.running_service import CHINESE, done, lights, refused
from tests.serving.clusters import CAN_HIDE, cluster, scored_by_one_left
from tests.serving.hdfs import Served, hdfs
from tests.serving.provinces import AS_OF, AT, IN_BLOCKS, WHOLE, Province, records

BEFORE = date(2025, 11, 30)
COUNTIES = ("640323", "640324")


class Travelled:
    """Does each job here, as a worker that has brought nothing yet, from what would travel to it."""

    def __init__(self, url: str) -> None:
        self.transport, self.label = SharedStorageTransport(open_storage(url)), url

    def compute(self, tasks: Sequence[Task], spec: RunSpec, staging: Path) -> Iterator[tuple[Task, TaskRecord]]:
        for task in tasks:
            sent = pickle.dumps(self.transport.remote_call(task, spec, staging))
            assert str(spec.data).encode() not in sent
            run_remote_task, remote_task = pickle.loads(sent)  # noqa: S301 - of our own
            scratch_folder_for.cache_clear()
            record = run_remote_task(remote_task)
            self.transport.collect(task, record)
            yield task, record


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with hdfs(tmp_path / "hdfs") as found:
        yield found


@pytest.fixture(scope="module")
def alone(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """The month, and the month before it, by this process alone."""
    own = judged_province.copied_to(tmp_path_factory.mktemp("alone") / "var")
    with_a_month_before(own).scored()
    return own


def with_a_month_before(province: Province) -> Province:
    score(province.store, BEFORE, "clerk", AT, lambda *_: None, None, WHOLE)
    return province


@pytest.fixture
def own(judged_province: Province, tmp_path: Path) -> Province:
    return with_a_month_before(judged_province.copied_to(tmp_path / "var"))


def test_a_cluster_that_shares_a_server_alone_and_loses_a_worker_gives_the_bytes_of_one_process(
    own: Province, alone: Province, served: Served, tmp_path: Path
) -> None:
    with cluster(2, tmp_path / "workers") as (address, [first, _]):
        scored_by_one_left(own, address, first, lambda: first.has_begun_a_part, "--storage", served.url)
    assert own.files == alone.files
    assert served.names("offered")
    assert served.names("runs") == set()


@pytest.mark.skipif(not CAN_HIDE, reason="no folder can be hidden from a process: unshare -rm is not allowed")
def test_workers_for_whom_there_is_no_data_folder_compute_from_a_mounted_storage(
    own: Province, alone: Province, tmp_path: Path
) -> None:
    url = (tmp_path / "mounted").as_uri()
    with cluster(1, tmp_path / "workers", hidden=own.data) as (address, _):
        asked = ("score", "--as-of", AS_OF, "--cluster", address)
        assert refused(lights(own.data, *asked)).startswith("A worker does not see")
        done(lights(own.data, *asked, "--storage", url))
    assert own.files == alone.files


def test_a_county_in_blocks_is_computed_from_what_earlier_rounds_have_left_in_the_storage(
    own: Province, alone: Province, served: Served
) -> None:
    own.scored(IN_BLOCKS, Travelled(served.url))
    assert own.files == alone.files


def test_parts_that_a_killed_run_has_left_are_offered_to_the_run_that_takes_it_up(
    own: Province, alone: Province, served: Served, tmp_path: Path
) -> None:
    with hdfs(tmp_path / "first") as first:
        first.room = 800_000
        with pytest.raises(UserError, match="cannot be read or written"):
            own.scored(IN_BLOCKS, Travelled(first.url))
    assert {"640323.community"} <= set(left := records(own))
    manifest = own.scored(IN_BLOCKS, Travelled(served.url))
    assert own.files == alone.files
    assert set(left) <= {str(part["part"]) for part in manifest.parts}


def test_where_a_loan_has_moved_to_another_household_all_of_the_month_before_is_offered(
    own: Province, served: Served, tmp_path: Path
) -> None:
    loan_id = moved(own, tmp_path / "more")
    other = own.copied_to(tmp_path / "other")
    own.scored()
    other.scored(WHOLE, Travelled(served.url))
    assert other.files == own.files
    loan = pl.col("loan_id") == loan_id
    listed = {county: own.month.scan("warnings", county).filter(loan).collect().height for county in COUNTIES}
    assert listed == {"640323": 0, "640324": 1}
    facts = own.month.scan("features", "640324").filter(loan).drop("as_of", strict=False).collect()
    champion = own.store.models.champion
    assert champion
    everywhere = features_at(AS_OF, own.store.ledger.tables(), rules=LifeRules(champion.bad_after_days)).filter(loan)
    assert_frame_equal(facts.select(everywhere.columns), everywhere)


def moved(province: Province, inbox: Path) -> str:
    """An open loan of one county is corrected to be a household's of another; which."""
    ledger = Ledger(province.data / "ledger")
    opened = (
        MonthRepository(province.store).month(BEFORE).scan("warnings", "640323").filter(pl.col("days_to_maturity") > 90)
    )
    [loan_id] = opened.select(pl.col("loan_id").min()).collect().to_series()
    loan = ledger.scan("loans", "640323").filter(pl.col("loan_id") == loan_id).drop("county").collect()
    household = ledger.scan("loans", "640324").select(pl.col("household_id").max()).collect().item()
    inbox.mkdir()
    changed = loan.with_columns(pl.lit(household).alias("household_id"), pl.lit(AS_OF).alias("known_on"))
    changed.write_csv(inbox / "loans.csv")
    pseudonyms = load_pseudonyms(province.data)
    loading = LoadOptions(AS_OF, read_column_map(), pseudonyms, report_progress=lambda _: None, corrections=True)
    assert not load(inbox, ledger, loading).has_refused_files
    assert province.store.ledger.tables().reassigned_households
    return str(loan_id)


def test_a_run_after_another_offers_nothing_again(own: Province, served: Served) -> None:
    score(own.store, BEFORE, "clerk", AT, lambda *_: None, Travelled(served.url), WHOLE)
    assert served.written == []  # that month stands already
    own.scored(WHOLE, Travelled(served.url))
    first = set(served.written)
    served.written.clear()
    (own.month.folder / "warnings" / "640324.parquet").write_bytes(b"")
    own.scored(WHOLE, Travelled(served.url))
    assert own.month.manifest.edition == 2
    assert any("/offered/" in name for name in first)
    assert [name for name in served.written if "/offered/" in name] == []


def test_a_ledger_whose_parts_are_merged_is_offered_as_it_is_read(
    ruled: Province, served: Served, tmp_path: Path
) -> None:
    ruled.store.ledger.merge(max_unmerged=0)
    other = ruled.copied_to(tmp_path / "other")
    ruled.scored()
    other.scored(WHOLE, Travelled(served.url))
    assert other.files == ruled.files


def test_a_damaged_copy_is_told_and_nothing_is_published(ruled: Province, served: Served, tmp_path: Path) -> None:
    other = ruled.copied_to(tmp_path / "other")
    score(other.store, BEFORE, "clerk", AT, lambda *_: None, Travelled(served.url), WHOLE)
    for path in (served.folder / "lights" / "offered" / "640324").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(UserError) as told:
        ruled.scored(WHOLE, Travelled(served.url))
    assert CHINESE.search(told.value.message.zh)
    assert "is damaged; delete it there and run again." in told.value.message.en
    assert not ruled.store.warnings.exists()


def test_a_storage_that_nothing_installed_reads_is_told_before_anything_is_done(ruled: Province) -> None:
    asked = ("score", "--as-of", AS_OF, "--cluster", "tcp://127.0.0.1:1", "--storage", "nowhere://lights")
    assert refused(lights(ruled.data, *asked)).startswith("nowhere://lights cannot be used (Protocol not known")


def test_a_storage_without_a_cluster_is_wrong_usage(ruled: Province) -> None:
    ran = lights(ruled.data, "score", "--as-of", AS_OF, "--storage", "s3://bucket/lights")
    assert ran.returncode == 2
    assert CHINESE.search(ran.stderr)
