"""Uploads of pictures from a browser: limits, decoding, files, then rows."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from civicportal.core.crypto import token_hash
from civicportal.core.limits import Requester, Use
from civicportal.core.storage import ImageRefused, ProcessedImage, process_image
from civicportal.domain.accounts.guards import visitor
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.util.i18n import _
from civicportal.web.events import SessionReplaced
from civicportal.web.forms import FileRefused, UploadedFile
from civicportal.web.request import Request
from civicportal.web.request_checks import UPLOAD_COUNTED

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

PATIENCE = 5
"""Seconds that a request waits for a free picture decoder."""

NOT_KEPT = _(
    "Pictures cannot be kept at the moment. Please try again in a few minutes, or send the form without them."
)


def keep_uploads(event: SessionReplaced) -> None:
    """Transfer a visitor's pictures to the signed-in person."""
    if event.request.identity.realm == "visitor":
        service = event.request.work.get(AttachmentService)
        service.hand_over(token_hash(event.old), token_hash(event.new))


def take_files(request: Request, files: Sequence[object]) -> list[str]:
    """Store pictures submitted with a form, which a case can claim for 24 hours.

    Use it as ``request.take_files`` for ``BoundForm(take_files=…)``. It writes in a separate unit of work, so that the
    pictures of a refused form stay: the form must be parsed before the first use of ``request.work``.

    :param files: values of ``request.POST``; what is no file is ignored.
    :return: their keys.
    :raises FileRefused: when one is no picture, too large or damaged, when too many arrive at once, or the store is
        full or unavailable; none is stored then.
    :raises LimitExceeded: when this browser or address has sent too many.
    """
    owner, by = request.upload_owner(), visitor(request)
    images = [_gate(request, by, owner, file) for file in files if isinstance(file, UploadedFile)]
    keys = _keep(request.site, images)
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        for key, image in zip(keys, images, strict=True):
            work.get(AttachmentService).add(key, image, owner)
    return keys


def _keep(site: "Site", images: list[ProcessedImage]) -> list[str]:
    try:
        return [PictureFiles(site).put(image) for image in images]
    except OSError as error:
        # The input of the form must not be lost with its pictures.
        log.error("the store of files: %s", error)
        raise FileRefused(NOT_KEPT) from error


def _gate(request: Request, by: Requester, owner: str, file: UploadedFile) -> ProcessedImage:
    limits, address = request.site.limits, ("upload_address", request.remote_addr)
    uses: list[Use] = [("upload_owner", owner)]
    # The first picture of a large form was counted before the form was parsed.
    if request.environ.get(UPLOAD_COUNTED):
        request.environ[UPLOAD_COUNTED] = 0
    else:
        uses.append(address)
    limits.count_uses(*uses, by=by)
    try:
        # On a retried request the file is still at its end.
        file.file.seek(0)
        return process_image(file.file.read(), patience=PATIENCE)
    except ImageRefused as refusal:
        if refusal.code == "busy":
            # It was not decoded, so a retry must not count as a second picture.
            limits.give_back("upload_owner", owner)
            limits.give_back(*address, by=by)
        raise FileRefused(refusal.reason, later=refusal.code == "busy") from refusal
