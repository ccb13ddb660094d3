"""News between month ends: all open loans judged again as of a day, and those whose light has moved.

Lights are computed by the code of the monthly run, of all loans: days pass for every loan, so that a light may move
without a new fact, and only so are the news of a month's last day those of its own run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from features.atomic_files import exclusive_lock, replace_link, scratch_folder, sync
from features.ledger.new_facts import new_facts
from features.messages import UserError
from features.months import COUNTY_ZONE, is_month_end
from serving.batch.inputs import HOUSEHOLDS_IN_PART, RunSpec, day_run_spec, open_context, published_run_spec
from serving.batch.news_cause import IS_ABOUT_PAYMENTS, PAYMENTS
from serving.batch.news_rows import loan_news
from serving.batch.parquet import write_edition_file
from serving.batch.plan import stages_for
from serving.batch.publish import EditionFiles, prepare_staging, write_edition
from serving.batch.replay import Replay, compare_frames
from serving.batch.run import (
    ReportProgress,
    ThisProcess,
    one_task_per_county,
    published_figures,
    refuse_full_disk,
    run_provenance,
    run_tasks,
)
from serving.months.data_folder import DataFolder
from serving.months.edition import DAY_PREFIX, EDITION_PREFIX, PublishedMonth, edition_numbers, unchecked_rows
from serving.months.manifest import EDITION_FORMAT, Manifest, write_manifest
from serving.months.news_days import NewsRepository, day_folder_name, lights_before
from serving.months.repository import MonthRepository

_JUDGED_DAYS = 2
"""Days of which all warnings and features are kept: the newest, and one that may still be read."""
NEWS_FILE = "news/news.parquet"
_FEATURES_FILE = "news_features/news.parquet"


@dataclass(frozen=True)
class NewsFacts:
    """What the manifest of a day says of its news.

    rows: loans whose light has moved, that are new, or that are closed. moves: how many by `before>light`, `new` and
    `closed` for the missing one, without those in `payments`, which moved since a bank's payments are not there, or are
    there again. judged: open loans. households: those with a new fact since the month. awaiting:
    by bank, the loans that fell due since its newest payments. days: the earlier days of news, with their editions.
    """

    rows: int
    moves: Mapping[str, int]
    payments: int
    judged: int
    households: int
    awaiting: Mapping[str, int]
    days: tuple[tuple[str, int], ...]


def watch(
    data_folder: DataFolder,
    as_of: date,
    watched_by: str,
    watched_at: datetime,
    report_progress: ReportProgress,
    households_in_part: int = HOUSEHOLDS_IN_PART,
) -> Manifest:
    """Judge all open loans as of a day after the newest published month, and publish whose light has moved since.

    The month stays as it is. Lights are compared with those of the news before that day, else with the month's, by the
    model that the month was published with. A day that is watched again gets another edition with all its news.

    Args:
        data_folder: with a published month.
        as_of: a day after the newest published month; rows known later are left out.
        watched_by: who began the run, for the manifest.
        watched_at: when the run began, for the manifest.
        report_progress: called after each task with the number of its loans and a line to print.
        households_in_part: counties with more borrowing households are computed in blocks of as many.

    Returns:
        The manifest of the day, whose `news` is a NewsFacts. Where all inputs equal those of the day's edition, nothing
        is computed. Finished tasks of a killed run with equal inputs are not computed again.

    Raises:
        UserError: where no month is published, the day is not after it, before the newest news or has not come, no
            loan is open, rules or model cannot be read, another run is watching, or the disk takes no more. Earlier
            news stay.

    Example:
        >>> from datetime import UTC, date, datetime
        >>> from serving.batch.news_run import watch
        >>> from serving.months.data_folder import DataFolder
        >>> watch(DataFolder(data), date(2025, 12, 31), "clerk", datetime.now(UTC), lambda loans, line: None)
        Traceback (most recent call last):
        ...
        features.messages.UserError: 2025-12-31 已发布；... / 2025-12-31 is published; ...
    """
    month = MonthRepository(data_folder).month().without_scope()
    staging = data_folder.news_days / day_folder_name(as_of) / ".making"
    with refuse_full_disk(staging, as_of), _lock(data_folder):
        news = NewsRepository(data_folder).days_since(month)
        _check_day(as_of, month, news, watched_at.astimezone(COUNTY_ZONE).date())
        spec = day_run_spec(data_folder, month, as_of, staging / "tables", households_in_part)
        earlier = [day for day in news if day.as_of < as_of]
        current = _current(data_folder, as_of)
        if current and current.manifest.inputs == _digest(spec, earlier) and current.is_whole:
            shutil.rmtree(staging, ignore_errors=True)
            return current.manifest
        prepare_staging(staging, data_folder, spec)
        stages = stages_for(open_context(spec).ledger, households_in_part)
        records = run_tasks(stages, spec, staging, ThisProcess(), report_progress)
        files = write_edition(one_task_per_county(stages), staging)
        if not files.rows:
            shutil.rmtree(staging, ignore_errors=True)
            raise UserError(f"截至 {as_of} 没有已知的未结贷款。", f"No open loan is known by {as_of}.")
        provenance = {
            "scored_at": watched_at.isoformat(timespec="seconds"),
            "scored_by": watched_by,
            "model_refused": None,
            **run_provenance(spec, records),
            "inputs": _digest(spec, earlier),
            "county_figures": published_figures(stages, staging),
        }
        manifest = _publish(data_folder, spec, staging, files, earlier, provenance)
        shutil.rmtree(staging, ignore_errors=True)
        _remove_old_days(data_folder)
        return manifest


def _check_day(as_of: date, month: PublishedMonth, news: list[PublishedMonth], today: date) -> None:
    """Raises UserError for a day that is published, lies before the newest news, or has not come."""
    if as_of <= month.as_of:
        raise UserError(
            f"{month.as_of} 已发布；预警动态从其后一日开始，请用更晚的日期。",
            f"{month.as_of} is published; news begin on the day after it: use a later day.",
        )
    if as_of > today:
        raise UserError(
            f"{as_of} 尚未到来（今天是 {today}），当日的还款无从得知；请用今天或更早的日期。",
            f"{as_of} has not come (today is {today}), and nobody knows what is paid by then: use today or an earlier "
            "day.",
        )
    if news and news[-1].as_of > as_of:
        newest = news[-1].as_of
        raise UserError(
            f"已有 {newest} 的预警动态，其后的动态以它为起点；请用该日或更晚的日期，迟到的事实会列入该日。",
            f"There are news of {newest} already, and later news follow them: use that day or a later one; facts that "
            "came late are told then.",
        )


def _digest(spec: RunSpec, earlier: list[PublishedMonth]) -> str:
    """The digest of the inputs, with the editions of earlier news, which the news of the day are compared with."""
    return "-".join((spec.digest, *(f"{day.as_of}.{day.edition}" for day in earlier[-1:])))


def _lock(data_folder: DataFolder) -> AbstractContextManager[None]:
    """One run at a time: the news of a day follow those of the days before."""
    busy = UserError("另一个 lights watch 正在运行；请稍后再试。", "Another lights watch is running; try again later.")
    return exclusive_lock(data_folder.news_days / "lock", busy)


def _current(data_folder: DataFolder, as_of: date) -> PublishedMonth | None:
    repository = NewsRepository(data_folder)
    return repository.day(as_of) if as_of in repository.days() else None


def _publish(
    data_folder: DataFolder,
    spec: RunSpec,
    staging: Path,
    files: EditionFiles,
    earlier: list[PublishedMonth],
    provenance: Mapping[str, Any],
) -> Manifest:
    """Publish the day that lies in the staging folder: all its loans, then its news, which name the edition."""
    judged = staging / "edition"
    warnings, facts, news = _news_of(spec, judged, earlier)
    awaiting = warnings.filter(pl.col("incomplete").list.contains(PAYMENTS))["bank"].cast(pl.String).value_counts()
    told = NewsFacts(
        rows=news.height,
        moves=_moves(news.filter(~IS_ABOUT_PAYMENTS)),
        payments=news.filter(IS_ABOUT_PAYMENTS).height,
        judged=warnings.height,
        households=facts["household_id"].n_unique(),
        awaiting=dict(sorted(awaiting.rows())),
        days=tuple((day.as_of.isoformat(), day.edition) for day in earlier),
    )
    edition = staging / "news_edition"
    shutil.rmtree(edition, ignore_errors=True)
    features = pl.scan_parquet(sorted((judged / "features").glob("*.parquet")), glob=False)
    frames = {
        NEWS_FILE: news,
        _FEATURES_FILE: features.join(news.lazy().select("loan_id"), on="loan_id", how="semi").collect(),
    }
    checksums = {name: write_edition_file([frame], edition / name) for name, frame in frames.items()}
    number = max(edition_numbers(staging.parent), default=0) + 1
    shared = {**provenance, "as_of": spec.as_of.isoformat(), "edition": number, "format": EDITION_FORMAT}
    shared |= {"lights": files.lights, "news": asdict(told)}
    all_loans = Manifest(rows=files.rows, checksums=files.checksums, loan_checks=files.loan_checks, **shared)
    _move_edition(judged, all_loans, staging, data_folder.judged_days)
    only_news = Manifest(rows=news.height, checksums=checksums, **shared)
    final = _move_edition(edition, only_news, staging, data_folder.news_days)
    replace_link(data_folder.news / staging.parent.name, final / "news")
    return only_news


def _news_of(
    spec: RunSpec, judged: Path, earlier: list[PublishedMonth]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """All warnings of a judged day, the facts since the month, and the news that follow from both and earlier news."""
    context = open_context(spec)
    month = context.previous_month
    assert month is not None  # noqa: S101 - news follow a month
    warnings = pl.scan_parquet(sorted((judged / "warnings").glob("*.parquet")), glob=False).collect()
    facts = new_facts(context.ledger, month.manifest.data_version, month.as_of, spec.as_of)
    before, rules_decide = lights_before(month, earlier), spec.shadow or spec.model is None
    news = loan_news(warnings, before, facts, context.ledger, month.as_of, spec.as_of, rules_decide)
    return warnings, facts, news


def replay_day(data_folder: DataFolder, as_of: date, report_progress: ReportProgress) -> Replay:
    """Compute the news of a day again from the data, rules, model, month and earlier news that they name.

    Args:
        data_folder: with the news.
        as_of: a day of news.
        report_progress: called after each task with the number of its loans and a line to print.

    Returns:
        The difference between the news and what is computed now, of the kind `news`. Nothing is stored.

    Raises:
        UserError: there are no news of the day, or one of their inputs is no longer there.
    """
    repository, day = NewsRepository(data_folder), NewsRepository(data_folder).day(as_of)
    spec = published_run_spec(data_folder, day, HOUSEHOLDS_IN_PART)
    earlier = [
        repository.edition(date.fromisoformat(each), number) for each, number in (day.manifest.news or {})["days"]
    ]
    if not is_month_end(as_of):
        spec = replace(spec, news=tuple((each.as_of.isoformat(), each.edition) for each in earlier))
    with scratch_folder(day.folder.with_name(f".replaying-{day.folder.name}")) as staging:
        stages = stages_for(open_context(spec).ledger, HOUSEHOLDS_IN_PART)
        run_tasks(stages, spec, staging, ThisProcess(), report_progress)
        write_edition(one_task_per_county(stages), staging)
        _, _, news = _news_of(spec, staging / "edition", earlier)
        difference = compare_frames(unchecked_rows(day.folder, "news", as_of).collect(), news, "loan_id")
    is_equal = not (difference.columns or difference.only_published or difference.only_replayed)
    return Replay(as_of, day.edition, news.height, {} if is_equal else {"news": difference})


def _move_edition(edition: Path, manifest: Manifest, staging: Path, target: Path) -> Path:
    """Complete an edition's folder and move it below the day's folder in `target`; returns where it is."""
    shutil.copytree(staging / "tables", edition / "tables")
    write_manifest(manifest, edition)
    final = target / staging.parent.name / f"{EDITION_PREFIX}{manifest.edition}"
    final.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(final, ignore_errors=True)  # of a run that was killed between its two editions
    edition.rename(final)
    for folder in (final, *(path for path in final.iterdir() if path.is_dir()), final.parent):
        sync(folder)
    return final


def _moves(news: pl.DataFrame) -> dict[str, int]:
    """How many loans moved from which light to which."""
    pair = pl.concat_str(pl.col("before").fill_null("new"), pl.col("light").fill_null("closed"), separator=">")
    return dict(sorted(news.group_by(pair.alias("move")).len().rows()))


def _remove_old_days(data_folder: DataFolder) -> None:
    """Remove the warnings and features of all but the newest days; their news stay."""
    days = sorted(data_folder.judged_days.glob(f"{DAY_PREFIX}*"))
    for folder in days[:-_JUDGED_DAYS]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in days[-_JUDGED_DAYS:]:
        for number in edition_numbers(folder)[:-_JUDGED_DAYS]:
            shutil.rmtree(folder / f"{EDITION_PREFIX}{number}", ignore_errors=True)
