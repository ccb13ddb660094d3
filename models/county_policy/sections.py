"""The sections of the policy table: every number that a notice can change, with its meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from features.contract.tables import HardshipCause, PolicyKind
from features.messages import Bilingual
from features.snapshot.life_rules import LifeRules
from models.county_policy.credit_sections import Credit, CreditPlace, Product
from models.county_policy.rating_sections import Points, RatingTable
from models.county_policy.section import Binding, Section
from models.light import Light
from models.toml_tables import Share, StrictModel, Text, Yuan
from models.working_days import WorkingDays, YearNotice

Days = Annotated[int, Field(ge=0, le=3660)]
Count = Annotated[int, Field(ge=0, le=600)]
Age = Annotated[int, Field(ge=0, le=120)]
Rate = Annotated[float, Field(ge=0, le=0.36, allow_inf_nan=False)]


def iso_day(text: str) -> str:
    """A day as the key of a table. Raises ValueError where it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError("应为日期 2025-01-31; expected a day written 2025-01-31") from error


class Lending(Section):
    """The amount and the term that subsidy and fund cover. A loan beyond them gets a note; nothing is rejected."""

    binds: ClassVar[Binding] = "contract"

    limit: Yuan = Field(description="yuan a household may owe with subsidy and compensation")
    longest_months: Count = Field(description="longest term of a loan, months")


class RateCeiling(StrictModel):
    """The highest yearly rates of a loan with subsidy, by its term."""

    one_year: Rate = Field(description="highest yearly rate of a term of up to a year")
    longer: Rate = Field(description="highest yearly rate of a longer term")


class Rates(Section):
    """The rates up to which interest is subsidised. A loan above them gets a note; nothing is rejected."""

    binds: ClassVar[Binding] = "contract"

    ceilings: Mapping[Annotated[str, AfterValidator(iso_day)], RateCeiling] = Field(
        description="by their first day; a loan keeps those of the day it was granted"
    )

    def on(self, granted_on: date) -> tuple[date, RateCeiling] | None:
        """The ceilings of a loan granted on a day, with their first day; None before all of them."""
        days = [day for day in self.ceilings if date.fromisoformat(day) <= granted_on]
        return (date.fromisoformat(max(days)), self.ceilings[max(days)]) if days else None


class Grants(Section):
    """Who is granted a loan, and how often one is given more time. A breach is a note; nothing is rejected."""

    binds: ClassVar[Binding] = "as_of"

    youngest: Age = Field(description="completed years from which the national notice grants")
    granted_to: Age = Field(description="completed years up to which the county grants all")
    oldest: Age = Field(description="completed years up to which the county includes a household")
    renewals: Count = Field(description="how often a loan may be renewed or extended")

    @model_validator(mode="after")
    def _ages_in_order(self) -> Grants:
        if not self.youngest <= self.granted_to <= self.oldest:
            raise ValueError(f"ages {self.youngest}, {self.granted_to}, {self.oldest} do not rise")
        return self


class LightAction(StrictModel):
    """The measure that a light calls for."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")] = Field(description="as files and interfaces write it")
    zh: Text = Field(description="the sentence in Chinese")
    en: Text = Field(description="the sentence in English")

    @property
    def words(self) -> Bilingual:
        """The sentence in Chinese and English."""
        return Bilingual(self.zh, self.en)


class LightActions(Section):
    """The measures that the three lights call for."""

    binds: ClassVar[Binding] = "as_of"

    green: LightAction
    yellow: LightAction
    red: LightAction

    def of(self, light: Light) -> LightAction:
        """The measure of a light."""
        action = getattr(self, light.code)
        assert isinstance(action, LightAction)  # noqa: S101 - the three are declared above
        return action


class Classes(Section):
    """The published matrices by which loans are put into the five classes, and how long restructured ones are watched.

    The watch begins on the first day of repayment after the restructuring; a late due begins it anew.
    """

    binds: ClassVar[Binding] = "as_of"

    matrices: tuple[Literal["rule_2023", "unsecured_small"], ...] = Field(
        strict=False, min_length=1, description="shown for each loan, as far as they were in force"
    )
    watch_months: Count = Field(description="least months for which a restructured loan is watched")
    watch_instalments: Count = Field(description="least dues paid on time in that while; the longer of both counts")

    @model_validator(mode="after")
    def _each_once(self) -> Classes:
        if len(set(self.matrices)) < len(self.matrices):
            raise ValueError(f"a matrix is named twice: {', '.join(self.matrices)}")
        return self


class GroupBounds(Section):
    """Bounds of the lights of villages, townships, banks, products and counties, and of common causes."""

    binds: ClassVar[Binding] = "as_of"

    yellow_above: Share = Field(description="overdue balance / balance above which a group is yellow")
    red_above: Share = Field(description="and red")
    least_loans: Annotated[int, Field(ge=1)] = Field(description="open loans it takes to judge a group")
    chance: Share = Field(
        description="largest probability, corrected for all groups looked at, that is not put down to chance"
    )

    @model_validator(mode="after")
    def _in_order(self) -> GroupBounds:
        if self.yellow_above > self.red_above:
            raise ValueError(f"yellow_above {self.yellow_above} is above red_above {self.red_above}")
        return self


class Fund(Section):
    """The compensation fund: the losses it bears, and from when."""

    binds: ClassVar[Binding] = "as_of"

    share: Share = Field(description="of a loss by force majeure that the fund bears; the bank bears the rest")
    from_days_overdue: Days = Field(description="days past due from which a loan may be compensated")
    products: tuple[Product, ...] = Field(strict=False, description="products it answers for, up to the lending limit")
    causes: tuple[HardshipCause, ...] = Field(strict=False, description="hardships that count as force majeure")
    reaches_term: Share = Field(description="of the loans that go bad, still unpaid on that day; until it is measured")
    accepted: Share = Field(description="of the loans unpaid then, those the fund pays for; until it is measured")
    lost_past_term: Share = Field(description="of them, those never repaid, the fund's among them; until measured")
    months_past_term: Annotated[float, Field(gt=0, le=120)] = Field(
        description="mean months from then until one of these happens; until measured"
    )
    least_cases: Annotated[int, Field(ge=1)] = Field(
        description="cases of the county's own from which it is measured instead"
    )
    balance: Yuan | None = Field(None, description="yuan in the fund at the end of `balance_on`")
    balance_on: date | None = Field(None, description="day of that balance; what is paid later is taken off")

    @model_validator(mode="after")
    def _balance_has_a_day(self) -> Fund:
        if (self.balance is None) != (self.balance_on is None):
            raise ValueError("balance and balance_on go together")
        return self

    @model_validator(mode="after")
    def _accepted_are_lost(self) -> Fund:
        if self.accepted > self.lost_past_term:
            raise ValueError(f"accepted {self.accepted} is above lost_past_term {self.lost_past_term}")
        return self


class Insurance(Section):
    """The hardships that each kind of insurance covers, and how long a claim can be filed."""

    binds: ClassVar[Binding] = "as_of"

    covers: Mapping[PolicyKind, Annotated[tuple[HardshipCause, ...], Field(strict=False)]] = Field(
        description="hardships by kind of policy"
    )
    claim_within_days: Mapping[PolicyKind, Days] = Field(description="latest filing, days after the event")
    dispersion_share: Share = Field(
        description="of claims beyond the year's premiums, borne by the county's risk-dispersion fund"
    )
    premiums: Yuan | None = Field(None, description="yuan of premiums that the insurers took in a year")

    @model_validator(mode="after")
    def _of_the_same_kinds(self) -> Insurance:
        for kind in sorted(set(self.covers) ^ set(self.claim_within_days)):
            raise ValueError(f"{kind} needs a row in covers and one in claim_within_days")
        return self


class Plans(Section):
    """The maturity calendar, and instalment plans for households that are willing but short of money."""

    binds: ClassVar[Binding] = "as_of"

    lists_days_ahead: tuple[Days, ...] = Field(strict=False, min_length=1, description="lists of what falls due within")
    notice_days_ahead: Days = Field(description="days before maturity by which the household is told")
    instalments: Annotated[int, Field(ge=2, le=60)] = Field(description="months of an instalment plan")


class VisitStudy(Section):
    """How it is measured whether visits help: loans on both sides of the yellow threshold, and visits that are drawn.

    Drawn are green loans alone, near the threshold, without a hard rule and not on probation: nobody whom the lights
    send to a household is left unvisited for it.
    """

    binds: ClassVar[Binding] = "as_of"

    margin: Share = Field(description="of a month's newly judged loans, compared on each side of the yellow threshold")
    least_bad: Annotated[int, Field(ge=1)] = Field(description="loans gone bad from which an effect is told")
    drawn_share: Share = Field(description="of green loans near the yellow threshold, visited in a trial; 0 for none")
    drawn_from: Share = Field(description="share of the yellow threshold from which a green loan is near it")
    drawn_months: Annotated[int, Field(ge=1, le=24)] = Field(
        description="months for which a loan keeps its draw, so that those of later months do not blur the comparison"
    )
    seed: Annotated[int, Field(ge=0)] = Field(description="of the draw, with the loan's number and the months")
    drawn_action: LightAction = Field(description="the measure of a loan that is drawn")


class Arrears(Section):
    """What is short and counts as nothing."""

    binds: ClassVar[Binding] = "as_of"

    least: Yuan = Field(description="yuan of principal, or of interest, that may be short without being overdue")


class Cure(Section):
    """How a loan that was bad comes to perform again once its arrears have ended."""

    binds: ClassVar[Binding] = "as_of"

    instalments: Count = Field(description="dues paid on time since then")
    months: Count = Field(description="months since then without a late due; the longer of both counts")


class VisitLimits(Section):
    """How many loans the officers can visit in a month, and when lights that are off it are told.

    Loans that are lit whatever the thresholds are (bad, on probation, under a hard rule) do not count.
    """

    binds: ClassVar[Binding] = "as_of"

    most_lit: Annotated[float, Field(gt=0, le=1)] = Field(description="share of the loans that may be yellow or red")
    above_by: Annotated[float, Field(ge=1, le=10)] = Field(
        description="factor by which lit loans may be above that share before it is told"
    )
    off_by: Annotated[float, Field(ge=1, le=10)] = Field(
        description="factor by which lit loans may be more or fewer than their budget before it is told"
    )


class HolidayNotice(StrictModel):
    """The notice of one year's holidays, for a year that the package chinesecalendar does not have yet."""

    days_off: tuple[date, ...] = Field(strict=False, description="holidays that fall on weekdays")
    make_up_days: tuple[date, ...] = Field(strict=False, description="Saturdays and Sundays that are worked")


class CaseWork(Section):
    """By when a yellow or red loan is visited, who hears of a visit that is late, and what a visit can still prevent.

    Days are working days. The day counts from the first publication of a month with that light.
    """

    binds: ClassVar[Binding] = "as_of"

    red_within: Count = Field(description="working days within which a red loan is visited")
    yellow_within: Count = Field(description="working days within which a yellow loan is called or visited")
    township_after: Count = Field(description="working days past that day from which the township hears of it")
    county_after: Count = Field(description="working days past that day from which the county hears of it")
    full_effect_days: Annotated[int, Field(ge=1, le=365)] = Field(
        description="days to maturity from which a visit can prevent all that it can; fewer count in proportion"
    )
    least_effect: Share = Field(description="what counts of it at or past maturity")
    holidays: Mapping[Annotated[str, Field(pattern=r"^[0-9]{4}$")], HolidayNotice] = Field(
        description="notices of holidays by year, for years that the calendar that ships does not know"
    )

    @model_validator(mode="after")
    def _county_after_township(self) -> CaseWork:
        if self.county_after < self.township_after:
            raise ValueError(f"county_after {self.county_after} is below township_after {self.township_after}")
        return self

    @model_validator(mode="after")
    def _days_of_their_year(self) -> CaseWork:
        for year, notice in self.holidays.items():
            for day in (*notice.days_off, *notice.make_up_days):
                if day.year != int(year):
                    raise ValueError(f"{day} stands under the holidays of {year}")
        return self

    @property
    def working_days(self) -> WorkingDays:
        """The working days, with the county's own notices."""
        notices = {
            int(year): YearNotice(frozenset(notice.days_off), frozenset(notice.make_up_days))
            for year, notice in self.holidays.items()
        }
        return WorkingDays(notices)

    def visit_within(self, light: Light) -> int | None:
        """The working days within which a light calls for a visit; None for green."""
        return {Light.YELLOW: self.yellow_within, Light.RED: self.red_within}.get(light)


CriterionName = Literal["visited", "recovered", "lost", "overdue"]


class Criterion(StrictModel):
    """One criterion of the annual assessment: points run straight from none to all of its weight between two shares."""

    weight: Annotated[int, Field(ge=0, le=100)] = Field(description="points at most")
    none_at: Share = Field(description="share that earns none of them")
    full_at: Share = Field(description="target: the share that earns all of them")

    @model_validator(mode="after")
    def _two_shares(self) -> Criterion:
        if self.none_at == self.full_at:
            raise ValueError(f"none_at and full_at are both {self.full_at}")
        return self

    def points(self, share: float, full_at: float | None = None) -> float:
        """The points of a share. full_at: a target of its own."""
        target = self.full_at if full_at is None else full_at
        return self.weight * min(max((share - self.none_at) / (target - self.none_at), 0.0), 1.0)


class Assessment(Section):
    """The points of banks and townships in the annual assessment. Equal points share a rank."""

    binds: ClassVar[Binding] = "as_of"

    visited: Criterion = Field(description="share of the year's lit loans that were visited")
    recovered: Criterion = Field(description="share of them that were recovered")
    lost: Criterion = Field(description="share of them that went bad")
    overdue: Criterion = Field(description="overdue rate by balance at the end of the year")
    least_loans: Count = Field(description="lit loans that it takes to be ranked")
    least_judged: Share = Field(description="part of the weights that must be judged for points")
    targets: Mapping[str, Mapping[CriterionName, Share]] = Field(
        description="targets of their own, by bank or code of a township"
    )

    @model_validator(mode="after")
    def _sum_to_100(self) -> Assessment:
        total = sum(self.criteria[name].weight for name in self.criteria)
        if total != 100:
            raise ValueError(f"the weights of the criteria sum to {total}, not to 100")
        return self

    @model_validator(mode="after")
    def _targets_on_their_side(self) -> Assessment:
        for group, targets in self.targets.items():
            for name, target in targets.items():
                criterion = self.criteria[name]
                if (target - criterion.none_at) * (criterion.full_at - criterion.none_at) <= 0:
                    raise ValueError(f"the target {target} of {group} for {name} is not beyond none_at on its side")
        return self

    @property
    def criteria(self) -> Mapping[CriterionName, Criterion]:
        """The criteria by name."""
        return {
            "visited": self.visited,
            "recovered": self.recovered,
            "lost": self.lost,
            "overdue": self.overdue,
        }


class CountyPolicy(StrictModel):
    """The policy from the day `since` until the next row of the table.

    A row taken in before `rates`, `arrears`, `cure`, `visits`, `casework`, `assessment` and `credit` were added has no
    ceilings of rates, and the shipped numbers of the rest.
    """

    since: date
    source: Text
    lending: Lending
    rates: Rates = Rates(ceilings={})
    grants: Grants
    arrears: Arrears = Arrears(least=1.0)
    cure: Cure = Cure(instalments=2, months=6)
    visits: VisitLimits = VisitLimits(most_lit=0.3, above_by=1.1, off_by=1.5)
    casework: CaseWork = CaseWork(
        red_within=3,
        yellow_within=15,
        township_after=5,
        county_after=10,
        full_effect_days=30,
        least_effect=0.1,
        holidays={},
    )
    assessment: Assessment = Assessment(
        visited=Criterion(weight=30, none_at=0.0, full_at=0.95),
        recovered=Criterion(weight=30, none_at=0.0, full_at=0.6),
        lost=Criterion(weight=20, none_at=0.3, full_at=0.05),
        overdue=Criterion(weight=20, none_at=0.05, full_at=0.01),
        least_loans=10,
        least_judged=0.5,
        targets={},
    )
    credit: Credit = Credit(
        products={"631": ("microloan",), "1531": ("microloan", "revolving")},
        credit_grades=("excellent", "good"),
        least_households=10,
        least_graded=0.5,
        village=CreditPlace(from_share=0.6, overdue_up_to=0.03),
        township=CreditPlace(from_share=0.6, overdue_up_to=0.03),
    )
    actions: LightActions
    classes: Classes
    groups: GroupBounds
    fund: Fund
    insurance: Insurance
    plans: Plans
    visit_study: VisitStudy
    points: Points
    ratings: Mapping[Literal["631", "1531"], RatingTable]

    def life_rules(self, bad_after_days: int) -> LifeRules:
        """The numbers by which a loan is late, bad and cured. bad_after_days: of the plan."""
        return LifeRules(bad_after_days, self.arrears.least, self.cure.instalments, self.cure.months)

    def binding(self, name: str) -> Binding:
        """What a number binds, by its section. name: dotted, as `lending.limit`."""
        section, key, *_ = name.split(".")
        numbers = getattr(self, section)
        return numbers.binds if isinstance(numbers, Section) else numbers[key].binds

    @property
    def version(self) -> str:
        """Eight hexadecimal digits of a hash of all its numbers.

        Those of case work, of the annual assessment and of credit villages do not count, since they change no light and
        no action; those of the study of visits count while loans are drawn for it.
        """
        without = {"casework", "assessment", "credit"} | (set() if self.visit_study.drawn_share else {"visit_study"})
        return hashlib.sha256(self.model_dump_json(exclude=without).encode()).hexdigest()[:8]
