"""How often somebody may ask: a bucket for each key or session, filled evenly, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from features.messages import Refused

_MOST_BUCKETS = 10_000


class TooMany(Refused):
    """Asked too often. seconds: until the next request is answered."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            f"请求过于频繁, 请 {seconds} 秒后再试。", f"Too many requests; try again in {seconds} seconds."
        )


class Limits:
    """So many requests in a minute. clock: seconds that only go forward."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = float(per_minute), clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, whose: str) -> None:
        """Raises TooMany where the bucket is empty."""
        with self._lock:
            now = self._clock()
            left, then = self._left.get(whose, (self._most, now))
            left = min(self._most, left + (now - then) * self._most / 60)
            if left < 1:
                raise TooMany(int((1 - left) * 60 / self._most) + 1)
            if len(self._left) >= _MOST_BUCKETS:
                self._left.clear()
            self._left[whose] = (left - 1, now)
