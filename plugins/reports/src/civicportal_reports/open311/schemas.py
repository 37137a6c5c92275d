"""Parameters of GeoReport v2."""

import re
from datetime import UTC, datetime

import colander

from civicportal.api.forms import BoundedInt, CleanText, Flag, Node, StrictSchema
from civicportal_reports.i18n import _

MOST = 1000
"""Requests or updates of one answer."""
MOST_EXTENDED = 100
"""Requests of one answer with their extensions."""
MOST_IDS = 100
EXTENDED_STATES = (
    "open",
    "closed",
    "fixed",
    "in_progress",
    "planned",
    "action_scheduled",
    "investigating",
    "duplicate",
    "not_councils_responsibility",
    "no_further_action",
    "internal_referral",
    "cancelled",
    "reopen",
    "for_triage",
    "unchanged",
)
"""States of updates; source: FixMyStreet, ``Open311 extensions``."""
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)", re.ASCII)


def moment(text: str) -> datetime:
    """Return a time with its offset; a plus sign that was not encoded in an address arrives as a blank.

    :raises ValueError: for anything else.
    """
    found = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.upper()))
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def _is_moment(node: colander.SchemaNode, text: str) -> None:
    try:
        moment(text)
    except ValueError:
        raise colander.Invalid(
            node, _("Write a time with its offset, such as 2026-03-21T08:00:00Z.")
        ) from None


def _are_states(node: colander.SchemaNode, text: str) -> None:
    if not set(listed(text)) <= {"open", "closed"}:
        raise colander.Invalid(node, _("Write open, closed, or both with a comma between them."))


def _is_extended_state(node: colander.SchemaNode, text: str) -> None:
    if text.lower() not in EXTENDED_STATES:
        raise colander.Invalid(node, _("There is no such status."))


def _is_address(node: colander.SchemaNode, text: str) -> None:
    if not re.fullmatch(r"https?://[\x21-\x7e]+", text, re.ASCII | re.IGNORECASE):
        raise colander.Invalid(node, _("Write an address that begins with https://."))


def listed(text: str) -> list[str]:
    """Return the values of a list with commas."""
    return [part for part in (part.strip() for part in text.split(",")) if part]


class JurisdictionFields(StrictSchema):
    """The parameter of every call."""

    jurisdiction_id = Node(CleanText(0, 255), missing="")


class Pages(JurisdictionFields):
    """A page of a list within a time."""

    start_date = Node(CleanText(0, 40), missing="", validator=_is_moment)
    end_date = Node(CleanText(0, 40), missing="", validator=_is_moment)
    page = Node(BoundedInt(1, 100_000), missing=1)
    page_size = Node(BoundedInt(1, MOST), missing=MOST)


class RequestQuery(Pages):
    """The filters of the list of requests."""

    service_request_id = Node(CleanText(0, 2000), missing="")
    service_code = Node(CleanText(0, 2000), missing="")
    status = Node(CleanText(0, 40), missing="", validator=_are_states)
    extensions = Node(Flag(), missing=False)


class OneRequest(JurisdictionFields):
    """The parameters of one request."""

    extensions = Node(Flag(), missing=False)


class Sender(JurisdictionFields):
    """The person for whom a program writes."""

    first_name = Node(CleanText(0, 60), missing="")
    last_name = Node(CleanText(0, 60), missing="")
    phone = Node(CleanText(0, 60), missing="")


class NewRequest(Sender):
    """A new request."""

    service_code = Node(CleanText(1, 60))
    lat = Node(CleanText(0, 40), missing="")
    long = Node(CleanText(0, 40), missing="")
    address_string = Node(CleanText(0, 300, multiline=True), missing="")
    address_id = Node(CleanText(0, 300), missing="")
    description = Node(CleanText(0, 4000, multiline=True), missing="")


class PictureAddress(StrictSchema):
    """The address of a picture on another server."""

    media_url = Node(CleanText(0, 1000), missing="", validator=_is_address)


class NewUpdate(Sender):
    """What another system has to say about a request."""

    service_request_id = Node(CleanText(1, 40))
    update_id = Node(CleanText(1, 100))
    updated_datetime = Node(CleanText(1, 40), validator=_is_moment)
    status = Node(CleanText(1, 40), validator=_is_extended_state)
    description = Node(CleanText(1, 4000, multiline=True))
