"""The model's page: what it is, what it is worth against the rules, and which was in use when."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from features.messages import Refused
from models.evaluation_words import contender, part
from serving.http.dependencies import Kept
from serving.pages.rendering import Spoken, page, refused
from serving.portfolio.model_report import Judged, judged
from serving.text.light_charts import calibration_curve
from serving.text.page_words import WORDS, Language

model_pages = APIRouter(include_in_schema=False)
FOLDS = ("fit", "calibration", "policy", "judgement")


@model_pages.get("/model")
def model_page(
    request: Request,
    store: Kept,
    language: Spoken,
    number: Annotated[int | None, Query(ge=1, le=2_147_483_647)] = None,
) -> HTMLResponse:
    """The champion, or the model of a number."""
    models = store.models
    wanted = number or models.holder("champion")
    try:
        found = None if wanted is None else judged(models, wanted)
    except Refused as refusal:
        return refused(request, language, refusal, 404 if number else 409)
    said = _said(found, language) if found else {"model": None}
    return page(request, "model.html", language, history=list(reversed(models.history)), **said)


def _said(found: Judged, language: Language) -> dict[str, Any]:
    bundle, report = found.bundle, found.judgement
    return {
        "model": bundle,
        "folds": list(_folds(bundle.card)),
        "chosen": _chosen(bundle.policy.chosen_by, bundle.policy.terms, language),
        "report": report,
        "grouped": [(by, list(rows)) for by, rows in groupby(report["fairness"], lambda row: row["by"])]
        if report
        else [],
        "curve": _curve(report, language) if report else None,
        "contender": lambda code: getattr(contender(code), language),
        "part": lambda by, code: getattr(part(by, code), language),
    }


def _folds(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each sample with its first and last month end; calibration is drawn from those of the policy."""
    plan = card["plan"]
    ends = {**plan["month_ends"], "calibration": plan["month_ends"]["policy"]}
    return [
        {
            "name": name,
            "first": min(ends[name]),
            "last": max(ends[name]),
            "households": plan["households"][name],
            **card["folds"][name],
        }
        for name in FOLDS
    ]


def _chosen(by: str, terms: Mapping[str, Any], language: Language) -> str:
    """How the thresholds were chosen, in a sentence; a way without words stands by its name."""
    match by:
        case "rules_visits":
            values = dict(terms["rules_visits"])
        case "capacity":
            values = {"lit": terms["capacity"]["lit_in_100"], "red": terms["capacity"]["red_in_100"]}
        case "cost":
            values = {"yellow": terms["cost"]["visit_yellow"], "red": terms["cost"]["visit_red"]}
        case _:
            return by
    return str(getattr(WORDS[f"chosen_{by}"].filled(**values), language))


def _curve(report: Mapping[str, Any], language: Language) -> Markup:
    points = [(point["predicted"], point["observed"]) for point in report["calibration"]["curve"]]
    across, up = (str(getattr(WORDS[name], language)) for name in ("predicted", "observed"))
    said = "; ".join(f"{across} {predicted:.1%}, {up} {observed:.1%}" for predicted, observed in points)
    return calibration_curve(points, said, across, up)
