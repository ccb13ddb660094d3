"""The page of a model: what it foretells, how it compares with the rules, and which model was in use when."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from features.messages import Bilingual, UserError
from models.evaluation_words import FORETOLD_FIGURES, compared_model_words, group_words
from serving.http.dependencies import AuthenticatedRoute, CurrentData
from serving.monitor.visit_effect import stored_visit_effect
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.portfolio.model_report import ModelReport, model_report
from serving.schemas.basis import shadow_words
from serving.text.charts import calibration_chart
from serving.text.page_words import WORDS, Language

model_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
FOLDS = ("fit", "calibration", "policy", "judgement")


@model_router.get("/model")
def show_model(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    number: Annotated[int | None, Query(ge=1, le=2_147_483_647)] = None,
) -> HTMLResponse:
    """The champion, or the model in shadow where none has been champion yet, or the model of a number."""
    models = store.models
    in_shadow = models.number_in_shadow
    shown_number = number or models.number_of("champion") or in_shadow
    try:
        shown_model = None if shown_number is None else model_report(models, shown_number)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 404 if number else 409)
    values = _report_values(shown_model, language) if shown_model else {"model": None}
    shadow = shadow_words(shown_model.bundle.version) if shown_model and shown_number == in_shadow else None
    values |= {"shadow": shadow, "visits": stored_visit_effect(store), "history": list(reversed(models.history))}
    return render_page(request, "model.html", language, **values)


def _report_values(shown_model: ModelReport, language: Language) -> dict[str, Any]:
    """The template values of a model and its evaluation; `report` is None where it was not evaluated."""
    bundle, report = shown_model.bundle, shown_model.evaluation
    plan = bundle.card["plan"]
    # the calibration is fitted on the month ends of the policy sample
    month_ends = {**plan["month_ends"], "calibration": plan["month_ends"]["policy"]}
    return {
        "model": bundle,
        "folds": [
            {
                "name": name,
                "first": min(month_ends[name]),
                "last": max(month_ends[name]),
                "households": plan["households"][name],
                **bundle.card["folds"][name],
            }
            for name in FOLDS
        ],
        "chosen": _threshold_choice(bundle.policy.chosen_by, bundle.policy.terms, language),
        "report": report,
        "grouped": [(by, list(rows)) for by, rows in groupby(report["fairness"], lambda row: row["by"])]
        if report
        else [],
        "curve": _calibration_chart(report, language) if report else None,
        "contender": lambda code: getattr(compared_model_words(code), language),
        "foretold": lambda figure: getattr(FORETOLD_FIGURES[figure], language),
        "part": lambda by, code: getattr(group_words(by, code), language),
    }


def _threshold_choice(by: str, terms: Mapping[str, Any], language: Language) -> str:
    """How the thresholds were chosen, in a sentence; the bare name of a way that has no words here."""
    match by:
        case "rules_visits":
            values = dict(terms["rules_visits"])
        case "visits":
            values = dict(terms["visits"])
        case "capacity":
            values = {"lit": terms["capacity"]["lit_in_100"], "red": terms["capacity"]["red_in_100"]}
        case "cost":
            values = {"yellow": terms["cost"]["visit_yellow"], "red": terms["cost"]["visit_red"]}
        case _:
            return by
    chosen, budget = WORDS[f"chosen_{by}"].format(**values), terms.get("budget")
    if by == "rules_visits" and budget and budget["lit"] < values["lit"]:
        within = WORDS["chosen_budget"].format(**budget)
        chosen = Bilingual(chosen.zh + within.zh, f"{chosen.en} {within.en}")
    return str(getattr(chosen, language))


def _calibration_chart(report: Mapping[str, Any], language: Language) -> Markup:
    points = [(point["predicted"], point["observed"]) for point in report["calibration"]["curve"]]
    across, up = (str(getattr(WORDS[name], language)) for name in ("predicted", "observed"))
    text = "; ".join(f"{across} {predicted:.1%}, {up} {observed:.1%}" for predicted, observed in points)
    return calibration_chart(points, text, across, up)
