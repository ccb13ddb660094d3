"""The page of tables, docs/reference/tables.md, written from the declarations: `python -m tests.tables_page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from features.contract.declarations import ContractTable
from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivery.file_tables import table_words
from features.delivery.table_forms import ColumnForm, table_form
from features.messages import Bilingual

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "tables.md"
_VERSIONS = Bilingual(
    "同一主键、知悉日更晚的为更正；知悉日相同而内容不同的进入隔离区。",
    "The same key with a later `known_on` is a later version; with the same one and other content it is set aside.",
)
_HEAD = """# 交付的表 Tables delivered

由 `python -m tests.tables_page` 依合同声明生成，请勿手改。空白表（每表一个工作簿，附填写说明）：
`lights templates --out 文件夹`。

Written by `python -m tests.tables_page` from the declarations; do not edit. Empty workbooks, one a table, with notes:
`lights templates --out FOLDER`.

- 文件名或工作表名含下列"文件名用词"之一即可识别；列的先后不限，多余的列不读，但会列出。列名可用英文名或任一中文表头。
  A file or sheet is told by one of the words in its name; columns stand in any order; further ones are not read, and
  named. A column has its English name or one of the Chinese headings.
- **粗体**为必填：空着的行进入隔离区，并说明原因。其余可空着。
  Columns in **bold** are needed: a row with an empty cell is set aside with its reason. The others may be empty.
- 金额单位为元；表头写明(万元)或(千元)的会换算。日期年在前，如 2024-01-31、2024/1/31、2024年1月31日。
  Money is in yuan; a heading that names 万元 or 千元 is converted. Days begin with the year.
- 任何表都可另加"更正"列（corrects）：填"是"的行可把一笔事实改记到另一户、另一笔贷款。
  Any table may have the column `corrects`: where it says yes a row may move a fact to another owner.
- 示例均为虚构；各表的示例行合在一起就是一份可以装载的交付。
  Examples are invented; the example rows of all tables are a delivery that can be loaded.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for name in TABLES for line in _table(TABLES[name]))]) + "\n"


def _table(table: ContractTable) -> Iterator[str]:
    form = table_form(table.name)
    needed = Bilingual("必交", "needed") if table.name in REQUIRED_TABLES else Bilingual("可缺", "may be absent")
    words = "、".join(word for word, told in table_words().items() if told == table.name)
    yield f"## {form.called.zh} {table.name}"
    yield ""
    yield f"{form.meaning.zh}（{needed.zh}）。  "
    yield f"{form.meaning.en[0].upper()}{form.meaning.en[1:]} ({needed.en})."
    yield ""
    yield f"- 文件名用词 Words in the file's name: {words}"
    yield f"- 主键 Key: {_names(table.key)}；{_VERSIONS.zh} {_VERSIONS.en}"
    if table.parent is not None:
        parent, by = table.parent
        yield f"- `{by}` 须在 {table_form(parent).called.zh} `{parent}` 中 is one of the table `{parent}`"
    if table.hangs_on:
        yield f"- 非经更正不可改变 Not to be changed but by a correction: {_names(table.hangs_on)}"
    if table.whole:
        yield f"- 整份交付 Delivered whole, by: {_names(table.whole)}"
    if table.event_day is not None:
        yield f"- `{table.event_day}` 不晚于 `known_on` is not after `known_on`"
    for earlier, later in table.ordered_days:
        yield f"- `{earlier}` 不晚于 `{later}` is not after `{later}`"
    yield ""
    yield "| 列 column | 含义 meaning | 填写 expected | 示例 example | 表头 headings |"
    yield "|---|---|---|---|---|"
    yield from map(_column, form.columns)
    for column in form.columns:
        if column.words:
            yield ""
            yield f"`{column.column.name}` {column.headings[0]}:"
            yield ""
            yield from (f"- `{code}`: {'、'.join(words)}" for code, words in column.words.items())
    yield ""


def _column(form: ColumnForm) -> str:
    name = f"**`{form.column.name}`**" if form.column.required else f"`{form.column.name}`"
    meaning, expected = (f"{said.zh}<br>{said.en}" for said in (form.meaning, form.expected))
    return f"| {name} | {meaning} | {expected} | {form.example} | {'、'.join(form.headings)} |"


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
