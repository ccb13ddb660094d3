"""News in words: which light moved to which, by what, and what became known of the household since the month."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from features.catalog import FEATURES
from features.delivery.file_tables import table_names
from features.messages import Bilingual
from models.light import LACKS, LIGHT_WORDS
from serving.batch import news_cause as causes
from serving.explain.sentences import Row, render_warnings
from serving.explain.status_sentences import STATUS_WORDS
from serving.months.edition import PublishedMonth
from serving.months.news_days import as_warnings
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.news import LoanNews, NewFact

_END_WORDS: Mapping[str, Bilingual] = {
    "repaid": Bilingual("贷款已还清", "the loan is repaid"),
    "settled": Bilingual("贷款已结清", "the loan is settled"),
    "renewed": Bilingual("贷款已续贷，原贷款结清", "the loan was renewed by another one"),
    "compensated": Bilingual("贷款已由风险补偿金代偿", "the loan was compensated by the fund"),
    "written_off": Bilingual("贷款已核销", "the loan was written off"),
}
_CAUSE_WORDS: Mapping[str, Bilingual] = {
    causes.NEW_LOAN: Bilingual("新发放的贷款", "a new loan"),
    causes.PAYMENTS_AWAITED: Bilingual(
        f"{LACKS['payments'].zh}，送达前不能判断是否逾期",
        f"{LACKS['payments'].en}: until they come nobody knows whether it is in arrears",
    ),
    causes.PAYMENTS_CAME: Bilingual("银行的还款已送达", "the payments of the bank have come"),
    causes.THRESHOLDS: Bilingual(
        "风险越过亮灯界限，非单一事实所致", "the risk has crossed a threshold, by no single fact"
    ),
    causes.DAYS: Bilingual("没有新的事实，只因日期推移", "no new fact: only days have passed"),
}
_NO_LOAN, _CLOSED = Bilingual("新增", "new"), Bilingual("结清", "closed")
_MOVE = Bilingual("{before} → {light}：{cause}", "{before} → {light}: {cause}")


def render_news(news: pl.DataFrame, features: pl.DataFrame, day: PublishedMonth) -> list[LoanNews]:
    """The news of a day with their sentences in both languages.

    Args:
        news: rows in the columns of NEWS_SCHEMA.
        features: the day's features of at least the loans that are open.
        day: the day, whose rules and policy the sentences come from.

    Returns:
        One piece of news for each row, in their order.

    Raises:
        KeyError: where `features` lacks one of the open loans.
    """
    open_news = as_warnings(news)
    facts = features.join(open_news.select("loan_id"), on="loan_id", how="semi")
    values = {row["loan_id"]: row for row in facts.to_dicts()}
    warnings = {each.loan_id: each for each in render_warnings(open_news, facts, day)}
    return [_loan_news(row, warnings.get(row["loan_id"]), values.get(row["loan_id"]), day) for row in news.to_dicts()]


def render_fact(fact: Row) -> NewFact:
    """A new fact with its sentence, such as `payments 2026-07-12 (known 2026-07-13)`; fact: a row of NEW_FACT."""
    name = table_names()[fact["table"]]
    day = f" {fact['happened_on']}" if fact["happened_on"] else ""
    return NewFact(
        **fact, zh=f"{name.zh}{day}（{fact['known_on']} 获知）", en=f"{name.en}{day} (known {fact['known_on']})"
    )


def _loan_news(row: Row, warning: LoanWarning | None, values: Row | None, day: PublishedMonth) -> LoanNews:
    cause = _cause_sentence(row["cause"], warning, values, day)
    before = LIGHT_WORDS[row["before"]] if row["before"] else _NO_LOAN
    light = LIGHT_WORDS[row["light"]] if row["light"] else _CLOSED
    names = (name for name in LoanNews.model_fields if name in row)
    return LoanNews(
        **{name: row[name] for name in names if name not in ("facts", "data_version")},
        id=f"{row['as_of']}.{day.edition}.{row['loan_id']}",
        facts=[render_fact(fact) for fact in row["facts"]],
        data_version=day.manifest.data_version,  # a closed loan has no warning that names it
        zh=_MOVE.zh.format(before=before.zh, light=light.zh, cause=cause.zh),
        en=_MOVE.en.format(before=before.en, light=light.en, cause=cause.en),
        cause_zh=cause.zh,
        cause_en=cause.en,
        action_zh=warning.action_zh if warning else None,
        action_en=warning.action_en if warning else None,
    )


def _cause_sentence(cause: str, warning: LoanWarning | None, values: Row | None, day: PublishedMonth) -> Bilingual:
    """The sentence of a cause; warning, values: the loan's warning and features on the day, None where it is closed."""
    kind, _, name = cause.partition(":")
    if kind == causes.CLOSED:
        return _END_WORDS[name]
    if kind in _CAUSE_WORDS or warning is None or values is None:
        return _CAUSE_WORDS.get(kind, _CAUSE_WORDS[causes.THRESHOLDS])
    if kind == causes.RULE:
        fired = next(rule for rule in warning.rules if rule.id == name)
        return Bilingual(f"{name} {fired.zh}", f"{name} {fired.en}")
    if kind == causes.RULE_OVER:
        return _ended_rule(name, values, day)
    if kind == causes.STATUS:
        words, since = STATUS_WORDS[name], Bilingual(warning.status_zh or "", warning.status_en or "")
        return Bilingual(f"转为{words.zh}：{since.zh}".rstrip("：。"), f"now {words.en}: {since.en}".rstrip(": ."))
    change = next((each for each in warning.changes if each.feature == name), None)
    return Bilingual(change.zh, change.en) if change else _CAUSE_WORDS[causes.THRESHOLDS]


def _ended_rule(name: str, values: Row, day: PublishedMonth) -> Bilingual:
    """A rule that fires no more, with today's values of what it compares."""
    rule = day.manifest.rules.get(name)
    features = [FEATURES[each] for each in (rule["features"] if rule else ()) if each in FEATURES]
    texts = [(each.label, each.unit.text(values[each.name])) for each in features]
    zh = "，".join(f"{label.zh} {text.zh}" for label, text in texts)
    en = ", ".join(f"{label.en} {text.en}" for label, text in texts)
    return Bilingual(f"规则 {name} 不再触发：{zh}".rstrip("："), f"rule {name} fires no more: {en}".rstrip(": "))
