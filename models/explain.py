"""Reasons of a probability: exact SHAP contributions, the largest of each topic, beside the township's medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.compute import NOT_FEATURES
from features.frame_schema import FrameColumn, FrameSchema, returns
from models.boosting import matrix
from models.bundle import Contributions
from models.disclosure import DisclosureRows
from models.feature_topics import TOPICS
from models.list_columns import as_lists
from models.raw_score import Floats, ModelColumn

Positions = npt.NDArray[np.int64]

REASONS_SHOWN = 5
REASON = pl.Struct(
    {
        "feature": pl.String,
        "value": pl.Float64,
        "value_code": pl.String,
        "typical": pl.Float64,
        "typical_code": pl.String,
        "contribution": pl.Float64,
    }
)
REASONS_SCHEMA = FrameSchema(
    {
        "reasons": FrameColumn(
            pl.List(REASON),
            "At most five features, one a topic: first those that raise the risk, then those that lower it, each by"
            " size. Numbers are in `value`, codes in `value_code`; `typical` is the township's median or mode.",
        ),
        "base_value": FrameColumn(pl.Float64(), "Calibrated log-odds of the average training row."),
    }
)
TOWNSHIP_MEDIANS_SCHEMA = FrameSchema(
    {"township_code": FrameColumn(pl.String(), "Code of the township.")},
    extra="each feature's median, or mode where it is a code",
)
CONTRIBUTIONS_SCHEMA = FrameSchema(
    {
        "feature": FrameColumn(pl.String(), "Name of the feature."),
        "contribution": FrameColumn(pl.Float64(), "Its contribution in calibrated log-odds."),
    },
    extra="for each key of `inputs` a column of that name with numbers, and `<key>_code` with codes",
)
_AFTER_ALL_RAISING = 1e6
"""Sort key beyond that of any contribution that raises the risk."""
_MODELS_CACHED = 8
_COUNTY = pl.col("township_code").str.head(6)
_NO_TOWNSHIP = -1


@returns(REASONS_SCHEMA)
def reasons(townships: pl.Series, medians: pl.DataFrame, contributions: Contributions) -> pl.DataFrame:
    """The reasons of each row's probability.

    Args:
        townships: the township code of each row.
        medians: one row a township, as `township_medians` gives them; missing values for any other township.
        contributions: of the same rows (`Bundle.explain`).

    Returns:
        One row for each: `reasons`, a list of at most five REASON, those that raise the risk first, and `base_value`,
        both in calibrated log-odds. All contributions of a row, listed or not, and its base value sum to its log-odds.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.explain import reasons, township_medians
        >>> from models.registry import ModelStore
        >>> loans = features_at(date(2025, 12, 31), Ledger(data / "ledger").tables())
        >>> explained = ModelStore(data / "models").champion.explain(loans)
        >>> rows = reasons(loans["township_code"], township_medians(loans), explained)
        >>> rows.columns, rows.height == loans.height, rows["reasons"].list.len().max()
        (['reasons', 'base_value'], True, 5)
    """
    by_column, columns = contributions.by_column, contributions.columns
    row_of_township = {code: row for row, code in enumerate(medians["township_code"])}
    median_rows, of_row = np.unique(
        [row_of_township.get(code, _NO_TOWNSHIP) for code in townships], return_inverse=True
    )
    has_medians = median_rows != _NO_TOWNSHIP
    typical = np.full((len(median_rows), len(columns)), np.nan)
    typical[has_medians] = matrix(medians[median_rows[has_medians]], columns)
    inputs = {"value": contributions.inputs, "typical": typical[of_row]}
    largest_columns = largest_column_by_topic(by_column, columns)
    largest = np.take_along_axis(by_column, largest_columns, axis=1)
    sort_keys = np.where(largest > 0, -largest, _AFTER_ALL_RAISING + largest)
    order = np.argsort(np.where(largest == 0, np.inf, sort_keys), axis=1, kind="stable")
    positions = np.take_along_axis(largest_columns, order[:, :REASONS_SHOWN], axis=1)
    lists = contribution_lists(positions, by_column, columns, inputs).cast(pl.List(REASON)).alias("reasons")
    return lists.to_frame().with_columns(pl.lit(contributions.base).alias("base_value"))


class AreaDisclosure(NamedTuple):
    """Which figures of townships and of counties may be told."""

    townships: DisclosureRows
    counties: DisclosureRows

    @staticmethod
    def of(loans: pl.DataFrame) -> AreaDisclosure:
        """Of loans with DISCLOSURE_COLUMNS."""
        return AreaDisclosure(DisclosureRows(loans, pl.col("township_code")), DisclosureRows(loans, _COUNTY))


@returns(TOWNSHIP_MEDIANS_SCHEMA)
def township_medians(features: pl.DataFrame, disclosure: AreaDisclosure | None = None) -> pl.DataFrame:
    """The median of each number and the most frequent value of each code, by township.

    A figure of a township that may not be told (`models.disclosure`) is that of its county, and missing where that may
    not be told either.

    Args:
        features: of loans, with `township_code`.
        disclosure: of the same loans; without it `features` has DISCLOSURE_COLUMNS.

    Returns:
        One row a township, sorted: `township_code` and each feature.

    Example:
        >>> import polars as pl
        >>> from models.explain import township_medians
        >>> households = [f"H{number}" for number in range(6)]
        >>> loans = pl.DataFrame({"household_id": households, "savings": [1.0, 2.0, 9.0, 2.0, 0.0, 4.0]})
        >>> of = {"bank": "Rural Bank", "township_code": "640323100", "village_code": "640323100001"}
        >>> township_medians(loans.with_columns(pl.lit(value).alias(name) for name, value in of.items())).rows()
        [('640323100', 2.0, 'Rural Bank')]
    """
    names = [name for name in features.columns if name not in NOT_FEATURES]
    schema = features.schema
    values = [median_or_mode(name, schema[name]) for name in names]
    told = AreaDisclosure.of(features) if disclosure is None else disclosure
    of_townships = features.group_by("township_code").agg(values).sort("township_code")
    codes = of_townships["township_code"]
    tellable = {name: told.townships.tellable(features[name]) for name in names}
    # Many features are known of the same loans, and so are told of the same townships: one series stands for them.
    groups_told = {id(groups): groups for groups in tellable.values()}
    hidden_of = {key: ~codes.is_in(groups.implode()).fill_null(False) for key, groups in groups_told.items()}
    hidden = {name: hidden_of[id(groups)] for name, groups in tellable.items() if hidden_of[id(groups)].any()}
    if not hidden:
        return of_townships
    of_counties = features.group_by(_COUNTY.alias("county")).agg(median_or_mode(n, schema[n]) for n in hidden)
    of_county = of_townships.select(_COUNTY.alias("county")).join(
        of_counties, on="county", how="left", maintain_order="left"
    )
    is_told = {n: of_county["county"].is_in(told.counties.tellable(features[n]).implode()) for n in hidden}
    return of_townships.with_columns(
        pl.when(~is_hidden).then(of_townships[name]).when(is_told[name]).then(of_county[name]).alias(name)
        for name, is_hidden in hidden.items()
    )


def median_or_mode(name: str, dtype: pl.DataType) -> pl.Expr:
    """The expression of a column's median or, for a code, its most frequent value.

    Args:
        name: of the column.
        dtype: its type; numeric for a number.

    Returns:
        The expression, under the column's name. Of several most frequent codes it takes the first in their order.

    Example:
        >>> import polars as pl
        >>> from models.explain import median_or_mode
        >>> loans = pl.DataFrame({"savings": [1.0, 2.0, 9.0], "product": ["other", "microloan", "other"]})
        >>> loans.select(median_or_mode(name, dtype) for name, dtype in loans.schema.items()).row(0)
        (2.0, 'other')
    """
    column = pl.col(name)
    return column.median() if dtype.is_numeric() else column.drop_nulls().mode().sort().first()


def largest_column_by_topic(contributions: Floats, columns: Sequence[ModelColumn]) -> Positions:
    """The column of each topic with the largest contribution of either sign.

    Args:
        contributions: rows x columns.
        columns: the model's.

    Returns:
        Rows x topics of positions among the columns, topics in the order in which columns first have them.

    Example:
        >>> import numpy as np
        >>> from models.raw_score import ModelColumn
        >>> from models.explain import largest_column_by_topic
        >>> columns = [ModelColumn(name, 0) for name in ("days_past_due", "overdue_amount", "savings")]
        >>> largest_column_by_topic(np.array([[0.1, -0.4, 0.2]]), columns).tolist()
        [[1, 2]]
    """
    by_topic: dict[str, list[int]] = {}
    for position, column in enumerate(columns):
        by_topic.setdefault(TOPICS[column.name], []).append(position)
    largest = [np.array(at)[np.abs(contributions[:, at]).argmax(axis=1)] for at in by_topic.values()]
    return np.stack(largest, axis=1)


def contribution_lists(
    positions: Positions, contributions: Floats, columns: Sequence[ModelColumn], inputs: Mapping[str, Floats]
) -> pl.Series:
    """For each row a list of structs about some of its columns.

    Args:
        positions: rows x ranks, of the columns to list; those that contribute 0 are not listed.
        contributions: rows x columns.
        columns: the model's.
        inputs: matrices of rows x columns by the name of the field.

    Returns:
        As many lists as rows; the structs' fields are the columns of `contribution_table`.

    Example:
        >>> import numpy as np
        >>> from models.raw_score import ModelColumn
        >>> from models.explain import contribution_lists
        >>> columns, values = [ModelColumn("savings", -1)], np.array([[500.0]])
        >>> contribution_lists(np.array([[0]]), np.array([[-0.2]]), columns, {"value": values}).to_list()
        [[{'feature': 'savings', 'value': 500.0, 'value_code': None, 'contribution': -0.2}]]
    """
    return lists_of_contributing(
        positions, contributions, lambda rows, at: contribution_table(rows, at, contributions, columns, inputs)
    )


def lists_of_contributing(
    positions: Positions, contributions: Floats, table_of: Callable[[Positions, Positions], pl.DataFrame]
) -> pl.Series:
    """For each row a list of structs about those of the given columns that contribute, by any function.

    Args:
        positions: rows x ranks, of the columns.
        contributions: rows x columns.
        table_of: from rows and positions, as many of each, to a frame with a row for each pair.

    Returns:
        As many lists as rows; the structs are the rows of that frame.

    Example:
        >>> import numpy as np
        >>> import polars as pl
        >>> from models.explain import lists_of_contributing
        >>> positions, contributions = np.array([[0, 1], [1, 0]]), np.array([[0.3, 0.0], [0.1, 0.2]])
        >>> lists_of_contributing(positions, contributions, lambda rows, at: pl.DataFrame({"at": at})).to_list()
        [[{'at': 0}], [{'at': 1}, {'at': 0}]]
    """
    rows = np.repeat(np.arange(len(positions)), positions.shape[1])
    is_contributing = contributions[rows, positions.ravel()] != 0
    return as_lists(
        table_of(rows[is_contributing], positions.ravel()[is_contributing]).to_struct(),
        is_contributing.reshape(positions.shape).sum(axis=1),
    )


@returns(CONTRIBUTIONS_SCHEMA)
def contribution_table(
    rows: Positions,
    positions: Positions,
    contributions: Floats,
    columns: Sequence[ModelColumn],
    inputs: Mapping[str, Floats],
) -> pl.DataFrame:
    """Feature, inputs and contribution of each pair of a row and a column.

    Args:
        rows: of the pairs.
        positions: of their columns, as many.
        contributions: rows x columns.
        columns: the model's.
        inputs: matrices of rows x columns by name.

    Returns:
        One row for each pair: `feature`, then for each key of `inputs` a column of that name, which holds numbers, and
        `<key>_code`, which holds codes, then `contribution`.

    Example:
        >>> import numpy as np
        >>> from models.raw_score import ModelColumn
        >>> from models.explain import contribution_table
        >>> columns = [ModelColumn("product", 0, ("microloan", "other"))]
        >>> first = np.array([0])
        >>> contribution_table(first, first, np.array([[0.3]]), columns, {"value": np.array([[1.0]])}).row(0)
        ('product', None, 'other', 0.3)
    """
    lookup = _ColumnLookup.of(tuple(columns))
    fields = {"feature": lookup.names.gather(pl.Series(positions))}
    for name, input_matrix in inputs.items():
        input_values, is_code = input_matrix[rows, positions], lookup.is_code[positions]
        is_level = is_code & ~np.isnan(input_values)
        levels = np.where(
            is_level, lookup.first_level[positions] + np.where(is_level, input_values, 0), lookup.no_level
        )
        fields[name] = pl.Series(np.where(is_code, np.nan, input_values)).fill_nan(None)
        fields[f"{name}_code"] = lookup.levels.gather(pl.Series(levels.astype(np.int64)))
    return pl.DataFrame({**fields, "contribution": contributions[rows, positions]})


class _ColumnLookup(NamedTuple):
    """The model's columns by position: their names, which are codes, and where their levels begin among all levels.

    no_level: the position of null among the levels.
    """

    names: pl.Series
    is_code: npt.NDArray[np.bool_]
    first_level: Positions
    levels: pl.Series
    no_level: int

    @staticmethod
    @lru_cache(_MODELS_CACHED)
    def of(columns: tuple[ModelColumn, ...]) -> _ColumnLookup:
        """The lookup of a model's columns. Cached: for a few rows building it takes longest."""
        counts = np.array([len(column.levels) for column in columns])
        levels = [level for column in columns for level in column.levels]
        return _ColumnLookup(
            pl.Series([column.name for column in columns], dtype=pl.String),
            counts > 0,
            np.cumsum(counts) - counts,
            pl.Series([*levels, None], dtype=pl.String),
            len(levels),
        )
