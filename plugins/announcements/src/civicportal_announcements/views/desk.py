"""The officers' list: current announcements in order, drafts, ended and deleted ones."""

from typing import Literal

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther

from civicportal.api.forms import BoundForm, whole_number
from civicportal.api.web import Request
from civicportal_announcements.board import VIEWS, AnnouncementReader
from civicportal_announcements.broadcasts import SEND
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import Picture
from civicportal_announcements.schemas import DeskFilters
from civicportal_announcements.services import HIDDEN, PUBLISH, PostService
from civicportal_announcements.states import MARKS, state_of
from civicportal_announcements.views.public import shown

ON_A_PAGE = 25
WAYS: dict[str, Literal["up", "down"]] = {"up": "up", "down": "down"}
TITLES = {
    "board": _("On the board"),
    "draft": _("Drafts"),
    "ended": _("Ended"),
    "deleted": _("Deleted"),
}


def listing(request: Request) -> dict[str, object]:
    """List the announcements of one view."""
    view = request.GET.get("view", "board")
    view = view if view in VIEWS else "board"
    form = BoundForm(request, DeskFilters())
    words = form.read_filters(request.GET)["words"]
    board = request.work.get(AnnouncementReader)
    shelf = board.desk(view, words, whole_number(request.GET.get("page", "")) or 1, ON_A_PAGE)
    counts = board.counts()
    pictures = board.pictures(shelf.posts)
    return {
        "form": form,
        "words": words,
        "view": view,
        "title": TITLES[view],
        "tabs": [
            (title, name, sum(counts[state] for state in VIEWS[name][0])) for name, title in TITLES.items()
        ],
        "counts": counts,
        "shelf": shelf,
        "rows": [_row(request, post, pictures[post.id]) for post in shelf.posts],
        "may_publish": request.identity.permits(PUBLISH),
        "may_send": request.identity.permits(SEND),
        "hidden": HIDDEN,
        "url": lambda **parts: _url(request, **{"view": view, "words": words, **parts}),
    }


def preview(request: Request) -> dict[str, object]:
    """Show an announcement as citizens would see it, whatever its state."""
    post = request.work.get(PostService).fetch(int(request.matchdict["id"]))
    return shown(request, post, preview=True)


def move(request: Request) -> HTTPSeeOther:
    """Move an announcement up or down."""
    way = WAYS.get(request.POST.get("way", ""))
    if way is None:
        raise HTTPBadRequest
    service, post = _post(request)
    service.move(post, way)
    return HTTPSeeOther(f"{_back(request)}#post-{post.id}")


def pin(request: Request) -> HTTPSeeOther:
    """Pin or unpin an announcement."""
    service, post = _post(request)
    service.pin(post, request.POST.get("pinned") == "true")
    return HTTPSeeOther(f"{_back(request)}#post-{post.id}")


def delete(request: Request) -> HTTPSeeOther:
    """Delete an announcement; the next page offers to restore it."""
    service, post = _post(request)
    service.delete(post)
    request.session.flash(
        {
            "text": request.translate(_("The announcement is deleted.")),
            "url": request.route_path("announcements.restore", id=post.id),
            "title": request.translate(_("Undo")),
        },
        "good",
    )
    return HTTPSeeOther(_back(request))


def restore(request: Request) -> HTTPSeeOther:
    """Restore a deleted announcement."""
    service, post = _post(request)
    service.restore(post)
    request.session.flash(request.translate(_("The announcement is back.")), "good")
    return HTTPSeeOther(_back(request))


def _post(request: Request) -> tuple[PostService, Post]:
    service = request.work.get(PostService)
    return service, service.fetch(int(request.matchdict["id"]), lock=True)


def _row(request: Request, post: Post, pictures: list[Picture]) -> dict[str, object]:
    state = state_of(post, request.work.clock.now())
    return {"post": post, "state": state, "mark": MARKS[state], "picture": pictures[0] if pictures else None}


def _back(request: Request) -> str:
    return str(request.safe_next(request.route_path("announcements.desk")))


def _url(request: Request, **parts: object) -> str:
    query = {name: value for name, value in parts.items() if value not in (None, "", "board")}
    return str(request.route_path("announcements.desk", _query=query))
