"""Announcements on home page and desk."""

from collections.abc import Iterator

from civicportal.api.localization import format_number
from civicportal.api.web import DashboardWidget, Request
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.i18n import _
from civicportal_announcements.schemas import settings_of
from civicportal_announcements.services import EDIT

TEMPLATES = "civicportal_announcements:templates/announcements/widgets"
FEED = "civicportal_announcements:templates/announcements/feed_link.jinja2"


def dashboard_widgets(request: Request) -> Iterator[DashboardWidget]:
    """Return the feed link, the officers' summary, and card and list if there are announcements."""
    yield DashboardWidget(name="announcements.feed", area="head", template=FEED)
    board = request.display_work.get(AnnouncementReader)
    if request.identity.is_staff and request.identity.permits(EDIT):
        counts = board.counts()
        yield _desk(counts)
        count = counts["live"]
    else:
        count = board.count_live()
    if count:
        yield _card(request, count)
        yield _board(request, board)


def _card(request: Request, count: int) -> DashboardWidget:
    number = format_number(count, request.locale_name)
    return DashboardWidget.card(
        name="announcements",
        title=_("Announcement board"),
        text=_("Announcements: ${count}", mapping={"count": number}),
        url=request.route_path("announcements.list"),
        icon="speakerphone",
        tone="g",
        weight=20,
    )


def _board(request: Request, board: AnnouncementReader) -> DashboardWidget:
    def context() -> dict[str, object]:
        posts = board.live(int(settings_of(request.site)["on_home"]))
        pictures = board.pictures(posts)
        return {"posts": [(post, pictures[post.id][:1]) for post in posts]}

    return DashboardWidget(
        name="announcements.board",
        area="main",
        template=f"{TEMPLATES}/board.jinja2",
        weight=100,
        context=context,
    )


def _desk(counts: dict[str, int]) -> DashboardWidget:
    return DashboardWidget(
        name="announcements.desk",
        area="desk",
        template=f"{TEMPLATES}/desk.jinja2",
        weight=20,
        context={"counts": counts},
    )
