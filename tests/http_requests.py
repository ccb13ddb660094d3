"""Requests that wait for a minute: on a machine with other work the first page of a service takes seconds."""

from __future__ import annotations

from functools import partial

import httpx2

get, post, request = (partial(each, timeout=60) for each in (httpx2.get, httpx2.post, httpx2.request))
