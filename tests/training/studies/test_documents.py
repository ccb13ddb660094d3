"""The generated documents are what the declarations say today."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.studies.documents import generated_documents

WRITTEN = generated_documents()


@pytest.mark.parametrize("path", WRITTEN)
def test_a_generated_document_is_up_to_date(path: str) -> None:
    assert Path(path).read_text("utf-8") == WRITTEN[path], (
        f"run python -m training.studies.documents and look at {path}"
    )
