"""Shared storage by URL: whole files or none, by their checksum, and one sentence where it fails."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.checksums import checksum
from features.messages import UserError
from serving.batch.storage import Storage, StoredFile, open_storage
from tests.running_service import CHINESE, free_port
from tests.serving.hdfs import Served, hdfs


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with hdfs(tmp_path / "hdfs") as found:
        yield found


@pytest.fixture(params=["file", "webhdfs"])
def storage(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> Storage:
    """A folder by its URL, and one that only a server leads to; both ready to be written to."""
    found = open_storage(served.url if request.param == "webhdfs" else (tmp_path / "mounted").as_uri())
    for folder in ("offered", "runs"):
        assert found.sizes(folder) == {}
    return found


def written(path: Path, content: bytes) -> dict[StoredFile, Path]:
    path.write_bytes(content)
    return {StoredFile(f"ledger/{path.name}", "offered", checksum(path)): path}


def said_by(refused: pytest.ExceptionInfo[UserError]) -> str:
    """The English sentence; there is a Chinese one."""
    assert CHINESE.search(refused.value.message.zh)
    return refused.value.message.en


def test_what_is_put_is_brought_as_it_was(storage: Storage, tmp_path: Path) -> None:
    copies = written(tmp_path / "large", bytes(range(256)) * 40_000) | written(tmp_path / "empty", b"")
    storage.upload(copies, staging="runs")
    assert storage.sizes("offered") == {copy.checksum: path.stat().st_size for copy, path in copies.items()}
    storage.fetch(list(copies), tmp_path / "here")
    for copy, path in copies.items():
        assert (tmp_path / "here" / copy.local_path).read_bytes() == path.read_bytes()


def test_what_is_there_already_is_not_put_again(served: Served, tmp_path: Path) -> None:
    storage = open_storage(served.url)
    assert storage.sizes("offered") == storage.sizes("runs") == {}
    for _ in range(2):
        storage.upload(written(tmp_path / "rows", b"rows"), staging="runs")
    assert len(served.written) == 1


def test_half_a_file_is_put_anew(storage: Storage, served: Served, tmp_path: Path) -> None:
    [[copy, path]] = written(tmp_path / "rows", b"rows of a table").items()
    for folder in (served.folder / "lights", tmp_path / "mounted"):
        (folder / "offered").mkdir(parents=True, exist_ok=True)
        (folder / copy.name).write_bytes(b"rows of")
    storage.upload({copy: path}, staging="runs")
    storage.fetch([copy], tmp_path / "here")
    assert (tmp_path / "here" / copy.local_path).read_bytes() == b"rows of a table"


def test_a_folder_is_removed_with_all_in_it_and_no_other(storage: Storage, tmp_path: Path) -> None:
    kept, [[gone, path]] = written(tmp_path / "kept", b"kept"), written(tmp_path / "gone", b"gone").items()
    storage.upload({**kept, StoredFile(gone.local_path, "runs", gone.checksum): path}, staging="runs")
    for _ in range(2):
        storage.remove("runs")
    assert storage.sizes("runs") == {}
    assert len(storage.sizes("offered")) == 1


def test_a_damaged_copy_is_told_and_not_brought(storage: Storage, served: Served, tmp_path: Path) -> None:
    [[copy, path]] = written(tmp_path / "rows", b"rows").items()
    storage.upload({copy: path}, staging="runs")
    for folder in (served.folder / "lights", tmp_path / "mounted"):
        if (folder / copy.name).exists():
            (folder / copy.name).write_bytes(b"ruin")
    with pytest.raises(UserError) as refused:
        storage.fetch([copy], tmp_path / "here")
    assert said_by(refused) == f"The copy {copy.name} under {storage.url} is damaged; delete it there and run again."
    assert list((tmp_path / "here" / "ledger").iterdir()) == []


def test_what_is_not_there_is_named(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        storage.fetch([StoredFile("rows", "offered", "0" * 64)], tmp_path)
    assert said_by(refused).startswith(
        f"Something that should be under {storage.url} is not there (offered/{'0' * 64})"
    )


def test_a_server_without_room_is_told_and_keeps_nothing_under_a_name(served: Served, tmp_path: Path) -> None:
    storage = open_storage(served.url)
    storage.sizes("offered")
    served.room = 10
    with pytest.raises(UserError) as refused:
        storage.upload(written(tmp_path / "rows", b"rows" * 10), staging="runs")
    assert said_by(refused).startswith(f"The storage {served.url} cannot be read or written (403 Client Error: Forb")
    assert storage.sizes("offered") == {}


def test_a_mounted_disk_without_room_is_told_and_keeps_nothing_under_a_name(tmp_path: Path) -> None:
    storage, copies = open_storage(str(tmp_path / "mounted")), written(tmp_path / "rows", b"rows" * 10_000)
    for folder in ("offered", "runs"):
        storage.sizes(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(UserError) as refused:
            storage.upload(copies, staging="runs")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be read or written (File too large)" in said_by(refused)
    assert storage.sizes("offered") == {}


def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    port = free_port()
    storage = open_storage(f"ftp://lights:secret@127.0.0.1:{port}/lights")
    with pytest.raises(UserError) as refused:
        storage.sizes("offered")
    assert said_by(refused).startswith(
        f"The storage ftp://127.0.0.1:{port}/lights cannot be read or written (Connection refused); "
    )
    assert "secret" not in repr(storage)


@pytest.mark.parametrize(
    ("url", "why"),
    [("abfs://lights/run", "Install adlfs to access"), ("nowhere://lights", "Protocol not known: nowhere")],
)
def test_a_kind_of_storage_for_which_nothing_is_installed_is_told(url: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        open_storage(url)
    assert said_by(refused).startswith(f"{url} cannot be used ({why}")
