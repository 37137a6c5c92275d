"""Notifications to citizens: texts, outbox, transports, and their administration."""

from pyramid.config import Configurator

from civicportal.web.pages import add_pages

SEE, MANAGE = "core:message:view", "core:setting:manage"
ROUTES = {
    "admin.messages": "/admin/messages",
    "admin.messages_find": "/admin/messages/find",
    "admin.gate_open": "/admin/messages/gate/open",
    "admin.message_again": r"/admin/messages/{id:\d{1,18}}/again",
    "admin.message_texts": "/admin/messages/texts",
    "admin.message_text": r"/admin/messages/texts/{key:[a-z0-9_.]{1,60}}",
    "admin.message_text_reset": r"/admin/messages/texts/{key:[^/]{1,60}}/reset",
}
#: Route, view, template, permission, method.
VIEWS = (
    ("admin.messages", "messages", "messages", SEE, "GET"),
    ("admin.messages_find", "find", None, SEE, "POST"),
    ("admin.gate_open", "open_gate", None, MANAGE, "POST"),
    ("admin.message_again", "again", None, SEE, "POST"),
    ("admin.message_texts", "texts", "texts", MANAGE, "GET"),
    ("admin.message_text", "text", "text", MANAGE, "GET"),
    ("admin.message_text", "text", "text", MANAGE, "POST"),
    ("admin.message_text_reset", "reset", "text_reset", MANAGE, "GET"),
    ("admin.message_text_reset", "reset", "text_reset", MANAGE, "POST"),
)


def includeme(config: Configurator) -> None:
    """Add the pages of administrators."""
    add_pages(
        config,
        ROUTES,
        VIEWS,
        views="civicportal.domain.notifications.views",
        templates="civicportal:templates/notifications",
    )
