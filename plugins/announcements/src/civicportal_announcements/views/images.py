"""Pictures of announcements."""

from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import NotFound
from civicportal.api.web import Request, ViewResult
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.services import EDIT

A_WEEK = 7 * 86400
AN_HOUR = 3600
#: A picture must never be interpreted as anything else, whatever its URL.
POLICY = "default-src 'none'; sandbox"


def image(request: Request) -> ViewResult:
    """Return a picture in one size: published ones to everyone, others to officers."""
    key, size = request.matchdict["key"], request.matchdict["size"]
    post, public = request.work.get(AnnouncementReader).picture_post(key)
    identity = request.identity
    if not public and not (identity.is_staff and identity.permits(EDIT)):
        raise NotFound(f"the pictures of announcement {post.id} are not public")
    response = request.response
    response.content_type = "image/jpeg"
    response.headers["Content-Security-Policy"] = POLICY
    if public:
        # Feed readers embed it in their pages.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control = f"public, max-age={A_WEEK}" if public else f"private, max-age={AN_HOUR}"
    response.etag = f"{key}-{size}"
    response.conditional_response = True
    if response.etag not in request.if_none_match:
        response.body = PictureFiles(request.site).read(key, size)
    return response
