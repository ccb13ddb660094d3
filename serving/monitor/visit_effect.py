"""Whether visits helped: published lights, visits of cases and labels, of months whose labels are mature.

`lights cases effect` measures it and stores what came of it in the data folder; the page of the model and the API show
what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from features.atomic_files import write_text
from features.bad_spells import bad_spells, with_next_bad_on
from features.messages import Bilingual, UserError
from features.snapshot.life_rules import LifeRules
from features.stored_files import read_stored_json
from models.county_policy.sections import VisitStudy
from models.policy import Policy
from models.visit_effect.effect_sentences import (
    MARGIN_WORDS,
    NO_MATURED_MONTH,
    NO_TRIAL,
    TRIAL_WORDS,
    effect_sentence,
)
from models.visit_effect.estimates import VisitEstimate, margin_estimate, trial_estimate
from models.visit_effect.outcome_rates import outcome_rates
from models.visit_effect.visited_loans import (
    LIGHTS_AND_LABELS_SCHEMA,
    VISITED_LOANS_SCHEMA,
    LightWindow,
    visited_loans,
)
from serving.monitor.outcomes_check import data_end, month_label
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository

FILE = "visit_effect.json"
"""In the data folder: what was measured last."""
GROUP_WORDS = {
    (True, True): Bilingual("亮灯，已走访", "lit, visited"),
    (True, False): Bilingual("亮灯，未走访", "lit, not visited"),
    (False, True): Bilingual("绿灯，已走访", "green, visited"),
    (False, False): Bilingual("绿灯，未走访", "green, not visited"),
}
DEFINITION = Bilingual(
    "一次走访计入某月的灯：在该月首次发布之日或之后，预测期结束之日或之前，且早于该笔贷款变坏之日。"
    "以该月首次发布的灯为准；一笔贷款每月计一次。各组之差不是走访的效果，因为走访谁由信贷员决定。",
    "A visit counts for a month's light from the day on which the month was first published to the last day of the "
    "horizon, and before the day on which the loan goes bad. The lights are those first published; a loan counts once "
    "a month. Groups do not differ by visits alone: officers choose whom they visit.",
)


@dataclass(frozen=True)
class VisitEffectReport:
    """What was measured of visits.

    measured_at: when. data_version: of the ledger. months: those counted. left_out: other published months, and why.
    rates: rows of `outcome_rates`. margin, trial: the estimates; None where nothing is compared. sentences: what they
    say.
    """

    measured_at: str
    data_version: str
    months: Sequence[str]
    left_out: Mapping[str, str]
    rates: Sequence[Mapping[str, Any]]
    margin: VisitEstimate | None
    trial: VisitEstimate | None
    sentences: Sequence[Bilingual]

    def as_json(self) -> dict[str, Any]:
        """The report in JSON values, with the words of groups and the definition of a visit that counts."""
        rates = [{**row, **_words(GROUP_WORDS[row["lit"], row["visited"]])} for row in self.rates]
        sentences = [_words(sentence) for sentence in self.sentences]
        return {**asdict(self), "rates": rates, "sentences": sentences, "definition": _words(DEFINITION)}


def measure_visit_effect(store: DataFolder, visits: pl.DataFrame, measured_at: datetime) -> VisitEffectReport:
    """Measure what visits did to the loans of all published months whose labels are mature.

    Args:
        store: the data folder: published months, models, ledger.
        visits: of all cases, in the columns of `VISITS_SCHEMA`.
        measured_at: with a time zone, for the report.

    Returns:
        Rates by light and visit, the comparison at the yellow threshold, and that of a trial where one was held. The
        numbers of the study are those in force in the newest month counted; the draw is that of each month.
    """
    months: list[str] = []
    left_out: dict[str, str] = {}
    frames: list[pl.DataFrame] = []
    spells: dict[LifeRules, pl.DataFrame] = {}
    study: VisitStudy | None = None
    for month in first_editions(store):
        window = label_window(store, month)
        if isinstance(window, str):
            left_out[str(month.as_of)] = window
            continue
        rules = month.life_rules
        if rules not in spells:
            spells[rules] = bad_spells(store.ledger.tables(), rules)
        policy, study = policy_of_model(store, month), month.policy.visit_study
        loans = lights_and_labels(month, spells[rules], policy)
        frames.append(visited_loans(loans, visits, window, policy, study))
        months.append(str(month.as_of))
    rows = pl.concat(frames) if frames else VISITED_LOANS_SCHEMA.empty()
    measured = _estimates(rows, study)
    return VisitEffectReport(
        measured_at.isoformat(timespec="seconds"),
        store.ledger.data_version,
        months,
        left_out,
        outcome_rates(rows).to_dicts(),
        *measured,
        list(_sentences(*measured, study)),
    )


def first_editions(store: DataFolder) -> Iterator[PublishedMonth]:
    """The first edition of each published month, the oldest month first: the lights that officers were sent out by.

    Raises UserError where a month cannot be read.
    """
    repository = MonthRepository(store)
    for as_of in reversed(repository.months()):
        yield repository.editions(as_of)[0]


def label_window(store: DataFolder, month: PublishedMonth) -> LightWindow | str:
    """The days on which a visit counts for a month's lights; where the month is left out, why."""
    label, published_on = month_label(store, month), month.published_on
    if label is None:
        return "no_model"
    if month.manifest.shadow:
        return "model_in_shadow"
    if not label.is_mature(data_end(store.ledger)):
        return "not_mature"
    if published_on > label.ends_on:
        return "published_after_horizon"
    try:
        policy_of_model(store, month)
    except UserError:
        return "model_not_stored"
    return LightWindow(month.as_of, published_on, label.ends_on)


def policy_of_model(store: DataFolder, month: PublishedMonth) -> Policy:
    """The thresholds of the model that scored a month. Raises UserError where the model is not stored."""
    return store.models.bundle(int(month.manifest.model_version.partition("-")[0])).policy


def lights_and_labels(month: PublishedMonth, spells: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The loans that a model scored in a month, with the day they are bad next, in LIGHTS_AND_LABELS_SCHEMA.

    Loans that, by data that came later, were bad at the month's end are left out.
    """
    rows = month.scan("warnings").filter(pl.col("probability").is_not_null()).collect()
    is_hard = pl.col("rules").list.eval(pl.element().struct.field("hard")).list.any().fill_null(False)
    labelled = with_next_bad_on(rows.with_columns(is_hard.alias("has_hard_rule")), spells, month.as_of)
    names = [name for name in LIGHTS_AND_LABELS_SCHEMA.columns if name not in policy.group_columns]
    texts = pl.col("light", "previous_light", "status").cast(pl.String)
    return labelled.select(*names, *policy.group_columns).with_columns(texts)


def save_visit_effect(store: DataFolder, report: VisitEffectReport) -> None:
    """Store a report for the page and the API."""
    write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1), store.folder / FILE)


def stored_visit_effect(store: DataFolder) -> dict[str, Any] | None:
    """What was measured last; None where nothing was. Raises UserError where it cannot be read."""
    path = store.folder / FILE
    return read_stored_json(path, dict) if path.exists() else None


def _estimates(rows: pl.DataFrame, study: VisitStudy | None) -> tuple[VisitEstimate | None, VisitEstimate | None]:
    if study is None:
        return None, None
    has_trial = not rows["drawn"].is_null().all()
    return (
        margin_estimate(rows, study.least_bad),
        trial_estimate(rows, study.least_bad) if has_trial else None,
    )


def _sentences(
    margin: VisitEstimate | None, trial: VisitEstimate | None, study: VisitStudy | None
) -> Iterator[Bilingual]:
    if study is None or margin is None:
        yield NO_MATURED_MONTH
        return
    yield effect_sentence(MARGIN_WORDS, margin, study.least_bad)
    yield effect_sentence(TRIAL_WORDS, trial, study.least_bad) if trial else NO_TRIAL


def _words(text: Bilingual) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
