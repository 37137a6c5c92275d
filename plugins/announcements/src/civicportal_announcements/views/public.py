"""Public pages: the list, the archive, one announcement, the feeds."""

from typing import Literal

from pyramid.response import Response

from civicportal.api.forms import whole_number
from civicportal.api.web import Request
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.i18n import _
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.states import MARKS, state_of

ON_A_PAGE = 12
LATEST = 30
"""Maximum entries of a feed."""


def listing(request: Request) -> dict[str, object]:
    """List current or past announcements."""
    view = "ended" if request.GET.get("view") == "ended" else "live"
    board = request.work.get(AnnouncementReader)
    shelf = board.shelf(view, whole_number(request.GET.get("page", "")) or 1, ON_A_PAGE)
    return {
        "view": view,
        "shelf": shelf,
        "pictures": board.pictures(shelf.posts),
        "url": lambda number: request.route_path(
            "announcements.list", _query={"page": number, **({"view": view} if view == "ended" else {})}
        ),
    }


def page(request: Request) -> dict[str, object]:
    """Show one announcement, also after its end."""
    post = request.work.get(AnnouncementReader).readable(int(request.matchdict["id"]))
    return shown(request, post)


def shown(request: Request, post: Post, *, preview: bool = False) -> dict[str, object]:
    """Return the template variables of an announcement's page.

    :param preview: for an officer, before publication.
    """
    pictures = request.work.get(AnnouncementReader).pictures([post])[post.id]
    state = state_of(post, request.work.clock.now())
    return {
        "post": post,
        "words": render_markup(post.body),
        "pictures": pictures,
        "state": state,
        "mark": MARKS[state],
        "preview": preview,
        "address": public_address(request, request.route_path("announcements.page", id=post.id)),
        "picture_address": public_address(request, pictures[0].url(request, "large")) if pictures else "",
    }


def atom_feed(request: Request) -> Response:
    """Return the latest announcements as Atom."""
    return _feed(request, "announcements.feed", "atom")


def rss_feed(request: Request) -> Response:
    """Return the latest announcements as RSS."""
    return _feed(request, "announcements.rss", "rss")


def public_address(request: Request, path: str) -> str:
    """Return an absolute URL for other programs."""
    return f"{(request.site.public_url or request.host_url).rstrip('/')}{path}"


def _feed(request: Request, route: str, written_as: Literal["atom", "rss"]) -> Response:
    site, board = request.site, request.work.get(AnnouncementReader)
    posts = board.latest(LATEST)
    pictures = board.pictures(posts)
    feed = request.feed(
        title=site.name,
        about=site.localizer().translate(_("What the municipality announces")),
        author=site.name,
        language=site.locale,
        home=request.route_path("announcements.list"),
        address=request.route_path(route),
    )
    for post in posts:
        path = request.route_path("announcements.page", id=post.id)
        feed.add(
            title=post.title,
            path=path,
            summary=post.summary,
            content=str(render_markup(post.body, base=public_address(request, path))),
            published=post.starts_at or post.created_at,
            # A post written before its publication counts as changed at the publication.
            changed=max(post.updated_at, post.starts_at or post.updated_at),
            pictures=[
                (picture.url(request, "large"), picture.alt, picture.size)
                for picture in pictures.get(post.id, ())
            ],
        )
    return feed.response(written_as)
