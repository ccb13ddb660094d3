"""Frames of a snapshot have the columns that their schemas name, with rows and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
import pytest

from features.catalog import OUTPUT_FEATURES
from features.compute import FEATURES_SCHEMA, IDENTITY, STATUS_COLUMNS, features_at, peer_statistics_at, snapshot_at
from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameSchema
from features.snapshot import frame_schemas as schemas
from features.snapshot import sources
from features.snapshot.as_of import Snapshot
from features.snapshot.instalments import instalments_at
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.loan_book import LoanBook
from features.snapshot.members import members_ever_at
from features.snapshot.peer_groups import PEER_SHARES_SCHEMA, with_peer_shares
from features.snapshot.protection import household_claims, household_hardships, household_policies
from tests.features.one_loan import AS_OF, one_loan

ROWS = [one_loan(), DeliveredTables({}, {}, frozenset())]
FUNCTIONS: list[tuple[FrameSchema, Callable[[Snapshot], pl.LazyFrame]]] = [
    (schemas.INSTALMENTS_SCHEMA, lambda snapshot: instalments_at(snapshot.book, AS_OF)),
    (schemas.MEMBERS_SCHEMA, lambda snapshot: members_ever_at(snapshot.versions, AS_OF)),
    (schemas.HOUSEHOLD_POLICIES_SCHEMA, lambda snapshot: household_policies(snapshot.versions, AS_OF, "H1")),
    (schemas.HOUSEHOLD_HARDSHIPS_SCHEMA, lambda snapshot: household_hardships(snapshot.versions, AS_OF, "H1")),
    (schemas.HOUSEHOLD_CLAIMS_SCHEMA, lambda snapshot: household_claims(snapshot.versions, AS_OF, "H1")),
]


def frame_properties(kind: type) -> Iterator[tuple[str, FrameSchema]]:
    """The properties of a class that return a frame, with their schemas."""
    for name, value in vars(kind).items():
        schema = getattr(value.fget, "frame_schema", None) if isinstance(value, property) else None
        if isinstance(schema, FrameSchema):
            yield name, schema


def mismatches(instance: object) -> dict[str, str]:
    """The frame properties of an object that do not have the columns of their schemas, with what is wrong."""
    frames = {name: (schema, getattr(instance, name).lazy()) for name, schema in frame_properties(type(instance))}
    compared = {name: schema.mismatch(frame.collect_schema()) for name, (schema, frame) in frames.items()}
    return {name: mismatch for name, mismatch in compared.items() if mismatch}


@pytest.mark.parametrize("rows", ROWS)
def test_properties_of_a_snapshot_have_the_columns_of_their_schemas(rows: DeliveredTables) -> None:
    snapshot = snapshot_at(AS_OF, rows)
    for instance in (snapshot, snapshot.book, snapshot.versions):
        assert mismatches(instance) == {}
    counts = [len(list(frame_properties(kind))) for kind in (Snapshot, LoanBook, LatestVersions)]
    assert counts == [22, 5, 2]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize(("schema", "frame"), FUNCTIONS)
def test_functions_return_the_columns_of_their_schemas(
    rows: DeliveredTables, schema: FrameSchema, frame: Callable[[Snapshot], pl.LazyFrame]
) -> None:
    assert schema.mismatch(frame(snapshot_at(AS_OF, rows)).collect_schema()) is None


def test_peer_shares_stand_beside_the_columns_of_the_loans() -> None:
    rows = one_loan()
    loans = snapshot_at(AS_OF, rows).open_loans.with_columns(has_gone_bad=pl.lit(False))
    shares = with_peer_shares(loans, peer_statistics_at(AS_OF, rows)).collect_schema()
    assert PEER_SHARES_SCHEMA.mismatch(shares) is None
    assert set(loans.collect_schema()) < set(shares)


@pytest.mark.parametrize("rows", ROWS)
def test_features_have_the_columns_of_the_catalogue(rows: DeliveredTables) -> None:
    assert features_at(AS_OF, rows).schema == FEATURES_SCHEMA.dtypes
    assert list(FEATURES_SCHEMA.columns)[len(IDENTITY) + len(STATUS_COLUMNS) + 2 :] == [
        feature.name for feature in OUTPUT_FEATURES
    ]


def test_each_source_has_the_columns_that_its_features_may_use() -> None:
    snapshot = snapshot_at(AS_OF, one_loan())
    for source in vars(sources).values():
        if isinstance(source, sources.Source) and source.frame is not None:
            assert {source.by, *source.columns} <= set(source.frame(snapshot).collect_schema()), source.name
