"""An example request for each operation.

`{loan}`, `{household}`, `{case}`, `{version}` and `{account}` are replaced by existing ones when the document is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """The parameters and body of an example request; optional parameters that are not here are left out."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_HOUSEHOLD = {
    "household_id": "H-example",
    "village_code": "640323101201",
    "household_type": "lifted_out",
    "registered_on": "2019-05-01",
}
_LOAN = {
    "loan_id": "L-example",
    "household_id": "H-example",
    "bank": "甲银行",
    "product": "microloan",
    "principal": 50000,
    "annual_rate": 0.0345,
    "originated_on": "2023-06-21",
    "matures_on": "2026-06-20",
    "repayment_method": "bullet_all",
    "declared_use": "sheep",
}
_DUE = {"loan_id": "L-example", "due_on": "2026-06-20", "principal_due": 50000, "interest_due": 5175}
_TABLES = {
    "households": [_HOUSEHOLD],
    "loans": [_LOAN],
    "instalments": [{**_DUE, "known_on": "2023-06-21"}],
    "payments": [],
}
_NOTE = {"kind": "note", "text": "电话已联系，下周卖羊后还款"}
EXAMPLES: Mapping[tuple[str, str], Example] = {
    ("get", "/api/v1/warnings"): Example(query={"light": "red", "sort": "risk", "limit": 10}),
    ("get", "/api/v1/loans/{loan_id}/warning"): Example(path={"loan_id": "{loan}"}),
    ("get", "/api/v1/loans/{loan_id}/history"): Example(path={"loan_id": "{loan}"}),
    ("get", "/api/v1/households/{household_id}/explanation"): Example(path={"household_id": "{household}"}),
    ("get", "/api/v1/households"): Example(query={"loans": "none", "limit": 10}),
    ("get", "/api/v1/households/{household_id}"): Example(path={"household_id": "{household}"}),
    ("post", "/api/v1/households/{household_id}/what-if"): Example(
        path={"household_id": "{household}"},
        body={"facts": [{"kind": "hardship", "cause": "illness", "loss_amount": 8000}]},
    ),
    ("get", "/api/v1/ledger"): Example(query={"grade": "good", "borrowing": False, "limit": 10}),
    ("get", "/api/v1/ledger/{household_id}"): Example(path={"household_id": "{household}"}),
    ("post", "/api/v1/score"): Example(body={"tables": _TABLES}),
    ("get", "/api/v1/summary"): Example(query={"level": "township"}),
    ("get", "/api/v1/migration"): Example(query={"level": "bank"}),
    ("get", "/api/v1/maturities"): Example(query={"within_days": 90, "level": "bank", "limit": 10}),
    ("get", "/api/v1/insurance"): Example(query={"level": "village", "within_days": 180, "limit": 10}),
    ("post", "/api/v1/cases"): Example(body={"loan_id": "{loan}", "event": _NOTE}),
    ("post", "/api/v1/cases/assign"): Example(body={"loan_ids": ["{loan}"], "responsible": "{account}"}),
    ("get", "/api/v1/cases"): Example(query={"state": "open", "limit": 10}),
    ("patch", "/api/v1/cases/{case_id}"): Example(
        path={"case_id": "{case}"}, body={"version": "{version}", "event": _NOTE}
    ),
    ("get", "/api/v1/news"): Example(query={"kind": "worse", "limit": 10}),
    ("get", "/api/v1/households/{household_id}/today"): Example(path={"household_id": "{household}"}),
    ("get", "/api/v1/model"): Example(),
    ("get", "/api/v1/audit"): Example(query={"limit": 10}),
    ("get", "/api/v1/news/feed"): Example(query={"digest": "day", "limit": 10}),
    ("get", "/api/v1/news/feed.atom"): Example(query={"digest": "day", "lang": "zh"}),
    ("get", "/api/v1/news/feed.json"): Example(query={"digest": "loan", "limit": 10}),
}
