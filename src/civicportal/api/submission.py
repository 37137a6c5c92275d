"""Forms that open a case: by citizens, and by officers on their behalf."""

from civicportal.domain.accounts.pending_forms import (
    count_submission,
    fill_kept,
    forget_kept,
    keep_form,
    may_submit,
)
from civicportal.domain.cases.on_behalf import Caller, NamedCaller, register_for
from civicportal.domain.cases.once import open_once
from civicportal.domain.cases.submission import case_form
from civicportal.domain.cases.uploads import take_files, upload_owner

__all__ = [
    "Caller",
    "NamedCaller",
    "case_form",
    "count_submission",
    "fill_kept",
    "forget_kept",
    "keep_form",
    "may_submit",
    "open_once",
    "register_for",
    "take_files",
    "upload_owner",
]
