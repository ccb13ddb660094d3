"""Features as of a day: `features_at` gives those of loans, `household_facts` those of households, borrowers or not.

There is no other way to a feature.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from graphlib import TopologicalSorter

import polars as pl

from features.catalog import FEATURES, OUTPUT_FEATURES
from features.declare import Feature, Window
from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES, LifeRules
from features.snapshot.loans import HOUSEHOLD_COLUMNS
from features.snapshot.peer_groups import PEER_COLUMNS, PeerStatistics, peer_statistics, with_peer_shares
from features.snapshot.sources import HOUSEHOLD_OPEN_LOANS, NEIGHBOURS, Source
from features.units import YUAN
from features.variant_tables import COUNTY_DIGITS, side_by_side, split_by_variant, variant_county

IDENTITY = ("loan_id", "household_id", "county_code", "township_code", "village_code")
STATUS_COLUMNS = (
    *("status", "bad_since", "bad_by", "bad_due_on"),
    *("arrears_ended_on", "probation_until", "probation_dues_left"),
)
NOT_FEATURES = frozenset({*IDENTITY, "originated_on", *STATUS_COLUMNS, "has_gone_bad"})
"""The columns of a feature frame that are no features."""
_IS_BAD = (pl.col("status") == "bad").alias("has_gone_bad")
FEATURES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "household_id": FrameColumn(pl.String(), "Identifier of its household."),
        "county_code": FrameColumn(pl.String(), "County of the household, six digits."),
        "township_code": FrameColumn(pl.String(), "Township of the household, nine digits."),
        "village_code": FrameColumn(pl.String(), "Village of the household, twelve digits."),
        "originated_on": FrameColumn(pl.Date(), "Day on which the loan was paid out."),
        "status": FrameColumn(pl.String(), "performing, probation or bad (contract, section 2)."),
        "bad_since": FrameColumn(pl.Date(), "First day of its last time bad; null where it never was."),
        "bad_by": FrameColumn(pl.String(), "What made it bad then: principal, interest or event; null likewise."),
        "bad_due_on": FrameColumn(pl.Date(), "Day on which the arrears that made it bad fell due; null by an event."),
        "arrears_ended_on": FrameColumn(pl.Date(), "Day on which its arrears ended then; null where they have not."),
        "probation_until": FrameColumn(pl.Date(), "First day on which probation may end; null unless on probation."),
        "probation_dues_left": FrameColumn(pl.Int64(), "Dues still to be paid on time; null unless on probation."),
        "has_gone_bad": FrameColumn(pl.Boolean(), "Whether the loan is bad at as_of."),
        **{
            feature.name: FrameColumn(
                pl.String() if feature.is_code else pl.Float64(), f"{feature.label.en} ({feature.unit.name})."
            )
            for feature in OUTPUT_FEATURES
        },
    }
)
HOUSEHOLD_FACTS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "Identifier of the household."),
        "county_code": FrameColumn(pl.String(), "Its county, six digits; null where no village of it is known."),
        "township_code": FrameColumn(pl.String(), "Its township, nine digits; null likewise."),
        "village_code": FrameColumn(pl.String(), "Its village, twelve digits; null likewise."),
        "household_type": FrameColumn(pl.String(), "As in table households."),
        "loan_id": FrameColumn(pl.String(), "A loan that counts for its facts; null where it has none."),
    },
    extra="the features asked for, as FEATURES_SCHEMA has them",
)
HOUSEHOLDS_PER_BLOCK = 50_000
"""Households that are read and computed together, so that memory does not grow with their number."""
_DELIVERIES_IN_MEMORY = 256
_FEWEST_VARIANTS = 2
"""One alone takes what it shares with the household as it is from the cache."""


class Population(StrEnum):
    """The loans to compute: all open ones, or the cohort (open, and not bad by what was known)."""

    OPEN = "open"
    COHORT = "cohort"


@dataclass(frozen=True, eq=False)
class _SourceFeatures:
    """The features of one source, and the expressions that compute them, built once.

    frame: the source's rows. windows: for each window, which rows lie in it. values: the features of a group of rows.
    has_rows: for each window, whether the group has a row in it. results: the features of each loan, with their
    `when_empty` where the group has no row in the window.
    """

    source: Source
    frame: Callable[[Snapshot], pl.LazyFrame]
    windows: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]
    has_rows: tuple[pl.Expr, ...]
    results: tuple[pl.Expr, ...]

    @staticmethod
    def build(
        source: Source, frame: Callable[[Snapshot], pl.LazyFrame], features: Sequence[Feature]
    ) -> _SourceFeatures:
        every = {feature.window.name: feature.window for feature in features}.values()
        return _SourceFeatures(
            source=source,
            frame=frame,
            windows=tuple(window.holds.alias(window.name) for window in every if window.holds is not None),
            values=tuple(map(_value, features)),
            has_rows=()
            if source.one_row
            else tuple(
                (pl.len() > 0 if window.holds is None else pl.col(window.name).any()).alias(
                    _has_rows_column(source, window)
                )
                for window in every
            ),
            results=tuple(_result(feature, source) for feature in features),
        )

    def aggregate(self, snapshot: Snapshot) -> pl.LazyFrame:
        """`values` and `has_rows` of each loan or household that has a row, with its number."""
        by, rows = self.source.by, self.frame(snapshot)
        if self.windows:
            rows = rows.with_columns(self.windows)
        if self.source.one_row:
            return rows.select(by, *self.values)
        return rows.group_by(by).agg(*self.values, *self.has_rows)

    def join_to(self, loans: pl.LazyFrame, snapshot: Snapshot) -> pl.LazyFrame:
        """`loans` with the columns of `aggregate`, null where the loan or household has no row."""
        if not snapshot.versions.tables.empty_tables.isdisjoint(self.source.tables):
            return loans.with_columns(_null_values(self))
        return loans.join(self.aggregate(snapshot), on=self.source.by, how="left", maintain_order="left")

    @property
    def household_results(self) -> tuple[pl.Expr, ...]:
        """`results` for rows of households; what is summed over a household's loans is 0 for one without any."""
        if self.source is not HOUSEHOLD_OPEN_LOANS:
            return self.results
        has_loan = pl.col("loan_id").is_not_null()
        return tuple(
            pl.when(has_loan).then(result).otherwise(0).alias(result.meta.output_name()) for result in self.results
        )

    def cached_results(self, open_loans: Callable[[], pl.DataFrame], snapshot: Snapshot) -> pl.DataFrame:
        """`results` alone for the open loans, in their order, cached with the snapshot."""

        def query() -> pl.LazyFrame:
            """The open loans' `results`."""
            tables = (self.source.tables,) if self.source.tables else ()
            loans = open_loans().lazy().with_columns(_delivered_flag(names, snapshot) for names in tables)
            return self.join_to(loans, snapshot).select(self.results)

        return snapshot.versions.cached_frame(f"features of {self.source.name}", query)


@cache
def _null_values(source_features: _SourceFeatures) -> tuple[pl.Expr, ...]:
    """Nulls in the columns and types of `aggregate`, for a source with a table that has no row."""
    no_rows = DeliveredTables({}, {}, frozenset())
    schema = source_features.aggregate(snapshot_at(date.max, no_rows)).collect_schema()
    return tuple(pl.lit(None, kind).alias(name) for name, kind in schema.items() if name != source_features.source.by)


def _value(feature: Feature) -> pl.Expr:
    """A feature's formula; money is rounded to a ten-thousandth of a fen: no order of rows or threads can change it."""
    value = feature.value.round(6) if feature.unit is YUAN else feature.value
    return value.alias(feature.name)


def _told_value(feature: Feature) -> pl.Expr:
    """A feature as it is told: money to the fen, after all that is computed of it."""
    if feature.is_code:
        return pl.col(feature.name)
    value = pl.col(feature.name).cast(pl.Float64)
    return value.round(6).round(2) if feature.unit is YUAN else value


def _has_rows_column(source: Source, window: Window) -> str:
    return f"{source.name} {window.name}"


def _result(feature: Feature, source: Source) -> pl.Expr:
    """A feature of each loan: its value, or `when_empty` where there is no row in the window."""
    value = pl.col(feature.name)
    if source.one_row or (feature.when_empty is None and feature.window.holds is None):
        return value
    with_rows = pl.when(pl.col(_has_rows_column(source, feature.window))).then(value)
    if feature.when_empty is None:
        return with_rows.alias(feature.name)
    delivered = pl.col(_delivered_column(source.tables)) if source.tables else pl.lit(True)
    return with_rows.when(delivered).then(pl.lit(feature.when_empty)).alias(feature.name)


def _delivered_flag(tables: tuple[str, ...], snapshot: Snapshot) -> pl.Expr:
    """Whether the loan's county had delivered all these tables by as_of.

    It separates "no rows" (a count of 0) from "not delivered" (missing).
    """
    snapshot.versions.cache.record_dependency(*tables)
    counties = (snapshot.versions.tables.counties_with(table, snapshot.as_of) for table in tables)
    return _county_in_all(*counties).alias(_delivered_column(tables))


def _delivered_column(tables: tuple[str, ...]) -> str:
    return " and ".join((*tables, "delivered"))


@lru_cache(_DELIVERIES_IN_MEMORY)
def _county_in_all(*counties: tuple[str, ...]) -> pl.Expr:
    """Whether a loan's county is in all of these; null where its county is not known."""
    return pl.all_horizontal(pl.col("county_code").is_in(each) for each in counties)


def _features_by_source(features: Collection[Feature]) -> list[_SourceFeatures]:
    sources = {feature.source.name: feature.source for feature in features if feature.source}
    return [
        _SourceFeatures.build(source, source.frame, [feature for feature in features if feature.source is source])
        for _, source in sorted(sources.items())
        if source.frame
    ]


def _derivation_steps(features: Collection[Feature]) -> list[list[pl.Expr]]:
    """Formulas of derived features in steps, each of which needs the steps before it alone."""
    order = TopologicalSorter({feature.name: feature.inputs for feature in features})
    order.prepare()
    steps = []
    while order.is_active():
        ready = order.get_ready()
        steps.append([FEATURES[name].value.alias(name) for name in ready if FEATURES[name].inputs])
        order.done(*ready)
    return [step for step in steps if step]


_SOURCE_FEATURES = _features_by_source(FEATURES.values())
_OPTIONAL_TABLES = dict.fromkeys(each.source.tables for each in _SOURCE_FEATURES if each.source.tables)
_IDENTITY_COLUMNS = [*map(pl.col, (*IDENTITY, "originated_on", *STATUS_COLUMNS, "has_gone_bad"))]
_PEER_FEATURES = [_value(feature) for feature in FEATURES.values() if feature.source is NEIGHBOURS]
_DERIVATION_STEPS = _derivation_steps(FEATURES.values())
_OUTPUT_COLUMNS = [
    *_IDENTITY_COLUMNS,
    *map(_told_value, OUTPUT_FEATURES),
]


@returns(FEATURES_SCHEMA)
def features_at(
    as_of: date,
    tables: DeliveredTables,
    loans: Population = Population.OPEN,
    rules: LifeRules = SHIPPED_RULES,
    peers: PeerStatistics | None = None,
) -> pl.DataFrame:
    """Features of the open loans at the end of a day, from what was known by then.

    Args:
        as_of: the day, the last of a month. Rows known, and days that came, after it change nothing.
        tables: the delivered rows, of a ledger (`Ledger.tables`) or of frames (`DeliveredTables.from_frames`).
        loans: all open loans, or the cohort: those of them that have not gone bad.
        rules: of late, bad and cured, as of the day.
        peers: for the rows of a single household, the statistics of the loans around it (`peer_statistics_at` of all
            rows); where its rows differ from those counted in them, the statistics without it
            (`PeerStatistics.without`). None where `tables` hold all loans.

    Returns:
        One row for each loan, sorted by loan_id: IDENTITY, `originated_on`, STATUS_COLUMNS, `has_gone_bad`, and all
        features but the steps, in the order of the catalogue, in the units of CATALOG.md. Numbers are Float64, codes
        String, missing values null.

    Raises:
        FrameMismatchError: where `tables` hold a column in another type than the contract's.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> features = features_at(date(2025, 12, 31), Ledger(data / "ledger").tables())
        >>> features.columns[:2], features["loan_id"].is_sorted(), features["days_past_due"].dtype
        (['loan_id', 'household_id'], True, Float64)
    """
    blocks = tables.household_blocks(HOUSEHOLDS_PER_BLOCK)
    features = _features_of((snapshot_at(as_of, block, rules) for block in blocks), tables, peers)
    return features if loans is Population.OPEN else features.filter(~pl.col("has_gone_bad"))


@returns(FEATURES_SCHEMA)
def snapshot_features(snapshot: Snapshot, peers: PeerStatistics | None = None) -> pl.DataFrame:
    """Features of all open loans of a snapshot (`snapshot_at`), as `features_at` gives them.

    What else is computed from the snapshot reads its rows no second time. It has the rows of all its households in
    memory: of a large county it is one of a block (`DeliveredTables.household_blocks`).
    """
    return _features_of([snapshot], snapshot.versions.tables, peers)


def _features_of(snapshots: Iterable[Snapshot], tables: DeliveredTables, peers: PeerStatistics | None) -> pl.DataFrame:
    """Features of the open loans of snapshots of different households; tables: of all of them."""
    frames, bank_payments = [], []
    for snapshot in snapshots:
        frames.append(_own_features(snapshot))
        if peers is None:
            bank_payments.append(snapshot.versions.tables.collect(snapshot.bank_payments))
    own = frames[0] if len(frames) == 1 else pl.concat(frames).sort("loan_id")
    if peers is None:
        peers = peer_statistics(own).with_bank_payments(pl.concat(bank_payments))
    return tables.collect(_all_features(own, peers))


@returns(FEATURES_SCHEMA)
def household_features(snapshot: Snapshot, peers: PeerStatistics) -> pl.DataFrame:
    """Features of the open loans of one household, as `features_at` gives them.

    The features of each source are cached with the snapshot: at a second call, or for a snapshot with more rows
    (`Snapshot.with_added_rows`), only those that depend on changed tables are computed.
    """
    own = _cached_own_features(snapshot)
    return snapshot.versions.tables.collect(_all_features(own, peers))


def features_of_variants(variants: Sequence[Snapshot], household: str, peers: PeerStatistics) -> list[pl.DataFrame]:
    """Features of one household under several suppositions, each as `household_features` gives them, in one pass.

    Args:
        variants: its snapshots on one day under one set of rules (`Snapshot.with_added_rows`).
        household: its identifier.
        peers: the statistics of the loans around it, without its own.

    Returns:
        A frame of FEATURES_SCHEMA for each variant, in their order.
    """
    county = _county_of(variants[0].versions.tables, household) if len(variants) >= _FEWEST_VARIANTS else None
    if county is None:
        return [household_features(each, peers) for each in variants]
    tables = side_by_side([each.versions.tables for each in variants], household, county)
    own = _own_features(snapshot_at(variants[0].as_of, tables, variants[0].rules))
    of_variants = peers.copied_to([variant_county(number) for number in range(len(variants))])
    return split_by_variant(tables.collect(_all_features(own, of_variants)), len(variants), county)


def _county_of(tables: DeliveredTables, household: str) -> str | None:
    """The county of the household in all its versions; None where it was in several, or shares rows with others."""
    if tables.reassigned_households.get(household):
        return None
    codes = tables.collect(tables["households"].select(pl.col("village_code").str.head(COUNTY_DIGITS)))
    counties = set(codes.to_series())
    return counties.pop() if len(counties) == 1 else None


@returns(HOUSEHOLD_FACTS_SCHEMA)
def household_facts(snapshot: Snapshot, facts: Collection[Feature]) -> pl.DataFrame:
    """Facts of households, borrowers or not, by the same declarations as those of loans.

    Args:
        snapshot: of every household (`every_household_at`).
        facts: the features asked for; none that compares a loan with those around it (source NEIGHBOURS).

    Returns:
        One row for each loan that counts (`Snapshot.counted_loans`), and one for a household without such a loan,
        sorted by household_id and loan_id. The values are those of `features_at`. Without a loan that counts, what is
        summed over a household's loans is 0, and a feature of a loan has its value of a loan without rows in the
        window, or is missing.

    Example:
        >>> from datetime import date
        >>> from features.compute import every_household_at, household_facts
        >>> from features.income import income_per_head
        >>> from features.ledger.ledger import Ledger
        >>> snapshot = every_household_at(date(2025, 12, 31), Ledger(data / "ledger").tables())
        >>> facts = household_facts(snapshot, [income_per_head])
        >>> facts.columns[-1], bool(facts["loan_id"].is_null().any())
        ('income_per_head', True)
    """
    sources, steps = _sources_and_steps(frozenset(fact.name for fact in facts))
    counted = snapshot.counted_loans.select("loan", "household", "loan_id")
    households = snapshot.versions.newest("households").select(*HOUSEHOLD_COLUMNS)
    rows = (
        snapshot.versions.households.join(households, on="household", how="left")
        .join(counted, on="household", how="left")
        .with_columns(_delivered_flag(tables, snapshot) for tables in _OPTIONAL_TABLES)
    )
    for source_features in sources:
        rows = source_features.join_to(rows, snapshot)
    results = [result for source_features in sources for result in source_features.household_results]
    rows = rows.select(*HOUSEHOLD_FACTS_SCHEMA.columns, *results)
    for formulas in steps:
        rows = rows.with_columns(formulas)
    told = rows.select(*HOUSEHOLD_FACTS_SCHEMA.columns, *map(_told_value, facts))
    return snapshot.versions.tables.collect(told.sort("household_id", "loan_id"))


@cache
def _sources_and_steps(names: frozenset[str]) -> tuple[list[_SourceFeatures], list[list[pl.Expr]]]:
    """The sources and formulas that some features need, those of their inputs included."""
    wanted, asked = set[str](), set(names)
    while asked:
        wanted |= asked
        asked = {needed for name in asked for needed in FEATURES[name].inputs} - wanted
    features = [feature for name, feature in FEATURES.items() if name in wanted]
    return _features_by_source(features), _derivation_steps(features)


def every_household_at(as_of: date, tables: DeliveredTables, rules: LifeRules = SHIPPED_RULES) -> Snapshot:
    """The snapshot at the end of `as_of` of every household, also of those that never had a loan."""
    return Snapshot(LatestVersions(tables, as_of, every_household=True), as_of, rules)


def peer_statistics_at(as_of: date, tables: DeliveredTables, rules: LifeRules = SHIPPED_RULES) -> PeerStatistics:
    """The statistics of all open loans, which `features_at` needs to compute a single household."""
    loans, bank_payments = [], []
    for block in tables.household_blocks(HOUSEHOLDS_PER_BLOCK):
        snapshot = snapshot_at(as_of, block, rules)
        loans.append(snapshot.open_loans.with_columns(_IS_BAD).select(PEER_COLUMNS).collect())
        bank_payments.append(snapshot.bank_payments.collect())
    return peer_statistics(pl.concat(loans)).with_bank_payments(pl.concat(bank_payments))


def snapshot_at(as_of: date, tables: DeliveredTables, rules: LifeRules = SHIPPED_RULES) -> Snapshot:
    """The snapshot at the end of `as_of` of the households that still borrow."""
    return Snapshot(LatestVersions(tables, as_of, only_borrowing=True), as_of, rules)


def _own_features(snapshot: Snapshot) -> pl.DataFrame:
    """For each open loan, the features that follow from its own household's rows, sorted by loan_id."""
    flags = (_delivered_flag(tables, snapshot) for tables in _OPTIONAL_TABLES)
    loans = _open_loans(snapshot).with_columns(flags)
    for source_features in _SOURCE_FEATURES:
        loans = source_features.join_to(loans, snapshot)
    results = (result for source_features in _SOURCE_FEATURES for result in source_features.results)
    return snapshot.versions.tables.collect(loans.select(*_IDENTITY_COLUMNS, *results).sort("loan_id"))


def _cached_own_features(snapshot: Snapshot) -> pl.DataFrame:
    """Like `_own_features`, with each source's columns cached, and concatenated."""

    def open_loans() -> pl.DataFrame:
        """The open loans with `has_gone_bad`, by loan_id; each source asks anew, to depend on their tables."""
        return snapshot.versions.cached_frame("open loans", lambda: _open_loans(snapshot).sort("loan_id"))

    results = (source_features.cached_results(open_loans, snapshot) for source_features in _SOURCE_FEATURES)
    return pl.concat([open_loans().select(_IDENTITY_COLUMNS), *results], how="horizontal")


def _open_loans(snapshot: Snapshot) -> pl.LazyFrame:
    """The open loans with their status."""
    return snapshot.open_loans.select(*IDENTITY, "originated_on", *STATUS_COLUMNS, _IS_BAD, "loan", "household")


def _all_features(own: pl.DataFrame, peers: PeerStatistics) -> pl.LazyFrame:
    """The loans' own features with the peer shares and the derived features, in the columns of FEATURES_SCHEMA."""
    if not peers.includes_own:
        peers = peers.with_loans(own)
    features = with_peer_shares(own.lazy(), peers)
    for formulas in (_PEER_FEATURES, *_DERIVATION_STEPS):
        features = features.with_columns(formulas)
    return features.select(_OUTPUT_COLUMNS)
