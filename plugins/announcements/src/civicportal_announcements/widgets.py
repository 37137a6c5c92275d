"""Announcements on home page and desk."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from translationstring import TranslationString

from civicportal.api.localization import format_number
from civicportal.api.web import DashboardWidget, Request
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.i18n import _
from civicportal_announcements.models import Post
from civicportal_announcements.schemas import settings_of
from civicportal_announcements.services import EDIT

TEMPLATES = "civicportal_announcements:templates/announcements/widgets"
FEED = "civicportal_announcements:templates/announcements/feed_link.jinja2"


def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the feed link, the officers' summary, and card and list if there are announcements."""
    yield DashboardWidget(name="announcements.feed", area="head", template=FEED)
    board = request.display_work.get(AnnouncementReader)
    if request.identity.is_staff and request.identity.permits(EDIT):
        yield _desk(board)

    @cache
    def first() -> tuple[Sequence[Post], int]:
        return board.first(int(settings_of(request.site)["on_home"]))

    yield _card(request, first)
    yield _board(board, first)


def _card(request: Request, first: Callable[[], tuple[Sequence[Post], int]]) -> DashboardWidget:
    def text() -> TranslationString | None:
        _posts, count = first()
        number = format_number(count, request.locale_name)
        return _("Announcements: ${count}", mapping={"count": number}) if count else None

    return DashboardWidget.card(
        name="announcements",
        title=_("Announcement board"),
        text=text,
        url=request.route_path("announcements.list"),
        icon="speakerphone",
        tone="g",
        weight=20,
    )


def _board(board: AnnouncementReader, first: Callable[[], tuple[Sequence[Post], int]]) -> DashboardWidget:
    def context() -> dict[str, object] | None:
        posts, _count = first()
        if not posts:
            return None
        pictures = board.pictures(posts)
        return {"posts": [(post, pictures[post.id][:1]) for post in posts]}

    return DashboardWidget(
        name="announcements.board",
        area="main",
        template=f"{TEMPLATES}/board.jinja2",
        weight=100,
        context=context,
    )


def _desk(board: AnnouncementReader) -> DashboardWidget:
    return DashboardWidget(
        name="announcements.desk",
        area="desk",
        template=f"{TEMPLATES}/desk.jinja2",
        weight=20,
        context=lambda: {"counts": board.counts()},
    )
