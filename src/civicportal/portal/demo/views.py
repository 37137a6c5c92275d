"""The demo telephones: messages received by each person, and their answers."""

from contextlib import suppress

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from sqlalchemy import func, select

from civicportal.domain.accounts.models import User
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.portal.demo.schemas import Behaviour, InboundSms
from civicportal.util.countries import InvalidMobile
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option


def phones(request: Request) -> dict[str, object]:
    """List the telephones: unknown numbers first, then people, latest message first."""
    counts = request.registry.phones.counts(request.work)
    people = request.work.session.execute(
        select(User.name, User.mobile, User.username).where(User.mobile.is_not(None)).order_by(User.id)
    ).all()
    place = {number: index for index, number in enumerate(counts)}
    known = {row.mobile for row in people}
    return {
        "people": sorted(people, key=lambda row: place.get(row.mobile, len(place))),
        "strangers": [number for number in counts if number not in known],
        "counts": counts,
        "form": _behaviour(request),
    }


def behave(request: Request) -> HTTPSeeOther:
    """Change the behaviour of the provider."""
    with suppress(FormInvalid):
        request.registry.phones.behave(_behaviour(request).validate(request.POST)["mode"])
    return HTTPSeeOther(request.route_path("demo.phones"))


def phone(request: Request) -> ViewResult:
    """Show a telephone, or send its owner's message to the city's number."""
    try:
        number = request.site.country.normalize_mobile(request.matchdict["number"])
    except InvalidMobile:
        raise HTTPNotFound from None
    provider, work = request.registry.phones, request.work

    def send(values: Values) -> HTTPSeeOther:
        provider.answer(work, number, values["text"])
        return HTTPSeeOther(request.route_path("demo.phone", number=request.matchdict["number"]))

    waiting = select(func.count()).where(OutboxMessage.recipient == number, OutboxMessage.state == "new")
    return BoundForm(request, InboundSms()).handle(
        send,
        number=number,
        owner=work.session.scalar(select(User).where(User.mobile == number)),
        messages=provider.messages(work, number),
        waiting=work.session.scalar(waiting),
        stop=min(request.site.country.stop_words, key=len),
        start=min(request.site.country.start_words, key=len),
    )


def _behaviour(request: Request) -> BoundForm:
    provider = request.registry.phones
    modes = [Option(value=name, label=title) for name, title in provider.modes.items()]
    return BoundForm(request, Behaviour(), initial={"mode": provider.mode}, bindings={"modes": modes})
