"""Uploads of the clerk's desk: files are sent, looked at, asked about, and loaded as a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from features.contract.tables import TABLES
from features.delivery.file_tables import table_names
from features.delivery.map_questions import Answers
from features.messages import UserError
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentUser, audit_detail
from serving.http.problems import status_of
from serving.jobs.job_folder import JobFolder
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.text.page_words import Language
from serving.text.written_day import Day
from serving.uploads.asked_sheets import AskedSheet, AskedSheets
from serving.uploads.upload_folder import Upload, UploadFolder

upload_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
UploadNumber = Annotated[int, Path(ge=1, le=2_147_483_647)]


@upload_router.post("/uploads")
async def send_files(request: Request, user: CurrentUser, language: PageLanguage) -> Response:
    """Keep the files of a form, and go to the page that shows what they hold."""
    context, form = context_of(request), await request.form()
    chosen = [file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename]
    files = [(file.filename or "", file.file) for file in chosen]
    try:
        upload = await run_in_threadpool(UploadFolder(context.store.folder).keep, files, user.name, context.now())
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409, back=f"/deliveries?lang={language}")
    audit_detail(request, upload=upload.number, files=len(upload.files), bytes=sum(size for _, size in upload.files))
    return _to_upload(upload.number, language)


@upload_router.get("/uploads/{number}")
def show_upload(request: Request, language: PageLanguage, number: UploadNumber) -> Response:
    """What an upload holds: its questions, the first rows as they would be read, what is wrong, and the load."""
    context = context_of(request)
    uploads, jobs = UploadFolder(context.store.folder), JobFolder(context.store.folder)
    try:
        upload = uploads.upload(number)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 404)
    fault, asked, preview, job = None, AskedSheets((), ()), None, None
    try:
        asked = uploads.questions(number) if uploads.files_left(number) else asked
        preview = uploads.preview(number)
        job = None if upload.job is None else jobs.state(upload.job, context.now())
    except UserError as refusal:
        fault = getattr(refusal.message, language)
    return render_page(
        request,
        "upload.html",
        language,
        upload=upload,
        files_left={path.name for path in uploads.files_left(number)},
        asked=asked,
        has_map=uploads.column_map(number) is not None,
        preview=preview,
        fault=fault,
        job=job,
        running=jobs.running,
        today=context.today,
        hide=context.pseudonyms.replace_identity_numbers,
        tables={name: getattr(words, language) for name, words in table_names().items()},
    )


@upload_router.post("/uploads/{number}/table")
def say_table(
    request: Request,
    language: PageLanguage,
    number: UploadNumber,
    file: Annotated[str, Form(max_length=200)],
    table: Annotated[str, Form(max_length=40)],
    sheet: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keep which table a file or a sheet is."""

    def say(uploads: UploadFolder) -> None:
        if table not in TABLES:
            raise UserError(f"没有表 {table}。", f"There is no table {table}.")
        uploads.say_table(number, file, sheet, table)

    audit_detail(request, table=table)
    return _change(request, language, number, say)


@upload_router.post("/uploads/{number}/columns")
async def answer_questions(request: Request, language: PageLanguage, number: UploadNumber) -> Response:
    """Write the column map that the answers of the form make."""
    form = await request.form()
    return await run_in_threadpool(_change, request, language, number, lambda uploads: _answer(uploads, number, form))


@upload_router.post("/uploads/{number}/ask")
def ask_again(request: Request, language: PageLanguage, number: UploadNumber) -> Response:
    """Ask the questions of the column map again."""
    return _change(request, language, number, lambda uploads: uploads.ask_again(number))


@upload_router.post("/uploads/{number}/load")
def load_upload(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    number: UploadNumber,
    delivered_on: Annotated[Day, Form()],
    corrections: Annotated[bool, Form()] = False,
) -> Response:
    """Start the load of an upload, the same as `lights load`; files that are taken in are removed."""
    context = context_of(request)
    uploads = UploadFolder(context.store.folder)
    try:
        _open_upload(uploads, number)
        if delivered_on > context.today:
            raise UserError("送达日不能在今天之后。", "The day of delivery cannot be after today.")
        options = (f"--delivered-on={delivered_on}", *(("--corrections",) if corrections else ()))
        command = (*uploads.load_command(number), *options)
        job = JobFolder(context.store.folder).start(command, user.name, context.now())
        uploads.note_job(number, job.number)
    except UserError as refusal:
        back = f"/uploads/{number}?lang={language}"
        return render_refusal(request, language, refusal, status_of(refusal), back=back)
    audit_detail(request, job=job.number, delivered_on=str(delivered_on), corrections=corrections)
    return RedirectResponse(f"/jobs/{job.number}?lang={language}", status_code=303)


@upload_router.post("/uploads/{number}/remove")
def remove_file(
    request: Request, language: PageLanguage, number: UploadNumber, file: Annotated[str, Form(max_length=200)]
) -> Response:
    """Remove one file of an upload."""
    return _change(request, language, number, lambda uploads: uploads.remove_file(number, file))


@upload_router.post("/uploads/{number}/discard")
def discard_upload(request: Request, language: PageLanguage, number: UploadNumber) -> Response:
    """Remove the files of an upload."""
    uploads = UploadFolder(context_of(request).store.folder)
    try:
        _open_upload(uploads, number)
        uploads.discard(number)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409, back=f"/deliveries?lang={language}")
    return RedirectResponse(f"/deliveries?lang={language}", status_code=303)


def _change(request: Request, language: Language, number: int, change: Callable[[UploadFolder], None]) -> Response:
    """Change an upload that may be changed, and show it again."""
    uploads = UploadFolder(context_of(request).store.folder)
    try:
        _open_upload(uploads, number)
        change(uploads)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409, back=f"/uploads/{number}?lang={language}")
    return _to_upload(number, language)


def _open_upload(uploads: UploadFolder, number: int) -> Upload:
    """An upload that may be changed. Raises UserError where its load is under way, or nothing of it is left."""
    upload = uploads.upload(number)
    if upload.job is not None and JobFolder(uploads.data).running == upload.job:
        raise UserError(
            f"上传 {number} 正在装载，请等任务 {upload.job} 结束。",
            f"Upload {number} is being loaded; wait for job {upload.job}.",
        )
    if not uploads.files_left(number):
        raise UserError(f"上传 {number} 已没有文件。", f"No file of upload {number} is left.")
    return upload


def _answer(uploads: UploadFolder, number: int, form: FormData) -> None:
    asked_now = uploads.questions(number)
    if form.get("asked") != asked_now.digest:
        raise UserError(
            "页面已过期：文件或问题已变；请刷新后重新回答。",
            "The page is out of date: files or questions have changed; open it again and answer anew.",
        )
    answers = {
        (asked.sheet.file, asked.sheet.sheet): _answers_of(asked, at, form) for at, asked in enumerate(asked_now.sheets)
    }
    if not answers:
        raise UserError("没有待答的问题。", "No question is open.")
    uploads.answer(number, answers)


def _answers_of(asked: AskedSheet, at: int, form: FormData) -> Sequence[Answers]:
    """The answers of a form to the questions on a sheet: fields are named by sheet, line, question and word.

    An answer has to be one of the choices; a text may be anything that is one line.
    """
    return [
        [
            [
                _one_answer(
                    form.get(f"a-{at}-{line_at}-{question_at}-{word_at}"), {one.value for one in question.choices}
                )
                for word_at in range(len(question.asked_of))
            ]
            for question_at, question in enumerate(line.questions)
        ]
        for line_at, line in enumerate(asked.sheet.lines)
    ]


def _one_answer(given: object, allowed: set[str]) -> str:
    text = " ".join(given.split()) if isinstance(given, str) else ""  # browsers write line breaks in their own way
    by_text = {" ".join(one.split()): one for one in allowed}
    if not text or (allowed and text not in by_text) or not text.isprintable():
        raise UserError("有问题未回答，请逐一选择或填写。", "A question is not answered; choose or fill in each.")
    return by_text.get(text, text)


def _to_upload(number: int, language: Language) -> RedirectResponse:
    return RedirectResponse(f"/uploads/{number}?lang={language}", status_code=303)
