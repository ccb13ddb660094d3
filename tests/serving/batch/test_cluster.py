"""Several processes, a cluster, and one that loses a worker: the bytes of one process."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running_service import CHINESE, done, free_port, lights, refused
from tests.serving.clusters import cluster, scored_by_one_left
from tests.serving.provinces import AS_OF, Province


@pytest.fixture(scope="module")
def alone(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    own = judged_province.copied_to(tmp_path_factory.mktemp("alone") / "var")
    own.scored()
    return own


def test_two_workers_give_the_bytes_of_one_process(judged_province: Province, alone: Province, tmp_path: Path) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    done(lights(own.data, "score", "--as-of", AS_OF, "--workers", 2))
    assert own.month.manifest.workers == 2
    assert own.files == alone.files


def test_a_cluster_that_loses_a_worker_in_the_middle_gives_the_same_bytes(
    judged_province: Province, alone: Province, tmp_path: Path
) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    with cluster(2, tmp_path / "workers") as (address, [first, _]):
        scored_by_one_left(own, address, first, lambda: any(own.folder.glob(".making/parts/.*")))
    assert own.files == alone.files


def test_what_a_worker_cannot_compute_is_told_as_one_process_tells_it(ruled: Province) -> None:
    [payments, *_] = sorted((ruled.data / "ledger" / "payments" / "county=640324").glob("*.parquet"))
    payments.write_bytes(payments.read_bytes()[:100])
    ran = lights(ruled.data, "score", "--as-of", AS_OF, "--workers", 2)
    assert ran.returncode == 3
    assert f"{payments} is missing or damaged; restore it from a backup." in ran.stderr
    payments.with_name(f"{payments.name}.sha256").unlink()  # as an earlier program wrote it
    ran = lights(ruled.data, "score", "--as-of", AS_OF, "--workers", 2)
    assert refused(ran).startswith("640324 cannot be computed (ComputeError)")


def test_an_address_where_no_scheduler_answers_is_told(ruled: Province) -> None:
    said = refused(lights(ruled.data, "score", "--as-of", AS_OF, "--cluster", f"tcp://127.0.0.1:{free_port()}"))
    assert re.match(r"No Dask scheduler answers at tcp://127.0.0.1:\d+; check the address", said)


def test_workers_and_a_cluster_are_not_both_asked_for(ruled: Province) -> None:
    ran = lights(ruled.data, "score", "--as-of", AS_OF, "--workers", 2, "--cluster", "tcp://127.0.0.1:1")
    assert ran.returncode == 2
    assert CHINESE.search(ran.stderr)


WITHOUT = "import sys; sys.modules['distributed'] = None; import lights; lights.main()"


def test_where_dask_is_not_installed_the_extra_is_named(ruled: Province) -> None:
    asked = [sys.executable, "-c", WITHOUT, "score", "--as-of", str(AS_OF), "--workers", "2", "--data", str(ruled.data)]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "pip install 'county-lights[cluster]'" in refused(ran)
