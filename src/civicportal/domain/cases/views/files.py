"""Upload and download of pictures."""

from pyramid.response import Response
from translationstring import TranslationString
from webob.multidict import MultiDict

from civicportal.core.crypto import token_hash
from civicportal.core.site import Site
from civicportal.core.storage import FileMissing
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.models import Attachment
from civicportal.domain.cases.proofs import proved_codes
from civicportal.domain.cases.uploads import take_files
from civicportal.util.errors import RETRY_SECONDS, NotFound
from civicportal.util.i18n import _
from civicportal.web.forms import FileRefused, UploadedFile
from civicportal.web.request import Request, ViewResult
from civicportal.web.request_body import FILE

AN_HOUR = 3600
#: A picture must never be interpreted as anything else, whatever its address.
POLICY = "default-src 'none'; sandbox"


def upload(request: Request) -> dict[str, str]:
    """Store one picture and return its key.

    The status is 422 with the reason if it is refused, 503 if it should be retried.
    """
    sent: MultiDict[object] = request.POST
    file = sent.get(FILE)
    if not isinstance(file, UploadedFile):
        return _refused(request, _("There is no picture in this request."))
    try:
        [key] = take_files(request, [file])
    except FileRefused as refusal:
        return _refused(request, refusal.reason, later=refusal.later)
    return {"key": key, "url": request.route_path("attachment_small", key=key)}


def remove(request: Request) -> dict[str, str]:
    """Remove a picture that no case has claimed."""
    request.work.get(AttachmentService).remove(request.matchdict["key"], request.upload_owner())
    return {}


def large(request: Request) -> ViewResult:
    """Return a picture."""
    return _picture(request, "")


def small(request: Request) -> ViewResult:
    """Return the small version of a picture."""
    return _picture(request, ".small")


def _picture(request: Request, variant: str) -> ViewResult:
    owner = token_hash(request.session_token) if request.session_token else ""
    attachment, code = request.work.get(AttachmentService).fetch(
        request.matchdict["key"], owner, proved_codes(request)
    )
    return send_picture(request, attachment, variant, name=code or "picture")


def send_picture(request: Request, attachment: Attachment, variant: str, *, name: str) -> Response:
    """Return the file of a picture that the caller may see.

    :param variant: "" or ".small".
    :param name: beginning of the name under which it is saved.
    """
    extension = attachment.content_type.rpartition("/")[2]
    response = request.response
    response.content_type = attachment.content_type
    response.content_disposition = f'inline; filename="{name}-{attachment.id}.{extension}"'
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control = f"private, max-age={AN_HOUR}"
    response.etag = f"{attachment.key}{variant}"
    response.conditional_response = True
    if response.etag not in request.if_none_match:
        response.body = _read(request.site, f"{attachment.key}{variant}")
    return response


def _read(site: Site, name: str) -> bytes:
    try:
        with site.storage.open(name) as file:
            content: bytes = file.read()
            return content
    except FileMissing:
        raise NotFound("the file is gone") from None


def _refused(request: Request, reason: TranslationString, *, later: bool = False) -> dict[str, str]:
    request.response.status_int = 503 if later else 422
    if later:
        request.response.headers["Retry-After"] = str(RETRY_SECONDS)
    return {"message": request.translate(reason)}
