"""The words of the work list, the county board and the charts, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Words
from serving.text.model_words import MODEL_WORDS

_LIST: Mapping[str, Words] = {
    "to_content": Words("跳到正文", "Skip to the content"),
    "go_back": Words("返回", "Back"),
    "not_shown": Words("无法完成", "This cannot be done"),
    "pages": Words("页面", "Pages"),
    "narrow": Words("筛选", "Narrow"),
    "narrow_ask": Words("应用筛选", "Apply"),
    "narrowed_to": Words("只看", "Narrowed to"),
    "widen": Words("清除筛选", "Clear"),
    "any": Words("不限", "any"),
    "month": Words("月份", "Month"),
    "corners": Words("规则与模型", "Rules and model"),
    "all_villages": Words("全部村", "all villages"),
    "due_within": Words("到期", "Falls due"),
    "sort": Words("排序", "Order"),
    "sort_risk": Words("风险从高到低", "riskiest first"),
    "sort_days_to_maturity": Words("到期日从近到远", "soonest due first"),
    "sort_outstanding_principal": Words("未还本金从多到少", "most outstanding first"),
    "sort_loan_id": Words("贷款编号", "loan number"),
    "main_reason": Words("主要原因", "Main reason"),
    "export": Words("导出本名单", "Take this list away"),
    "as_csv": Words("CSV 文件", "CSV file"),
    "as_excel": Words("Excel 文件", "Excel file"),
    "nothing_listed": Words("没有符合筛选条件的贷款。", "No loan is as asked for."),
}
_BOARD: Mapping[str, Words] = {
    "board": Words("县情看板", "County board"),
    "show": Words("显示", "Show"),
    "map_shows": Words("地图表显示", "The map shows"),
    "loan_count": Words("贷款笔数", "Loans"),
    "lights_now": Words("灯色", "Lights"),
    "lately": Words("最近 {months} 个已发布月份", "The last {months} published months"),
    "lit_share": Words("亮灯占比 (红或黄)", "Share lit (red or yellow)"),
    "map": Words("乡镇与银行", "Townships by banks"),
    "map_note": Words(
        "行为乡镇, 列为银行; 不足 {least} 笔的格子不评, 只列笔数。颜色越深, 比例越高; 数字写在格内。",
        "Townships down, banks across; a cell of under {least} loans is not judged, its loans are counted. The darker "
        "the higher; the figure stands in the cell.",
    ),
    "too_few": Words("笔数太少", "too few"),
    "all_banks": Words("全部银行", "All banks"),
    "all_townships": Words("全部乡镇", "All townships"),
    "unknown_place": Words("不详", "unknown"),
    "migration": Words("灯色迁徙", "What moved"),
    "since_month": Words("与 {day} 相比", "since {day}"),
    "from_to": Words("原来 → 现在", "From → to"),
    "cured": Words("黄红转绿", "Turned green"),
    "worsened": Words("绿转黄红或变坏", "Left green, or gone bad"),
    "fell_again": Words("其中此前曾亮灯", "of these lit before"),
    "no_month_before": Words("之前没有已发布的月份, 无法比较。", "No month before is published to compare with."),
}
_SHEET: Mapping[str, Words] = {
    "as_first_loan": Words("只印与第一笔贷款不同的情况。", "Printed: what differs from the first loan."),
    "light_history": Words("历月灯色", "Light over time"),
}
DESK_WORDS: Mapping[str, Words] = {**_LIST, **_BOARD, **_SHEET, **MODEL_WORDS}
