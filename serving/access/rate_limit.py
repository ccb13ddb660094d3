"""Rate limits: a token bucket for each key, session or client address, in the memory of one process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from features.messages import UserError

_MAX_BUCKETS = 10_000


class TooManyRequestsError(UserError):
    """The rate is exceeded. seconds: until the next request is answered."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            f"请求过于频繁，请 {seconds} 秒后再试。", f"Too many requests; try again in {seconds} seconds."
        )


class RateLimit:
    """A limit on requests per minute, by token bucket.

    Args:
        per_minute: requests a caller may make in a minute; so many at once after a quiet minute.
        clock: monotonic time in seconds.

    Example:
        >>> from serving.access.rate_limit import RateLimit, TooManyRequestsError
        >>> limit = RateLimit(per_minute=2, clock=lambda: 0.0)
        >>> limit.take("127.0.0.1")
        >>> limit.take("127.0.0.1")
        >>> try:
        ...     limit.take("127.0.0.1")
        ... except TooManyRequestsError as refusal:
        ...     print(refusal.seconds)
        31
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._capacity, self._clock = float(per_minute), clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one request of a caller. Raises TooManyRequestsError where the bucket is empty."""
        with self._lock:
            now = self._clock()
            tokens, updated_at = self._buckets.get(caller, (self._capacity, now))
            tokens = min(self._capacity, tokens + (now - updated_at) * self._capacity / 60)
            if tokens < 1:
                raise TooManyRequestsError(int((1 - tokens) * 60 / self._capacity) + 1)
            if len(self._buckets) >= _MAX_BUCKETS:
                self._buckets.clear()
            self._buckets[caller] = (tokens - 1, now)
