"""One thread for matrix products: those of a training run are small, and a second thread waits and burns a core."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Params = ParamSpec("Params")
Result = TypeVar("Result")


def one_blas_thread(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """The function, during whose calls BLAS has one thread; LightGBM's and polars' threads are not touched."""

    @wraps(function)
    def with_one_thread(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        with threadpool_limits(1, "blas"):
            return function(*args, **kwargs)

    return with_one_thread
