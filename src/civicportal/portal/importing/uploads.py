"""Files of the forms of imports."""

import io
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from civicportal.portal.importing.archives import safe_name
from civicportal.portal.importing.batches import read_mapping
from civicportal.portal.importing.errors import MappingError
from civicportal.portal.importing.schemas import SUFFIXES
from civicportal.portal.importing.tasks import MOST_FILES
from civicportal.util.i18n import _
from civicportal.web.forms import BoundForm, UploadedFile
from civicportal.web.forms.groups import files_name
from civicportal.web.request import Request

LONGEST_MAPPING = 200_000
"""Bytes of a mapping file."""
NO_TABLE = _("${file} is none of CSV, Excel (.xlsx), JSON Lines and ZIP.")
NO_ARCHIVE = _("${file} is no ZIP archive.")
TABLES, MAPPING = files_name("tables"), files_name("mapping")


def uploaded_files(
    request: Request, form: BoundForm, suffixes: Collection[str] = SUFFIXES
) -> list[tuple[str, int, BinaryIO]]:
    """Return name, size and content of the uploaded files.

    :param suffixes: those that are allowed.
    """
    found: dict[str, tuple[str, int, BinaryIO]] = {}
    for one in request.POST.getall(TABLES):
        if not isinstance(one, UploadedFile):
            continue
        name = safe_name(getattr(one, "filename", ""))
        size = one.file.seek(0, io.SEEK_END)
        one.file.seek(0)
        if PurePosixPath(name).suffix.lower() not in suffixes:
            form.refuse("tables", _(NO_ARCHIVE if suffixes != SUFFIXES else NO_TABLE, mapping={"file": name}))
        if not size:
            form.refuse("tables", _("${file} is empty.", mapping={"file": name}))
        if name in found:
            form.refuse("tables", _("Two files are called ${file}.", mapping={"file": name}))
        found[name] = (name, size, cast(BinaryIO, one.file))
    if not found:
        form.refuse("tables", _("Choose at least one file."))
    if len(found) > MOST_FILES:
        form.refuse("tables", _("At most ${count} are allowed here.", mapping={"count": MOST_FILES}))
    return list(found.values())


def uploaded_mapping(request: Request, form: BoundForm) -> str:
    """Return the text of an uploaded mapping file; empty if there is none."""
    one = next((one for one in request.POST.getall(MAPPING) if isinstance(one, UploadedFile)), None)
    if one is None:
        return ""
    content = one.file.read(LONGEST_MAPPING + 1)
    if len(content) > LONGEST_MAPPING:
        form.refuse("mapping", _("This is no mapping file: it is too large."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        form.refuse("mapping", _("This is no mapping file: its text is not UTF-8."))
    try:
        read_mapping(request.site, text)
    except MappingError as error:
        form.refuse("mapping", error.reason)
    return text
