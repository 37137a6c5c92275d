"""Views of GeoReport v2."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import colander
from pyramid.response import Response
from translationstring import TranslationString
from webob.multidict import MultiDict

from civicportal.api.database import Work
from civicportal.api.forms import PlaceField, StrictSchema, Values
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.submission import NamedCaller, QuestionnaireService
from civicportal.api.web import Request
from civicportal_reports.categories import topics
from civicportal_reports.i18n import _
from civicportal_reports.open311.documents import Item, refused, respond
from civicportal_reports.open311.items import Items
from civicportal_reports.open311.schemas import (
    MOST_EXTENDED,
    MOST_IDS,
    JurisdictionFields,
    NewRequest,
    NewUpdate,
    OneRequest,
    Pages,
    PictureAddress,
    RequestQuery,
    listed,
    moment,
)
from civicportal_reports.open311.services import SAME, SOURCE, GeoReportService, RequestFilters
from civicportal_reports.places import Location, OutsideCity, locate, outside_reason
from civicportal_reports.services import NewReport
from civicportal_reports.workflow import KIND

SECONDS = 60
"""Life in caches."""
LONGEST = timedelta(days=90)
"""Longest time of a list; source: GeoReport v2, GET Service Requests."""
MOST_PICTURES = 4
MOST_ADDRESSES = 10
READS = "cases:read"
"""Scope of the tokens whose programs see what they have sent themselves."""
_LONGEST_ID = 18
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](\[\])?")
"""The field of an answer: the key of its question, and whether it is one of several."""


class GeoReportError(Exception):
    """A call is refused.

    :ivar status: 400, 403 or 404.
    :ivar descriptions: one for each mistake, for people.
    """

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__(", ".join(descriptions))
        self.status, self.descriptions = status, descriptions


def answer_error(error: GeoReportError, request: Request) -> Response:
    """Answer a refused call in the format that was asked for."""
    return refused(request.path, error.status, error.descriptions)


# -- what there is ------------------------------------------------------------------------------------------


def discovery(request: Request) -> Response:
    """Return where the services are, and in which formats."""
    _read(request, JurisdictionFields(), request.GET)
    return _answer(request, "discovery", Items(request).discovery())


def services(request: Request) -> Response:
    """Return the categories that a new report may have."""
    _read(request, JurisdictionFields(), request.GET)
    items = Items(request)
    found = [items.service_item(topic, leaf) for topic in topics(request.work) for leaf in topic.leaves]
    return _answer(request, "services", found)


def service(request: Request) -> Response:
    """Return the questions of a category."""
    _read(request, JurisdictionFields(), request.GET)
    category = _leaf(request, request.work, request.matchdict["code"])
    return _answer(request, "service_definition", Items(request).definition(category))


# -- requests -----------------------------------------------------------------------------------------------


def requests(request: Request) -> Response:
    """Return a page of requests, latest first."""
    values = _read(request, RequestQuery(), request.GET)
    most = MOST_EXTENDED if values["extensions"] else values["page_size"]
    size = min(values["page_size"], most)
    start, end = _span(request, values)
    states = set(listed(values["status"]))
    asked = RequestFilters(
        ids=_ids(request, values["service_request_id"]) if values["service_request_id"] else None,
        categories=_category_ids(request, values["service_code"]) if values["service_code"] else None,
        is_open=states == {"open"} if len(states) == 1 else None,
        start=start,
        end=end,
        limit=size,
        offset=(values["page"] - 1) * size,
    )
    service = _service(request)
    rows = service.requests(asked)
    items = Items(request)
    if values["extensions"]:
        items.load_extensions([case for case, _report, _photo in rows])
    found = [items.request_item(row, extended=values["extensions"]) for row in rows]
    return _answer(request, "service_requests", found)


def one_request(request: Request) -> Response:
    """Return one request, in a list."""
    values = _read(request, OneRequest(), request.GET)
    row = _service(request).request(_id(request, request.matchdict["id"]))
    items = Items(request)
    if values["extensions"]:
        items.load_extensions([row[0]])
    item = items.request_item(row, extended=values["extensions"])
    return _answer(request, "service_requests", [item])


def token(request: Request) -> Response:
    """Answer 404: every request has its number at once, so there are no tokens."""
    _read(request, JurisdictionFields(), request.GET)
    raise _unknown(request)


def create(request: Request) -> Response:
    """Open a report for a person, or of a citizen themselves."""
    form = request.POST
    values = _read(request, NewRequest(), form)
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        category = _leaf(request, work, values["service_code"])
        answers = _answers(request, work, category, form)
    location = _location(request, values)
    elsewhere = _picture_addresses(request, form)
    files = [
        value for name in ("media", "media[]") for value in form.getall(name) if not isinstance(value, str)
    ]
    if len(files) > MOST_PICTURES:
        told = _("At most ${count} pictures can be sent.", mapping={"count": MOST_PICTURES})
        raise GeoReportError(400, _say(request, told))
    keys = _keys(request, form)
    _count(request, keys[0])
    try:
        new = NewReport(
            category=category,
            location=location,
            body=values["description"],
            photos=request.take_files(files),
            owner=request.upload_owner(),
            source=SOURCE,
            answers=answers,
        )
        service = request.work.get(GeoReportService)
        case = service.create(new, _sender(request, values), keys)
        if elsewhere and not files and not service.was_repeated:
            service.add_pictures_elsewhere(case, elsewhere)
    except Refused as refusal:
        raise GeoReportError(400, _say(request, refusal.reason)) from refusal
    item = {"service_request_id": str(case.id), "service_notice": None, "account_id": None}
    return _answer(request, "service_requests", [item])


# -- updates ------------------------------------------------------------------------------------------------


def updates(request: Request) -> Response:
    """Return the public entries of the histories in a time, earliest first."""
    values = _read(request, Pages(), request.GET)
    start, end = _span(request, values)
    size = values["page_size"]
    found = _service(request).updates(start, end, limit=size, offset=(values["page"] - 1) * size)
    items = Items(request)
    return _answer(request, "service_request_updates", [items.update_item(update) for update in found])


def add_update(request: Request) -> Response:
    """Add what another system has to say about a request."""
    values = _read(request, NewUpdate(), request.POST)
    elsewhere = _picture_addresses(request, request.POST)
    _count(request)
    try:
        event = _service(request).add_update(
            _id(request, values["service_request_id"]), values, _sender(request, values), elsewhere
        )
    except Refused as refusal:
        raise GeoReportError(400, _say(request, refusal.reason)) from refusal
    return _answer(request, "service_request_updates", [{"update_id": str(event.id)}])


# -- parameters ---------------------------------------------------------------------------------------------


def _read(request: Request, schema: StrictSchema, sent: MultiDict[str]) -> Values:
    """Return the parameters of a call; an empty one counts as missing, and others are ignored.

    :raises GeoReportError: 400 with all mistakes, 404 for the jurisdiction of another city.
    """
    values = _deserialize(request, schema, {node.name: sent.get(node.name) for node in schema.children})
    jurisdiction = values["jurisdiction_id"].lower().removeprefix("www.")
    if jurisdiction and jurisdiction not in _jurisdictions(request):
        raise GeoReportError(404, _say(request, _("There is no jurisdiction with this jurisdiction_id.")))
    return values


def _deserialize(request: Request, schema: colander.SchemaNode, sent: Values) -> Values:
    site = request.site
    bound = schema.bind(country=site.country, calendar=site.calendar, days_off=lambda: request.days_off)
    try:
        values: Values = bound.deserialize({name: value for name, value in sent.items() if value})
    except colander.Invalid as wrong:
        raise GeoReportError(400, *_mistakes(request, wrong)) from wrong
    return values


def _mistakes(request: Request, wrong: colander.Invalid) -> Iterator[str]:
    """Yield the mistakes with the names of their parameters."""
    for path in wrong.paths():
        for message in filter(None, path[-1].messages()):
            names = {"lon": "long", "address": "address_string"}
            name = names.get(path[-1].node.name, path[-1].node.name)
            yield f"{name}: {_say(request, message)}" if name else _say(request, message)


def _say(request: Request, text: TranslationString | str) -> str:
    """Return a text in the caller's language; digits stand as they are to be sent."""
    return str(request.localizer.translate(text))


def _jurisdictions(request: Request) -> set[str]:
    own = urlsplit(request.site.public_url or request.host_url).hostname or ""
    return {own.lower().removeprefix("www.")}


def _span(request: Request, values: Values) -> tuple[datetime, datetime]:
    """Return the time of a list, the last 90 days if there is none.

    :raises GeoReportError: 400 when it is longer, or ends before it starts.
    """
    start = moment(values["start_date"]) if values["start_date"] else None
    end = moment(values["end_date"]) if values["end_date"] else None
    try:
        if start is None:
            end = end or request.work.clock.now() + timedelta(seconds=1)
            start = end - LONGEST
        end = end or start + LONGEST
    except OverflowError:
        raise GeoReportError(400, _say(request, _("This time is out of range."))) from None
    if not timedelta() <= end - start <= LONGEST:
        told = _("Ask for at most ${days} days, from start_date to end_date.", mapping={"days": LONGEST.days})
        raise GeoReportError(400, _say(request, told))
    return start, end


def _ids(request: Request, text: str) -> list[int]:
    found = listed(text)
    if len(found) > MOST_IDS:
        told = _("Ask for at most ${count} of them.", mapping={"count": MOST_IDS})
        raise GeoReportError(400, f"service_request_id: {_say(request, told)}")
    return [int(part) for part in found if _is_id(part)]


def _id(request: Request, text: str) -> int:
    if not _is_id(text):
        raise _unknown(request)
    return int(text)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID


def _unknown(request: Request) -> GeoReportError:
    return GeoReportError(404, _say(request, _("There is nothing with this number here.")))


def _category_ids(request: Request, text: str) -> set[int]:
    tree = request.work.get(OrganizationService).categories_of(KIND)
    by_key = {category.key: category.id for category in tree.by_id.values()}
    codes = listed(text)
    if unknown := [code for code in codes if code not in by_key]:
        raise _unknown_service(request, unknown)
    return {by_key[code] for code in codes}


def _leaf(request: Request, work: Work, code: str) -> Category:
    """Return the category of a new report."""
    for topic in topics(work):
        for leaf in topic.leaves:
            if leaf.key == code:
                return leaf
    raise _unknown_service(request, [code])


def _unknown_service(request: Request, codes: Sequence[str]) -> GeoReportError:
    told = _("There is no service with the service_code ${code}.", mapping={"code": ", ".join(codes)[:200]})
    return GeoReportError(404, _say(request, told))


def _location(request: Request, values: Values) -> Location:
    """Return the place of a new request.

    :raises GeoReportError: 400 without any, for half a point, and outside the city.
    """
    point = {"lat": values["lat"], "lon": values["long"]}
    if bool(point["lat"]) != bool(point["lon"]):
        raise GeoReportError(400, _say(request, _("Send lat and long together.")))
    if not point["lat"] and not values["address_string"]:
        raise GeoReportError(400, _say(request, _("Send lat and long, or address_string.")))
    place = _deserialize(request, PlaceField(), {**point, "address": values["address_string"]})
    try:
        return locate(request.site.map, place)
    except OutsideCity:
        raise GeoReportError(400, _say(request, outside_reason(request.site))) from None


def _answers(request: Request, work: Work, category: Category, form: MultiDict[str]) -> Values:
    """Return the answers to the questions of a category, by their keys.

    :raises GeoReportError: 400 with every answer that is missing or not allowed, and with the message of a choice with
        which no report is taken.
    """
    sent: dict[str, list[str]] = {}
    for name, value in form.items():
        match = _ATTRIBUTE.fullmatch(name)
        if match and value and isinstance(value, str):
            sent.setdefault(match[1], []).append(value)
    service = work.get(QuestionnaireService)
    several = {one.key for one in service.questions(category.id) if one.datatype == "multivaluelist"}
    given = {key: values if key in several or len(values) > 1 else values[0] for key, values in sent.items()}
    try:
        return dict(service.read(category.id, given))
    except Refused as refusal:
        told = [
            f"attribute[{pointer.rpartition('/')[2]}]: {_say(request, text)}"
            for pointer, text in refusal.pointers.items()
        ]
        raise GeoReportError(400, *(told or [_say(request, refusal.reason)])) from refusal


def _picture_addresses(request: Request, form: MultiDict[str]) -> list[str]:
    """Return the addresses of pictures on other servers. They are never fetched."""
    sent = [value for name in ("media_url", "media_url[]") for value in form.getall(name) if value]
    if len(sent) > MOST_ADDRESSES:
        told = _("At most ${count} pictures can be sent.", mapping={"count": MOST_ADDRESSES})
        raise GeoReportError(400, _say(request, told))
    return [_deserialize(request, PictureAddress(), {"media_url": one})["media_url"] for one in sent]


def _sender(request: Request, values: Values) -> Values:
    """Return the person for whom a program writes; without a mobile no name is stored."""
    node = NamedCaller()["mobile"].bind(country=request.site.country)
    try:
        mobile = node.deserialize(values["phone"] or colander.null)
    except colander.Invalid:
        # A landline gets no messages.
        mobile = None
    name = " ".join(filter(None, (values["first_name"], values["last_name"])))
    return {"mobile": mobile, "name": name if mobile and len(name) > 1 else ""}


# -- limits, and what is sent twice -------------------------------------------------------------------------


def _count(request: Request, key: str = "") -> None:
    """Count a call by its token and address, and the report of a citizen, which sent again counts once.

    :raises LimitExceeded: when a limit is used up.
    """
    limits, token = request.site.limits, request.token
    assert token
    limits.spend(("api_address", request.remote_addr), ("api_token", token.id))
    if key and request.identity.is_citizen:
        limits.count_uses(("submit_citizen", token.user_id), same=("submit_same", key))


def _keys(request: Request, form: MultiDict[str]) -> list[str]:
    """Return the idempotency keys of a new request: of its contents and the present ten minutes, and of those before.

    GeoReport has no keys, and programs try again when no answer has arrived.
    """
    assert request.token
    sent = json.dumps([(name, _content(value)) for name, value in form.items() if name != "api_key"])
    part = int(request.site.clock.now().timestamp() // SAME.total_seconds())
    mac, user = request.site.keys.mac, str(request.token.user_id)
    return [mac("open311", user, str(number), sent).hex()[:32] for number in (part, part - 1)]


def _content(value: object) -> str:
    """Return a text, or the digest of a file."""
    file = getattr(value, "file", None)
    if file is None:
        return str(value)
    file.seek(0)
    digest = sha256(file.read()).hexdigest()
    file.seek(0)
    return digest


# -- answers ------------------------------------------------------------------------------------------------


def _service(request: Request) -> GeoReportService:
    service: GeoReportService = request.work.get(GeoReportService)
    service.reads_own = request.token is not None and (
        request.method == "POST" or request.token.allows(READS)
    )
    return service


def _answer(request: Request, root: str, value: Item | list[Item]) -> Response:
    response = respond(request.matchdict["format"], root, value)
    response.vary = ("Accept-Language", "Authorization", "Cookie")
    if request.method == "POST" or request.token is not None:
        response.cache_control = "private, no-store"
        return response
    response.cache_control = f"public, max-age={SECONDS}"
    response.md5_etag()
    response.conditional_response = True
    return response
