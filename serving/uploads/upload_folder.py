"""The folder of uploads (`uploads/` below the data folder): the files, what was answered about them, the preview."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from features.atomic_files import write_text
from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import ColumnMap, read_column_map
from features.delivery.map_questions import Answers
from features.delivery.suggest_map import READABLE, SuggestedMap, SuggestedSheet, suggest_map
from features.loading.load import LoadOptions
from features.loading.preview import DeliveryPreview, preview_delivery
from features.messages import UserError
from features.months import COUNTY_ZONE
from features.stored_files import read_stored_json
from serving.uploads.asked_sheets import AskedSheet, AskedSheets

UPLOADS_FOLDER = "uploads"
MOST_FILES = 50
FILES_FOLDER, COLUMN_MAP_FILE = "files", "columns.toml"
_UPLOAD_FILE, _PREVIEW_FILE, _ANSWERS_FILE = "upload.json", "preview.json", "answers.json"
_UPLOADS_SHOWN = 10
_LONGEST_NAME = 120
_AT_ONCE = 1 << 20
_LONGEST_SENDING = 3600
"""Seconds that files take to be sent at the most."""
_REFUSED_IN_NAMES = frozenset('/\\:*?"<>|')


@dataclass(frozen=True)
class Upload:
    """One upload; its fields are the keys of `upload.json`.

    number: from 1 on. by: the account that sent it. at: ISO 8601 with the zone. files: the files' names and sizes in
    bytes. tables: by file and sheet, the table that the clerk said it is. job: the number of the job that loads it;
    None before. removed: files that the clerk removed unloaded. is_discarded: whether its files were removed unloaded.
    """

    number: int
    by: str
    at: str
    files: tuple[tuple[str, int], ...]
    tables: tuple[tuple[str, str, str], ...] = ()
    job: int | None = None
    removed: tuple[str, ...] = ()
    is_discarded: bool = False

    @property
    def state(self) -> str:
        """The key of the words on what became of its files, once none is left."""
        data = [name for name, _ in self.files if not name.endswith(".toml")]
        if self.is_discarded or set(data) <= set(self.removed):
            return "upload_discarded"
        return "upload_taken_in" if self.job is not None else "upload_waits"

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Upload:
        """The upload of a stored JSON object."""
        lists = {name: tuple(map(tuple, stored[name])) for name in ("files", "tables")}
        return cls(**{**stored, **lists, "removed": tuple(stored["removed"])})


class UploadFolder:
    """The uploads of a data folder.

    Args:
        data: the data folder.

    Example:
        >>> from serving.uploads.upload_folder import UploadFolder
        >>> UploadFolder(tmp).newest()
        []
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = data / UPLOADS_FOLDER

    def keep(self, files: Sequence[tuple[str, BinaryIO]], by: str, at: datetime) -> Upload:
        """Keep files that were sent, and look at them.

        Args:
            files: their names and contents.
            by: the account that sends them.
            at: when, with a time zone.

        Returns:
            The upload.

        Raises:
            UserError: no file, too many of them, a name that cannot be kept, or the disk does not take them; nothing
                is kept then.
        """
        names = [_checked_name(name) for name, _ in files]
        if not names:
            raise UserError("没有选择文件。", "No file was chosen.")
        if len(names) > MOST_FILES or len({name.casefold() for name in names}) < len(names):
            raise UserError(
                f"一次最多 {MOST_FILES} 个文件，且文件名不得重复。",
                f"Send at most {MOST_FILES} files at once, each with a name of its own.",
            )
        self._remove_half_sent(at)
        folder = self._new_folder()
        with _removed_on_failure(folder):
            (folder / FILES_FOLDER).mkdir(mode=0o700)
            sizes = list[int]()
            for name, (_, content) in zip(names, files, strict=True):
                path = folder / FILES_FOLDER / name
                with path.open("xb") as kept:
                    path.chmod(0o600)
                    content.seek(0)
                    shutil.copyfileobj(content, kept, _AT_ONCE)
                    sizes.append(kept.tell())
            maps = [name for name in names if name.endswith(".toml")]
            if len(maps) > 1 or len(maps) == len(names):
                raise UserError(
                    "列映射（.toml）只能有一个，且须与数据文件一起上传。",
                    "Send one column map (.toml) at most, and files of data with it.",
                )
            for name in maps:
                read_column_map(folder / FILES_FOLDER / name)
                (folder / FILES_FOLDER / name).rename(folder / COLUMN_MAP_FILE)
            upload = Upload(
                int(folder.name), by, at.isoformat(timespec="seconds"), tuple(zip(names, sizes, strict=True))
            )
            self._write(upload)
        self._look_at(upload)
        return upload

    def upload(self, number: int) -> Upload:
        """An upload. Raises UserError where there is none of this number, or its file is damaged."""
        path = self.folder / str(number) / _UPLOAD_FILE
        if not path.exists():
            raise UserError(f"没有上传 {number}。", f"There is no upload {number}.")
        return read_stored_json(path, Upload.from_json)

    def newest(self) -> list[Upload]:
        """The newest uploads, the newest first; one that was being sent when the service ended is left out."""
        whole = [number for number in self._numbers() if (self.folder / str(number) / _UPLOAD_FILE).exists()]
        return [self.upload(number) for number in whole[::-1][:_UPLOADS_SHOWN]]

    def files_left(self, number: int) -> list[Path]:
        """The files of an upload that are there still: a load removes those that it has taken in."""
        folder = self.folder / str(number) / FILES_FOLDER
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def column_map(self, number: int) -> Path | None:
        """The column map of an upload; None where it has none."""
        path = self.folder / str(number) / COLUMN_MAP_FILE
        return path if path.exists() else None

    def preview(self, number: int) -> DeliveryPreview | None:
        """What a load would read, as it was looked at last; None where the files could not be looked at."""
        path = self.folder / str(number) / _PREVIEW_FILE
        return read_stored_json(path, DeliveryPreview.from_json) if path.exists() else None

    def questions(self, number: int) -> AskedSheets:
        """What is to be answered before an upload can be read; nothing where a column map answers it.

        Raises UserError where a file cannot be read at all.
        """
        if self.column_map(number) is not None:
            return AskedSheets((), ())
        remembered = self._answers()
        suggested = self._suggested(self.upload(number))
        asked = [one for file in suggested.files for one in suggested.entries(file)]
        untold = [file for file in suggested.files if not any(one.file == file for one in suggested.sheets)]
        return AskedSheets(
            tuple(AskedSheet(one, remembered.get(_signature(one), {})) for one in asked),
            tuple(file for file in untold if Path(file).suffix.lower() in READABLE),
        )

    def say_table(self, number: int, file: str, sheet: str, table: str) -> None:
        """Keep which table a sheet is, and look at the files again."""
        upload = self.upload(number)
        others = [one for one in upload.tables if one[:2] != (file, sheet)]
        upload = replace(upload, tables=(*others, (file, sheet, table)))
        self._write(upload)
        self._look_at(upload)

    def answer(self, number: int, answers: Mapping[tuple[str, str], Sequence[Answers]]) -> None:
        """Write the column map that answers make, and look at the files with it.

        Args:
            number: of the upload.
            answers: by file and sheet, to the questions of each line of the suggested map.

        Raises:
            UserError: an answer is missing or wrong; no map is written then.
        """
        upload, folder = self.upload(number), self.folder / str(number)
        if untold := self.questions(number).untold:
            files = ", ".join(untold)
            raise UserError(
                f"请先说明 {files} 是哪张表，或去掉该文件。", f"First say which table {files} is, or leave it out."
            )
        suggested = self._suggested(upload)
        text, tried = suggested.answered(answers), folder / f"{COLUMN_MAP_FILE}.tried"
        write_text(text, tried)
        try:
            read_column_map(tried)
        except UserError:
            tried.unlink()
            raise
        tried.replace(folder / COLUMN_MAP_FILE)
        self._remember(suggested, answers)
        self._look_at(upload)

    def ask_again(self, number: int) -> None:
        """Remove the column map of an upload, so that its questions are asked again."""
        upload = self.upload(number)
        (self.folder / str(number) / COLUMN_MAP_FILE).unlink(missing_ok=True)
        self._look_at(upload)

    def load_command(self, number: int) -> tuple[str, ...]:
        """The words after `lights` that load the files of an upload, and remove those that are taken in.

        Raises UserError where no file is left, or a question is open.
        """
        if not self.files_left(number):
            raise UserError(f"上传 {number} 已没有文件可装载。", f"No file of upload {number} is left to load.")
        if self.questions(number).sheets:
            raise UserError("请先回答列映射的问题。", "Answer the questions of the column map first.")
        folder = self.folder / str(number)
        column_map = self.column_map(number)
        columns = () if column_map is None else (f"--columns={column_map}",)
        return ("load", str(folder / FILES_FOLDER), "--remove-loaded", *columns)

    def note_job(self, number: int, job: int) -> None:
        """Keep the number of the job that loads an upload."""
        self._write(replace(self.upload(number), job=job))

    def remove_file(self, number: int, name: str) -> None:
        """Remove one file of an upload, and look at the others again. Raises UserError where it has no such file."""
        upload = self.upload(number)
        path = next((path for path in self.files_left(number) if path.name == name), None)
        if path is None:
            raise UserError(f"上传 {number} 中没有文件 {name}。", f"Upload {number} has no file {name}.")
        path.unlink()
        self._write(replace(upload, removed=(*upload.removed, name)))
        self._look_at(upload)

    def discard(self, number: int) -> None:
        """Remove the files of an upload that are there still; that it was sent stays on record."""
        self._write(replace(self.upload(number), is_discarded=True))
        shutil.rmtree(self.folder / str(number) / FILES_FOLDER, ignore_errors=True)
        (self.folder / str(number) / _PREVIEW_FILE).unlink(missing_ok=True)

    def _remove_half_sent(self, at: datetime) -> None:
        """Remove what a service that was killed has left of files being sent: they have identity numbers in them."""
        for number in self._numbers():
            folder = self.folder / str(number)
            is_old = at.timestamp() - folder.stat().st_mtime > _LONGEST_SENDING
            if is_old and not (folder / _UPLOAD_FILE).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _new_folder(self) -> Path:
        """The folder of a new number, also where another process takes one at the same moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = (self._numbers() or [0])[-1] + 1
        while True:
            with suppress(FileExistsError):
                (self.folder / str(number)).mkdir(mode=0o700)
                return self.folder / str(number)
            number += 1

    def _look_at(self, upload: Upload) -> None:
        """Write what a load would read; where the files cannot be looked at, the load tells why."""
        folder = self.folder / str(upload.number)
        try:
            options = self._options(upload)
            preview = preview_delivery(folder / FILES_FOLDER, options)
        except UserError as refusal:
            reason = {"zh": refusal.message.zh, "en": refusal.message.en}
            preview = DeliveryPreview(refused={"": reason})
        write_text(json.dumps(asdict(preview), ensure_ascii=False), folder / _PREVIEW_FILE)

    def _options(self, upload: Upload) -> LoadOptions:
        path = self.column_map(upload.number)
        column_map = ColumnMap() if path is None else read_column_map(path)
        delivered_on = datetime.fromisoformat(upload.at).astimezone(COUNTY_ZONE).date()
        return LoadOptions(delivered_on, column_map, load_pseudonyms(self.data), lambda _name: None)

    def _suggested(self, upload: Upload) -> SuggestedMap:
        tables = {(file, sheet): table for file, sheet, table in upload.tables}
        return suggest_map(self.files_left(upload.number), tables)

    def _answers(self) -> dict[str, dict[str, Sequence[str]]]:
        path = self.folder / _ANSWERS_FILE
        return read_stored_json(path, dict) if path.exists() else {}

    def _remember(self, suggested: SuggestedMap, answers: Mapping[tuple[str, str], Sequence[Answers]]) -> None:
        """Keep answers for the next file with the same headings; what is one for a whole file is asked anew."""
        known, pseudonyms = self._answers(), load_pseudonyms(self.data)
        for one in suggested.sheets:
            given = answers.get((one.file, one.sheet))
            if given is None:
                continue
            entry = known.setdefault(_signature(one), {})
            for line, answered in zip(one.lines, given, strict=True):
                for question, answer in zip(line.questions, answered, strict=True):
                    hidden = any(pseudonyms.replace_identity_numbers(word) != word for word in question.asked_of)
                    if question.choices and not hidden:
                        entry[question.id] = tuple(answer)
                        entry[f"{question.id} of"] = question.asked_of
        write_text(json.dumps(known, ensure_ascii=False), self.folder / _ANSWERS_FILE)

    def _write(self, upload: Upload) -> None:
        write_text(json.dumps(asdict(upload), ensure_ascii=False), self.folder / str(upload.number) / _UPLOAD_FILE)

    def _numbers(self) -> list[int]:
        if not self.folder.exists():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal())


def _signature(sheet: SuggestedSheet) -> str:
    """The same for sheets of one table with the same headings."""
    return hashlib.sha256(json.dumps([sheet.table, *sheet.headings]).encode()).hexdigest()[:24]


def _checked_name(name: str) -> str:
    """The last part of a file's name. Raises UserError where it cannot be kept."""
    last = name.replace("\\", "/").rpartition("/")[2].strip()
    if not last or last.startswith((".", "~")) or len(last) > _LONGEST_NAME or not last.isprintable():
        raise UserError(
            f"文件名不可用（最长 {_LONGEST_NAME} 个字，不得以点号开头）：{last[:_LONGEST_NAME]!r}",
            f"This file name cannot be kept (at most {_LONGEST_NAME} signs, no dot first): {last[:_LONGEST_NAME]!r}",
        )
    return "".join("_" if sign in _REFUSED_IN_NAMES else sign for sign in last)


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    """Remove a folder where the block fails; a disk that is full is told as such."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        fault = error.strerror or type(error).__name__
        raise UserError(
            f"上传的文件无法保存（{fault}）；没有保存任何文件。",
            f"The files cannot be kept ({fault}); nothing of them was kept.",
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
