"""Words of the work list, the county board and the charts in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual
from serving.text.model_words import MODEL_WORDS

_LIST: Mapping[str, Bilingual] = {
    "to_content": Bilingual("跳到正文", "Skip to the content"),
    "go_back": Bilingual("返回", "Back"),
    "not_shown": Bilingual("无法完成", "This cannot be done"),
    "pages": Bilingual("页面", "Pages"),
    "narrow": Bilingual("筛选", "Narrow"),
    "narrow_ask": Bilingual("应用筛选", "Apply"),
    "narrowed_to": Bilingual("只看", "Narrowed to"),
    "widen": Bilingual("清除筛选", "Clear"),
    "any": Bilingual("不限", "any"),
    "month": Bilingual("月份", "Month"),
    "corners": Bilingual("规则与模型", "Rules and model"),
    "all_villages": Bilingual("全部村", "all villages"),
    "due_within": Bilingual("到期", "Falls due"),
    "sort": Bilingual("排序", "Order"),
    "sort_prevention": Bilingual("走访能挽回的从多到少", "most that a visit can prevent first"),
    "sort_risk": Bilingual("风险从高到低", "riskiest first"),
    "sort_days_to_maturity": Bilingual("到期日从近到远", "soonest due first"),
    "sort_outstanding_principal": Bilingual("未还本金从多到少", "most outstanding first"),
    "sort_loan_id": Bilingual("贷款编号", "loan number"),
    "main_reason": Bilingual("主要原因", "Main reason"),
    "export": Bilingual("导出本名单", "Take this list away"),
    "print_whole": Bilingual("打印全部", "print it whole"),
    "printed_first": Bilingual(
        "打印前 {loans} 笔, 其余请导出", "the first {loans} printed; take the rest away as a file"
    ),
    "group_prevent": Bilingual(
        "可预防: 按可能性 × 未还本金 × 剩余时间排序", "To prevent: by likelihood × outstanding principal × time left"
    ),
    "group_bad": Bilingual("已形成不良: 处置清收", "Bad already: to recover"),
    "group_green": Bilingual("绿灯", "Green"),
    "visit": Bilingual("走访", "Visit"),
    "call": Bilingual("电话", "Call"),
    "by_day": Bilingual("应于", "by"),
    "holidays_unknown": Bilingual("(放假通知未出, 按周末估算)", "(holidays not announced yet, by weekends)"),
    "late_days": Bilingual("超期 {days} 个工作日", "{days} working days late"),
    "heard_by": Bilingual("须报", "for the"),
    "not_joint": Bilingual("尚未联合走访", "no joint visit yet"),
    "unlisted_cases": Bilingual(
        "另有 {cases} 张我的走访单, 其贷款不在本月名单",
        "{cases} more of my cases are on loans that this month does not list",
    ),
    "unreadable_months": Bilingual(
        "以下月份无法读取, 亮灯起算可能偏晚:", "Months that cannot be read; a light may be older than it seems:"
    ),
    "work_views": Bilingual("走访", "Visits"),
    "last_contact": Bilingual("最近联系", "Last contact"),
    "responsible": Bilingual("责任人", "Responsible"),
    "tick": Bilingual("勾选", "Tick"),
    "assign_to": Bilingual("把勾选的贷款指派给", "Assign the ticked loans to"),
    "assign": Bilingual("指派", "Assign"),
    "assigned_loans": Bilingual("已指派 {loans} 笔。", "Assigned: {loans}."),
    "as_csv": Bilingual("CSV 文件", "CSV file"),
    "as_excel": Bilingual("Excel 文件", "Excel file"),
    "nothing_listed": Bilingual("没有符合筛选条件的贷款。", "No loan is as asked for."),
}
_BOARD: Mapping[str, Bilingual] = {
    "board": Bilingual("县情看板", "County board"),
    "show": Bilingual("显示", "Show"),
    "map_shows": Bilingual("地图表显示", "The map shows"),
    "loan_count": Bilingual("贷款笔数", "Loans"),
    "lights_now": Bilingual("灯色", "Lights"),
    "lately": Bilingual("最近 {months} 个已发布月份", "The last {months} published months"),
    "lit_share": Bilingual("亮灯占比 (红或黄)", "Share lit (red or yellow)"),
    "visit_budget": Bilingual("走访预算", "Budget of visits"),
    "visit_progress": Bilingual("走访进度", "Visits so far"),
    "visit_progress_note": Bilingual(
        "亮灯月末之后有走访记录为已走访; 黄灯电话联系、走访单办结 (无法联系除外) 亦算办理。"
        "期限按工作日, 自首次发布起算。",
        "Visited: a visit after the month end of the light. A call (for yellow) or a closed case, unless nobody could "
        "be reached, counts as done. Days are working days from the first publication.",
    ),
    "lit_loans": Bilingual("亮灯笔数", "Lit loans"),
    "to_county": Bilingual("上报县级", "For the county"),
    "share_of_sound": Bilingual("占未变坏贷款", "Of loans not gone bad"),
    "sound_loans": Bilingual("未变坏的贷款", "Loans not gone bad"),
    "sound_lit": Bilingual("其中亮灯 (红或黄)", "Lit (red or yellow)"),
    "sound_red": Bilingual("其中红灯", "Red"),
    "sound_yellow": Bilingual("其中黄灯", "Yellow"),
    "lit_anyway": Bilingual("不论界限都亮灯 (观察期或硬性规则)", "Lit whatever the thresholds are"),
    "budget": Bilingual("预算", "Budget"),
    "ceiling": Bilingual("上限", "Ceiling"),
    "lit_by_rules": Bilingual("规则今日会点亮", "Today's rules would light"),
    "bad_apart": Bilingual("已变坏 (红灯, 另计)", "Gone bad (red, counted apart)"),
    "light_shares": Bilingual("灯色占比图", "Chart of the lights' shares"),
    "reports": Bilingual("报表", "Reports"),
    "report_kind": Bilingual("种类", "Kind"),
    "issue_report": Bilingual("生成 Excel", "Make the Excel file"),
    "reports_note": Bilingual(
        "统计截至所选月末；季度、年度为该月末所在季度、年度。行动清单、到期清单与通知书由 lights report 生成。",
        "Statistics up to the month end; a quarter or year is the one it lies in. Action lists, due lists and notices "
        "come from lights report.",
    ),
    "no_month_published": Bilingual("尚无已发布的月份。", "No month is published yet."),
    "board_more": Bilingual(
        "更多：走访预算、风险补偿金、乡镇与银行、灯色迁徙",
        "More: budget of visits, compensation fund, townships by banks, what moved",
    ),
    "townships_lately": Bilingual("各乡镇亮灯占比, 逐月", "Share lit by township, month by month"),
    "ended_cases": Bilingual("近12个月走访单办结情况", "How cases ended in twelve months"),
    "first_rows_of_moves": Bilingual("列出金额最大的 {rows} 笔", "the {rows} largest are listed"),
    "map": Bilingual("乡镇与银行", "Townships by banks"),
    "fund_forecast": Bilingual("风险补偿金今后12个月", "Compensation fund, next twelve months"),
    "fund_expected": Bilingual("预期代付", "Expected payments"),
    "interval_90": Bilingual("90% 区间", "90% interval"),
    "fund_paid_12m": Bilingual("过去12个月已代付", "Paid in the last twelve months"),
    "fund_balance": Bilingual("基金余额", "Balance of the fund"),
    "not_given": Bilingual("未给", "not given"),
    "fund_measured": Bilingual(
        "依据本县 {cases} 次过期限的不良, 其中基金代付过 {payments} 笔。",
        "Measured from {cases} times that a loan of the county reached the fund's term; the fund paid for {payments}.",
    ),
    "fund_by_policy": Bilingual(
        "本县过期限的不良仅 {cases} 次, 不足 {least} 次: 用政策表的数。",
        "Only {cases} loans of the county reached the fund's term, fewer than {least}: the policy's numbers.",
    ),
    "map_note": Bilingual(
        "行为乡镇, 列为银行; 不足 {least} 笔的格子不评, 只列笔数。颜色越深, 比例越高; 数字写在格内。",
        "Townships down, banks across; a cell of under {least} loans is not judged, its loans are counted. The darker "
        "the higher; the figure stands in the cell.",
    ),
    "too_few": Bilingual("笔数太少", "too few"),
    "all_banks": Bilingual("全部银行", "All banks"),
    "all_townships": Bilingual("全部乡镇", "All townships"),
    "unknown_place": Bilingual("不详", "unknown"),
    "migration": Bilingual("灯色迁徙", "What moved"),
    "since_month": Bilingual("与 {day} 相比", "since {day}"),
    "from_to": Bilingual("原来 → 现在", "From → to"),
    "cured": Bilingual("黄红转绿", "Turned green"),
    "worsened": Bilingual("绿转黄红或变坏", "Left green, or gone bad"),
    "fell_again": Bilingual("其中此前曾亮灯", "of these lit before"),
    "no_month_before": Bilingual("之前没有已发布的月份, 无法比较。", "No month before is published to compare with."),
}
_SHEET: Mapping[str, Bilingual] = {
    "as_first_loan": Bilingual("只印与第一笔贷款不同的情况。", "Printed: what differs from the first loan."),
    "light_history": Bilingual("历月灯色", "Light over time"),
}
PORTFOLIO_WORDS: Mapping[str, Bilingual] = {**_LIST, **_BOARD, **_SHEET, **MODEL_WORDS}
