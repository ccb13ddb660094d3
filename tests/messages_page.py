"""The pages of messages, docs/reference/messages.md and messages.en.md: `python -m tests.messages_page` writes them.

Messages with a code come from their declarations. Refusals and the reasons of rows are the sentences in the code
itself, read from its syntax trees: a placeholder stands for what the sentence names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from features.completeness import REMEDY
from features.console import Language
from features.loading.quarantine_list import KIND_REMEDIES as QUARANTINE_REMEDIES
from features.loading.quarantine_list import KIND_WORDS as QUARANTINE_WORDS
from features.loan_checks import LOAN_CHECKS
from features.messages import Bilingual
from models.light import LACKS, LACKS_REMEDIES
from models.validation_messages import MESSAGES
from serving.monitor.finding import KIND_REMEDIES, KIND_WORDS
from training.gate_criteria import CRITERIA_REMEDIES

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
PAGES: tuple[tuple[Path, Language], ...] = ((FOLDER / "messages.md", "zh"), (FOLDER / "messages.en.md", "en"))
_HEADS: dict[Language, str] = {
    "zh": """# 消息与处理办法

由 `python -m tests.messages_page` 依消息的声明生成，请勿手改。`{…}` 处为具体的文件、列、数值等。先列有代码的消息，
再列行的退回原因，最后列命令和网页拒绝时的话。命令被拒绝时退出码为 1；装载时被拒绝的文件整个不装入，其他文件照常装入。
""",
    "en": """# Messages, and what to do

Written by `python -m tests.messages_page` from the declarations of the messages; do not edit. `{...}` stands for the
file, column or value that is meant. First come the messages with a code, then the reasons for which rows are set aside,
then the sentences of refusals. A command that refuses ends with exit code 1; of a file that `lights load` refuses
nothing is loaded, while other files are.
""",
}
_REFUSALS: Mapping[str, tuple[Bilingual, tuple[str, ...]]] = {
    "deliveries": (Bilingual("装载与列映射", "Loading and column maps"), ("features/delivery", "features/loading")),
    "data": (
        Bilingual("数据文件夹、台账与特征", "Data folder, ledger and features"),
        ("features", "features/contract", "features/ledger", "features/snapshot"),
    ),
    "months": (
        Bilingual("评灯、已发布的月份与解释", "Scoring, published months and explanations"),
        ("serving/batch", "serving/months", "serving/explain", "serving/explain/what_if", "models/tree_shap"),
    ),
    "tables": (
        Bilingual("规则、政策与模型文件", "Rules, policy and files of models"),
        ("models", "models/county_policy", "models/traffic_light", "models/rating"),
    ),
    "training": (
        Bilingual("训练、评判与模拟", "Training, evaluation and simulation"),
        ("training", "training/evaluation", "training/simulate"),
    ),
    "reports": (
        Bilingual("报表、监测与网页上的清单", "Reports, monitor and lists of the pages"),
        ("serving/reports", "serving/monitor", "serving/portfolio", "serving/household_ledger"),
    ),
    "people": (
        Bilingual("登录、账户、处置单与通讯录", "Sign-in, accounts, cases and address book"),
        ("serving/access", "serving/audit", "serving/cases", "serving/contacts"),
    ),
    "service": (
        Bilingual("服务、上传、作业、网页与接口", "Service, uploads, jobs, pages and interface"),
        (
            "serving",
            "serving/http",
            "serving/pages",
            "serving/api",
            "serving/uploads",
            "serving/jobs",
            "serving/database",
            "serving/webhooks",
        ),
    ),
    "commands": (
        Bilingual("备份、检查与演示", "Backup, verification and demo"),
        ("serving/cli", ""),
    ),
}
"""The chapters of refusals, with the folders whose sentences they hold; "" is lights.py."""
_ROW_REASONS = (
    "features/contract/validation.py",
    "features/contract/pseudonym.py",
    "features/delivery/cell_values.py",
    "features/loading/before_drawdown.py",
    "features/loading/reconcile.py",
)
"""Modules whose sentences say why a row is set aside."""
_DONE = re.compile(r" -> |全角|半角|千分位|略去|序号|代码用词|去掉|日期写作|空值记号|数字写法|单元格中的单位")
"""What says how a cell was read, not why it was refused."""
_LISTED = ("features/completeness.py", "features/loading/inbox.py", "features/loading/load_report.py")
"""Modules whose sentences are told of a delivery as a whole."""
_VERIFIED = ("serving/cli/verify.py", "serving/audit/chain.py")
"""Modules whose sentences say what is damaged."""


def page(language: Language) -> str:
    """The whole page in one language."""
    chapters = [*_coded_chapters(language), *_row_chapters(language), *_refusal_chapters(language)]
    return "\n".join([_HEADS[language], *chapters])


def coded_messages() -> Iterator[tuple[str, Bilingual, Bilingual | None]]:
    """Every message that has a code, with its words and what to do."""
    for _, _, messages in _coded_groups():
        yield from ((code, *texts) for code, texts in messages.items())


def _coded_chapters(language: Language) -> Iterator[str]:
    for title, about, messages in _coded_groups():
        yield from _chapter(title, about, language)
        yield from _table_of(messages, language)


CodedMessages = Mapping[str, tuple[Bilingual, Bilingual | None]]


def _coded_groups() -> tuple[tuple[Bilingual, Bilingual, CodedMessages], ...]:
    """The chapters of messages with a code: title, where they are told, and by code their words and what to do."""
    return (
        (
            Bilingual("贷款核对 L101 至 L108", "Checks of whole loans, L101 to L108"),
            Bilingual(
                "装载和评灯时显示，附贷款编号；这些行已装入，灯照常计算。",
                "Told by `lights load` and `lights score` with the loans; the rows are loaded, lights are set.",
            ),
            {check.id: (check.message, check.remedy) for check in LOAN_CHECKS},
        ),
        (
            Bilingual("隔离区的类别", "Kinds of rows in quarantine"),
            Bilingual("见 `lights quarantine`。", "See `lights quarantine`."),
            {kind: (words, QUARANTINE_REMEDIES[kind]) for kind, words in QUARANTINE_WORDS.items()},
        ),
        (
            Bilingual("一笔贷款所缺的资料", "What a loan lacks"),
            Bilingual("显示在农户说明上。", "Shown on the household's sheet."),
            {code: (words, LACKS_REMEDIES[code]) for code, words in LACKS.items()},
        ),
        (
            Bilingual("监测的发现", "Findings of the monitor"),
            Bilingual(
                "`lights monitor` 显示的代码为“类别:对象”，如 `late:assets:640323`；已查明的用 "
                "`lights monitor --acknowledge 代码 --reason 原因` 确认。",
                "`lights monitor` shows the kind and what it is about, such as `late:assets:640323`; one that is known "
                "is acknowledged by `lights monitor --acknowledge CODE --reason REASON`.",
            ),
            {kind: (words, KIND_REMEDIES[kind]) for kind, words in KIND_WORDS.items()},
        ),
        (
            Bilingual("关口的条目", "Criteria of the gate"),
            Bilingual(
                "见 `lights gate`；界限在关口文件中。", "See `lights gate`; the bounds stand in the gate's file."
            ),
            {id_: (words, CRITERIA_REMEDIES[id_.split(".")[0]]) for id_, words in gate_criteria()},
        ),
        (
            Bilingual("取值有误", "Values that are wrong"),
            Bilingual(
                "用于方案、规则、政策等 TOML 文件，命令行选项和接口的请求；前面是所指的项。按所说的写法改正。",
                "Of plans, rules, policy and other TOML files, options of commands and requests, after the name of the "
                "value; write it as it says.",
            ),
            {kind: (words, None) for kind, words in MESSAGES.items()},
        ),
    )


def _table_of(rows: CodedMessages, language: Language) -> Iterator[str]:
    columns = Bilingual("| 代码 | 消息 |", "| code | message |")
    has_remedy = any(remedy for _, remedy in rows.values())
    yield getattr(columns, language) + ((" 处理 |" if language == "zh" else " what to do |") if has_remedy else "")
    yield "|---|---|---|" if has_remedy else "|---|---|"
    for code, (words, remedy) in rows.items():
        done = f" {shown_text(remedy, language)} |" if remedy else ""
        yield f"| `{code}` | {shown_text(words, language)} |{done}"
    yield ""


def _row_chapters(language: Language) -> Iterator[str]:
    about = Bilingual(
        "逐格核对时的原因，连同文件、行、列和原值列在隔离区。",
        "Reasons of single cells; quarantine lists them with file, line, column and value.",
    )
    yield from _chapter(Bilingual("行的退回原因", "Why a row is set aside"), about, language)
    sentences = [
        each for file in _ROW_REASONS for each in sentences_in(file, ("Bilingual",)) if not _DONE.search(each.zh)
    ]
    yield from _list_of(sentences, language)
    about = Bilingual(
        f"整个文件或整月的问题。当月送达不全时：{REMEDY.zh}。",
        f"About a file or the month as a whole. Where the deliveries of a month are incomplete: {REMEDY.en}.",
    )
    yield from _chapter(Bilingual("交付整体的问题", "A delivery as a whole"), about, language)
    of_deliveries = [each for file in _LISTED for each in sentences_in(file, ("Bilingual",))]
    yield from _list_of((each for each in of_deliveries if each != REMEDY), language)
    about = Bilingual(
        "`lights verify` 和 `lights audit verify` 显示。请从备份恢复所指的文件（`lights restore` 到新文件夹），"
        "找不到原因时保留现场。",
        "Told by `lights verify` and `lights audit verify`. Restore the file that is named from a backup "
        "(`lights restore` to a new folder); where there is no explanation, keep everything as it is.",
    )
    yield from _chapter(Bilingual("检查发现的损坏", "Faults that a verification finds"), about, language)
    of_verify = [each for file in _VERIFIED for each in sentences_in(file, ("Bilingual",))]
    yield from _list_of(of_verify, language)


def _refusal_chapters(language: Language) -> Iterator[str]:
    for title, folders in _REFUSALS.values():
        sentences = [
            each
            for folder in folders
            for file in syntax_trees()
            if Path(file).parent == Path(folder)
            for each in sentences_in(file, refusal_classes())
        ]
        lead = Bilingual("拒绝：", "Refusals: ")
        yield from _chapter(Bilingual(f"{lead.zh}{title.zh}", f"{lead.en}{title.en.lower()}"), None, language)
        yield from _list_of(sentences, language)


def _chapter(title: Bilingual, about: Bilingual | None, language: Language) -> Iterator[str]:
    yield f"## {getattr(title, language)}"
    yield ""
    if about is not None:
        yield from (getattr(about, language), "")


def _list_of(sentences: Iterable[Bilingual], language: Language) -> Iterator[str]:
    yield from (f"- {shown_text(each, language)}" for each in dict.fromkeys(sentences))
    yield ""


def shown_text(text: Bilingual, language: Language) -> str:
    """A text in one language as Markdown shows it unchanged."""
    said = str(getattr(text, language)).strip()
    return re.sub(r"(?<!`)([|<>*_])(?!`)", r"\\\1", said)


@cache
def refusal_classes() -> tuple[str, ...]:
    """`UserError` and all classes below it."""
    names = {"UserError"}
    classes = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in syntax_trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    while below := {name for name, bases in classes.items() if bases & names} - names:
        names |= below
    return tuple(sorted(names))


@cache
def syntax_trees() -> dict[str, ast.Module]:
    """The syntax tree of every module, by its path."""
    folders = ("features", "models", "training", "serving")
    files = [ROOT / "lights.py", *(file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


@cache
def sentences_in(file: str, classes: tuple[str, ...]) -> tuple[Bilingual, ...]:
    """The pairs of sentences that a module hands to one of the classes, in the order of its lines."""
    constants = _bilingual_constants(file)
    calls = [node for node in ast.walk(syntax_trees()[file]) if isinstance(node, ast.Call)]
    sentences = []
    for call in sorted(calls, key=lambda node: node.lineno):
        if isinstance(call.func, ast.Name) and call.func.id in classes and len(call.args) >= 2:
            texts = [_sentence(argument, constants) for argument in call.args[:2]]
            if all(texts) and re.search("[一-鿿]", str(texts[0])):
                sentences.append(Bilingual(*map(str, texts)))
    return tuple(sentences)


def _bilingual_constants(file: str) -> dict[str, Bilingual]:
    """Constants of a module that are pairs of texts, by name."""
    return {
        target.id: Bilingual(*(str(_sentence(argument, {})) for argument in node.value.args[:2]))
        for node in ast.walk(syntax_trees()[file])
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) == 2
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _sentence(node: ast.expr, constants: Mapping[str, Bilingual]) -> str | None:
    """A text of the code with `{…}` in the place of what is filled in; None where it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"\{[^{}]*\}", "{…}", text)
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in parts)
        case ast.Attribute(value=ast.Name(id=name), attr="zh" | "en" as language) if name in constants:
            return str(getattr(constants[name], language))
        case _:
            return None


def gate_criteria() -> list[tuple[str, Bilingual]]:
    """The ids of the gate's criteria, with what each measures."""
    functions = [node for node in syntax_trees()["training/gate_criteria.py"].body if isinstance(node, ast.FunctionDef)]
    return list({id_: words for each in functions for id_, words in _criteria_in(each.body, None)}.items())


def _criteria_in(block: Iterable[ast.stmt], words: Bilingual | None) -> Iterator[tuple[str, Bilingual]]:
    """The criteria that a block yields, each with the pair of texts that was assigned last before it."""
    for statement in block:
        match statement:
            case ast.Assign(value=ast.Call(args=[first, second])):
                texts = [_sentence(each, {}) for each in (first, second)]
                words = Bilingual(*(text.strip(" ，,") for text in texts if text)) if all(texts) else words
            case ast.Expr(value=ast.Yield(value=ast.Call(args=[first, *_]))):
                if words is not None and (id_ := _sentence(first, {})):
                    yield id_, words
        for inner in ("body", "orelse"):
            yield from _criteria_in(getattr(statement, inner, []), words)


if __name__ == "__main__":
    for path, language in PAGES:
        path.write_text(page(language), "utf-8")
