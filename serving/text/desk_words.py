"""Words of the clerk's desk in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

DESK_WORDS: Mapping[str, Bilingual] = {
    "deliveries": Bilingual("数据送达", "Deliveries"),
    "delivery_matrix": Bilingual("送达一览", "What came, by table, bank and month"),
    "delivery_note": Bilingual(
        "月份按送达日; 数字为带来该行数据的文件的有效行数 (一个文件可含几家银行)。* 为必需的表。",
        "Months by day of delivery; numbers are the good rows of the files that brought rows of the bank (a file may "
        "hold several banks). * a needed table.",
    ),
    "missing_now": Bilingual(
        "本月尚缺 {count} 项必需的送达 (见下表); 送达不全的月份, 评灯会被退回, 除非写明原因。",
        "{count} needed deliveries are missing this month (see below); the run of a month whose deliveries are not "
        "complete is refused unless a reason is given.",
    ),
    "table": Bilingual("表", "Table"),
    "unknown_bank": Bilingual("银行未知", "bank not known"),
    "set_aside": Bilingual("隔离", "set aside"),
    "waiting_rows": Bilingual("等待", "waiting"),
    "quarantine": Bilingual("隔离区", "Quarantine"),
    "quarantine_book": Bilingual("下载 Excel, 可退回银行", "Excel file to send back"),
    "quarantine_empty": Bilingual("隔离区没有数据行。", "No row is in quarantine."),
    "first_rows": Bilingual("以下为前 {rows} 行, 全部见 Excel。", "The first {rows} rows; the Excel file has all."),
    "file": Bilingual("文件", "File"),
    "line": Bilingual("行", "Line"),
    "kind": Bilingual("类别", "Kind"),
    "column": Bilingual("列", "Column"),
    "month_run": Bilingual("月度评灯", "The month's run"),
    "run_month": Bilingual("开始评灯", "Run the month"),
    "incomplete_reason": Bilingual(
        "送达不全仍发布的原因 (可空)", "Reason to publish although deliveries are missing (may be empty)"
    ),
    "is_published": Bilingual("已发布", "published"),
    "run_monitor": Bilingual("监测最新月份", "Monitor the newest month"),
    "open_findings": Bilingual("{day} 的监测发现, 尚未确认", "Findings of {day} that nobody has acknowledged"),
    "no_open_findings": Bilingual("{day} 没有未确认的监测发现。", "No finding of {day} is open."),
    "known_because": Bilingual("已知原因", "Known because"),
    "acknowledge": Bilingual("确认勾选的并重新监测", "Acknowledge the ticked ones and monitor again"),
    "job": Bilingual("任务", "Job"),
    "jobs_lately": Bilingual("最近的任务", "Jobs lately"),
    "job_running": Bilingual("进行中", "under way"),
    "job_done": Bilingual("已完成", "done"),
    "job_refused": Bilingual("被退回或未完成", "refused, or not done"),
    "job_killed": Bilingual("中断; 重新开始会接着算", "broken off; starting again takes up what was computed"),
    "job_goes_on": Bilingual("关闭本页, 任务继续", "it goes on when this page is closed"),
    "job_prints": Bilingual("任务输出", "What the job prints"),
    "exit_code": Bilingual("退出码", "exit code"),
    "no_run_before": Bilingual("此前没有运行记录, 无法估算", "no run before to tell the time left by"),
    "last_run_took": Bilingual(
        "上次用了 {seconds} 秒, 约剩 {left} 秒", "the last run took {seconds} s, about {left} s left"
    ),
    "seconds": Bilingual("秒", "s"),
    "send_files": Bilingual("上传数据文件", "Send files"),
    "choose_files": Bilingual("选择文件", "Choose files"),
    "send": Bilingual("上传并预览", "Send and look at them"),
    "send_note": Bilingual(
        "可一次选多个文件 (CSV、Excel、Parquet; 列映射 .toml), 合计最多 {limit} MB。上传后先预览, 装载前不入账。",
        "Several at once (CSV, Excel, Parquet; a column map .toml), {limit} MB at most in all. They are looked at "
        "first; nothing is taken in before the load.",
    ),
    "uploads_lately": Bilingual("最近的上传", "Uploads lately"),
    "upload": Bilingual("上传", "Upload"),
    "upload_waits": Bilingual("待装载", "not loaded yet"),
    "upload_taken_in": Bilingual("已装载, 原文件已删除", "taken in, file removed"),
    "upload_discarded": Bilingual("已放弃", "discarded"),
    "remove_file": Bilingual("去掉此文件", "Leave this file out"),
    "load_job": Bilingual("装载", "Load"),
    "load_not_whole": Bilingual(
        "未全部装载: 原因见任务; 余下的文件仍在, 可改正后再装",
        "not all was taken in: the job says why; the files that are left can be loaded again",
    ),
    "which_table": Bilingual("{file} 是哪张表?", "Which table is {file}?"),
    "column_questions": Bilingual("列映射: 待答的问题", "Column map: open questions"),
    "column_questions_note": Bilingual(
        "系统看不出以下各项的含义, 请逐一确认; 答案会写成列映射, 下月同样表头的文件自动填好, 只须确认。",
        "The system cannot tell the following; please confirm each. The answers make the column map, and next month's "
        "file with the same headings comes with them filled in, to be confirmed.",
    ),
    "as_answered_before": Bilingual(
        "已按上次同样表头的回答填好, 请核对。", "Filled in as answered before; please check."
    ),
    "table_by_headings": Bilingual("由表头看出是此表, 请确认。", "Told by its headings; please confirm."),
    "first_lines": Bilingual("前几行", "First lines of"),
    "answer": Bilingual("回答", "Answer"),
    "save_answers": Bilingual("保存回答并预览", "Save the answers and look again"),
    "has_map": Bilingual("已有列映射。", "There is a column map."),
    "ask_again": Bilingual("重新回答", "Answer anew"),
    "how_read": Bilingual("预览: 将怎样读入", "How it would be read"),
    "rows_whole": Bilingual("共 {rows} 行", "{rows} rows"),
    "rows_first": Bilingual("已检查前 {rows} 行", "the first {rows} rows were checked"),
    "rows_wrong": Bilingual("{rows} 行有误, 将进隔离区", "{rows} rows are wrong and would go into quarantine"),
    "too_many_wrong": Bilingual(
        "有误的行超过 5%, 整个文件将被退回; 请改正后重新上传。",
        "More than 5% of the rows are wrong: the whole file would be refused. Correct it and send it again.",
    ),
    "fault_lines": Bilingual("{count} 行 (第 {lines} 行)", "{count} rows (lines {lines})"),
    "read_how": Bilingual("读取时的处理", "What was done to read it"),
    "columns_ignored": Bilingual("未读取的列", "Columns not read"),
    "set_by_map": Bilingual("由列映射给出", "set by the map"),
    "preview_note": Bilingual(
        "预览只查各行本身; 农户、贷款是否已有, 装载时才核对。",
        "The preview checks rows by themselves; whether households and loans are known is checked by the load.",
    ),
    "load_upload": Bilingual("装载", "Load"),
    "load_files": Bilingual("开始装载", "Load the files"),
    "delivered_on": Bilingual("送达日 (数据何时为县里所知)", "Day of delivery (when the county came to know)"),
    "corrections": Bilingual("允许更正编号归属", "Rows may move a fact to another owner (corrections)"),
    "wait_for_job": Bilingual("任务 {job} 正在进行, 请等它结束。", "Job {job} is under way; wait for its end."),
    "answer_first": Bilingual("请先回答上面的问题。", "Answer the questions above first."),
    "discard": Bilingual("放弃此次上传", "Discard this upload"),
    "run_log": Bilingual("运行记录", "Runs"),
    "unreadable_runs": Bilingual("有 {count} 行记录无法读取", "{count} lines of the log cannot be read"),
    "at": Bilingual("时间", "At"),
    "command": Bilingual("命令", "Command"),
    "who": Bilingual("由谁", "By"),
    "run_outcome": Bilingual("结果", "Outcome"),
    "outcome_done": Bilingual("完成", "done"),
    "outcome_refused": Bilingual("退回", "refused"),
    "outcome_failed": Bilingual("失败", "failed"),
    "files_refused": Bilingual("退回的文件", "files refused"),
}
