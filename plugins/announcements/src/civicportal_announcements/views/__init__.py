"""Views of announcements."""

from pyramid.config import Configurator

from civicportal.api.web import PagePermission, add_pages
from civicportal_announcements.broadcasts import SEND
from civicportal_announcements.rest import OPERATIONS
from civicportal_announcements.services import EDIT

#: The first matching pattern is taken.
ROUTES = {
    "announcements.list": "/announcements",
    "announcements.feed": "/announcements/feed.xml",
    "announcements.rss": "/announcements/rss.xml",
    "announcements.page": r"/announcements/{id:\d{1,18}}",
    "announcements.image": r"/announcements/images/{key:[\w-]{22}}/{size:small|medium|large}",
    "announcements.desk": "/desk/announcements",
    "announcements.new": "/desk/announcements/new",
    "announcements.words": "/desk/announcements/words",
    "announcements.edit": r"/desk/announcements/{id:\d{1,18}}",
    "announcements.preview": r"/desk/announcements/{id:\d{1,18}}/preview",
    "announcements.move": r"/desk/announcements/{id:\d{1,18}}/move",
    "announcements.pin": r"/desk/announcements/{id:\d{1,18}}/pin",
    "announcements.delete": r"/desk/announcements/{id:\d{1,18}}/delete",
    "announcements.restore": r"/desk/announcements/{id:\d{1,18}}/restore",
    "announcements.broadcasts": "/desk/announcements/broadcasts",
    "announcements.broadcast_new": "/desk/announcements/broadcasts/new",
    "announcements.broadcast": r"/desk/announcements/broadcasts/{id:\d{1,18}}",
    "announcements.broadcast_stop": r"/desk/announcements/broadcasts/{id:\d{1,18}}/stop",
}
#: Route, view, template or renderer, permission, methods.
VIEWS: tuple[tuple[str, str, str | None, str, str | tuple[str, ...]], ...] = (
    ("announcements.list", "public.listing", "list", PagePermission.EVERYBODY, "GET"),
    ("announcements.feed", "public.atom_feed", None, PagePermission.EVERYBODY, "GET"),
    ("announcements.rss", "public.rss_feed", None, PagePermission.EVERYBODY, "GET"),
    ("announcements.page", "public.page", "page", PagePermission.EVERYBODY, "GET"),
    ("announcements.image", "images.image", None, PagePermission.EVERYBODY, "GET"),
    ("announcements.desk", "desk.listing", "desk", EDIT, "GET"),
    ("announcements.new", "editor.new", "edit", EDIT, ("GET", "POST")),
    ("announcements.edit", "editor.edit", "edit", EDIT, ("GET", "POST")),
    ("announcements.words", "editor.words", "words", EDIT, "POST"),
    ("announcements.preview", "desk.preview", "page", EDIT, "GET"),
    ("announcements.move", "desk.move", None, EDIT, "POST"),
    ("announcements.pin", "desk.pin", None, EDIT, "POST"),
    ("announcements.delete", "desk.delete", None, EDIT, "POST"),
    ("announcements.restore", "desk.restore", None, EDIT, "POST"),
    ("announcements.broadcasts", "broadcasts.listing", "broadcasts", SEND, "GET"),
    ("announcements.broadcast_new", "broadcasts.new", "broadcast_new", SEND, ("GET", "POST")),
    ("announcements.broadcast", "broadcasts.show", "broadcast", SEND, "GET"),
    ("announcements.broadcast_stop", "broadcasts.stop", None, SEND, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add routes, views and the operations of the API; the form of an announcement has picture uploads."""
    config.add_operations(OPERATIONS)
    config.registry.settings["civicportal.upload_paths"].append(ROUTES["announcements.desk"])
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal_announcements.views",
        templates="civicportal_announcements:templates/announcements",
    )
