"""Rate limits: a token bucket for each key, session or client address, shared by all worker processes of a service."""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from features.messages import UserError
from features.scratch import temporary_folder
from serving.settings import SHARED_LIMITS

_GROUPS, _SLOTS = 2048, 8
"""Buckets in a file: a caller's hash names a group; of its buckets the one used longest ago makes room."""
_GROUP = struct.Struct("<" + "Qdd" * _SLOTS)
_BUCKET = struct.Struct("<Qdd")
"""A bucket: the caller's hash (0: free), its tokens, and when they were counted."""
_SALT_BYTES = 16


class TooManyRequestsError(UserError):
    """The rate is exceeded. seconds: until the next request is answered."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            f"请求过于频繁，请 {seconds} 秒后再试。", f"Too many requests; try again in {seconds} seconds."
        )


class RateLimit:
    """A limit on requests per minute, by token bucket.

    Within `shared_limits` the buckets stand in a memory-mapped file, one for each name, so that several worker
    processes count together; else in the memory of this process.

    Args:
        per_minute: requests a caller may make in a minute; so many at once after a quiet minute.
        clock: monotonic time in seconds, above 0, of the machine rather than of one process.
        name: of the file.

    Example:
        >>> from serving.access.rate_limit import RateLimit, TooManyRequestsError
        >>> limit = RateLimit(per_minute=2, clock=lambda: 1.0, name="example")
        >>> limit.take("127.0.0.1")
        >>> limit.take("127.0.0.1")
        >>> try:
        ...     limit.take("127.0.0.1")
        ... except TooManyRequestsError as refusal:
        ...     print(refusal.seconds)
        31
    """

    def __init__(self, per_minute: int, clock: Callable[[], float], name: str) -> None:
        self._capacity, self._clock = float(per_minute), clock
        self._thread_lock = threading.Lock()
        folder, size = os.environ.get(SHARED_LIMITS), _SALT_BYTES + _GROUPS * _GROUP.size
        self._file = None if folder is None else shared_file(Path(folder) / name, size)
        self._buckets = mmap.mmap(-1 if self._file is None else self._file, size)
        if self._file is None:
            self._buckets[:_SALT_BYTES] = secrets.token_bytes(_SALT_BYTES)
        self._salt = self._buckets[:_SALT_BYTES]

    def take(self, caller: str) -> None:
        """Count one request of a caller. Raises TooManyRequestsError where the bucket is empty."""
        digest = int.from_bytes(blake2b(caller.encode(), digest_size=8, key=self._salt).digest()) or 1
        group = _SALT_BYTES + digest % _GROUPS * _GROUP.size
        with self._thread_lock, self._process_lock():
            now, cells = self._clock(), _GROUP.unpack_from(self._buckets, group)
            known = cells[::3]
            if digest in known:
                slot = known.index(digest)
                tokens, counted_at = cells[3 * slot + 1 : 3 * slot + 3]
            else:
                slot = min(range(_SLOTS), key=lambda each: cells[3 * each + 2])
                tokens, counted_at = self._capacity, now
            tokens = min(self._capacity, tokens + max(now - counted_at, 0) * self._capacity / 60)
            if tokens < 1:
                raise TooManyRequestsError(int((1 - tokens) * 60 / self._capacity) + 1)
            _BUCKET.pack_into(self._buckets, group + slot * _BUCKET.size, digest, tokens - 1, now)

    @contextmanager
    def _process_lock(self) -> Iterator[None]:
        """Keep the other processes out; the lock of a process that dies goes with it."""
        if self._file is None:
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


@contextmanager
def shared_limits(data: Path) -> Iterator[None]:
    """Let worker processes that start within the block count requests together, in files below the data folder."""
    with temporary_folder(data, "limits") as folder:
        os.environ[SHARED_LIMITS] = str(folder)
        try:
            yield
        finally:
            del os.environ[SHARED_LIMITS]


def shared_file(path: Path, size: int) -> int:
    """The descriptor of a file of so many bytes, made with a new salt by the first process that opens it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.lockf(file, fcntl.LOCK_EX)
    if os.fstat(file).st_size < size:
        os.write(file, secrets.token_bytes(_SALT_BYTES))
        os.truncate(file, size)
    fcntl.lockf(file, fcntl.LOCK_UN)
    return file
