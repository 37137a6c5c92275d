"""A submitted announcement form."""

import re
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPBadRequest
from translationstring import TranslationString
from webob.multidict import MultiDict

from civicportal.api.plugins import Refused
from civicportal.api.web import Request
from civicportal_announcements.i18n import _
from civicportal_announcements.pictures import MOST, moved, store_sizes

FILES = "image_key_files"
_KEY = re.compile(r"[\w-]{22}", re.ASCII)
_OF_PICTURES = ("alt_", "caption_", "x_", "y_")


@dataclass(frozen=True, kw_only=True)
class SubmittedAnnouncement:
    """A submission of the form.

    :ivar params: its fields without files; the keys of pictures in order.
    :ivar keys: of the pictures.
    :ivar action: "draft", "publish", "preview" or "pictures" (added or moved; nothing is saved).
    :ivar refusal: why a file was refused.
    """

    params: MultiDict[str]
    keys: list[str]
    action: str
    refusal: TranslationString | None = None

    @property
    def texts(self) -> dict[str, list[str]]:
        """Return the values of the fields, by name."""
        return {name: self.params.getall(name) for name in self.params}


def read_sent(request: Request) -> SubmittedAnnouncement:
    """Parse the form and store uploaded pictures at once.

    Call it before the first use of ``request.work``.
    """
    uploaded: MultiDict[object]
    try:
        uploaded = post = request.POST
    except ValueError:  # a multipart body without its boundary
        raise HTTPBadRequest from None
    keys = [key for key in dict.fromkeys(post.getall("image_key")) if _is_key(key)][:MOST]
    action, _sign, key = str(post.get("action", "")).partition(":")
    if key:
        keys, action = moved(keys, key, action), "pictures"
    # A file input without a chosen file is sent as empty bytes.
    files: list[object] = [file for file in uploaded.getall(FILES) if hasattr(file, "file")]
    new, refusal = _take(request, files, len(keys))
    keys += new
    store_sizes(request.site, keys)
    if action not in ("draft", "publish", "preview"):
        action = "pictures"
    return SubmittedAnnouncement(params=_params(post, keys), keys=keys, action=action, refusal=refusal)


def _take(request: Request, files: list[object], there: int) -> tuple[list[str], TranslationString | None]:
    if there + len(files) > MOST:
        return [], _("At most ${count} pictures are allowed here.", mapping={"count": MOST})
    try:
        return (request.take_files(files) if files else []), None
    except Refused as refusal:
        return [], refusal.reason


def _params(post: MultiDict[str], keys: list[str]) -> MultiDict[str]:
    """Return the fields as texts: the pictures in order, without removed ones."""
    kept = MultiDict(
        (name, value)
        for name, value in post.items()
        if isinstance(value, str) and name != "image_key" and not _is_of_another(name, keys)
    )
    for key in keys:
        kept.add("image_key", key)
    return kept


def _is_of_another(name: str, keys: list[str]) -> bool:
    return any(name.startswith(mark) and name.removeprefix(mark) not in keys for mark in _OF_PICTURES)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
