"""Fields of messages that a kind of case fills in itself: said whole or refused, never cut."""

from dataclasses import replace

import colander
import pytest
from sqlalchemy import update

from civicportal.api.cases import Case, CaseEvent, CaseService, Prefill
from civicportal.api.forms import CleanText, Node, StrictSchema
from civicportal.api.notifications import MessageText
from civicportal.api.people import User
from civicportal.api.plugins import Refused
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.notifications.notices import MessageFieldsMissing
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import PETITIONS, make_case, make_unit
from civicportal.util.i18n import _

PLACE = "12 B, second floor"
LONG = "12 B, second floor, by the stairs"
TEXT = MessageText(
    key="petitions.working",
    title=_("In work"),
    text=_("{TRACK}: come to {ROOM}, {MOOD}."),
    fields=("TRACK", "ROOM", "MOOD"),
)
XHR = {"X-Requested-With": "XMLHttpRequest"}


def room_of(case, work):
    """The room is the case's place; the mood is a text to be translated."""
    assert work.session is not None
    return {"ROOM": case.place, "MOOD": _("Good"), "UNUSED": "x" * 100}


class Visit(StrictSchema):
    """A form that says in the message what is in it."""

    room = Node(CleanText(1, 25))

    def deserialize(self, cstruct=colander.null):
        values = super().deserialize(cstruct)
        return {**values, CaseEvent.NOTICE: {"note": values["room"]}}


@pytest.fixture
def desk(site, citizen, staff, monkeypatch):
    """A case with a kind that has fields of its own, and an officer."""
    accept = replace(
        PETITIONS.workflow.transitions[0], notice=lambda values, work: {"ROOM": "7", "MOOD": "in the preview"}
    )
    workflow = replace(PETITIONS.workflow, transitions=(accept, *PETITIONS.workflow.transitions[1:]))
    kind = replace(PETITIONS, message_fields=room_of, workflow=workflow)
    monkeypatch.setitem(kinds_of(site), "petitions", kind)
    monkeypatch.setitem(site.messages, TEXT.key, TEXT)
    with site.work() as work:
        make_unit(work, "pr")
        user = work.session.get_one(User, citizen.user_id)
        code = make_case(work, citizen=user, place=PLACE).code
    return code, staff("officer", "pr")


def accept(site, code, officer):
    with site.work(actor=officer) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(code, lock=True), "accept")


def move_to(site, place):
    with site.work() as work:
        work.session.execute(update(Case).values(place=place))


def test_a_message_says_what_its_kind_says_of_the_case(site, citizen, desk, outbox):
    accept(site, *desk)
    message = outbox(citizen)[-1]
    assert message.text == f"{desk[0]}: come to {PLACE}, خوب."


def test_what_is_too_long_refuses_the_step_and_loses_nothing(site, citizen, desk, outbox):
    move_to(site, LONG)
    with pytest.raises(Refused, match="The SMS has room") as refusal:
        accept(site, *desk)
    assert LONG in refusal.value.reason.interpolate()
    with site.work(write=False) as work:
        assert work.session.query(Case).one().status == "registered"
    assert [message.kind for message in outbox(citizen)] == ["petitions.registered"]


def test_an_officer_reads_it_in_the_form(site, app, login, desk):
    code, officer = desk
    move_to(site, LONG)
    login(officer)
    page = app.get(f"/kartable/cases/{code}")
    form = next(form for form in page.forms.values() if "/accept" in form.action)
    answer = form.submit(status=422)
    assert "second floor, by the stairs" in answer.html.select_one(".err-summary").text


def test_the_preview_says_what_the_form_says(site, app, login, desk):
    code, officer = desk
    login(officer)
    address = f"/kartable/cases/{code}/preview?transition=accept"
    assert "come to 7, in the preview." in app.get(address, headers=XHR).text


def test_the_preview_says_that_something_is_too_long(site, app, login, desk, monkeypatch):
    code, officer = desk
    kind = kinds_of(site)["petitions"]
    first = replace(kind.workflow.transitions[0], notice=lambda values, work: {"note": LONG, "ROOM": LONG})
    workflow = replace(kind.workflow, transitions=(first, *kind.workflow.transitions[1:]))
    monkeypatch.setitem(kinds_of(site), "petitions", replace(kind, workflow=workflow))
    login(officer)
    shown = app.get(f"/kartable/cases/{code}/preview?transition=accept", headers=XHR, status=200)
    assert "second floor, by the stairs" in shown.html.select_one(".danger-text").text


def test_the_preview_of_a_prefilled_step_says_what_its_form_would_say(site, app, login, desk, monkeypatch):
    code, officer = desk
    kind = kinds_of(site)["petitions"]
    step = replace(
        kind.workflow.transitions[0],
        schema=Visit,
        prefill=lambda case, work: Prefill(initial={"room": case.place}),
        notice=None,
    )
    workflow = replace(kind.workflow, transitions=(step, *kind.workflow.transitions[1:]))
    monkeypatch.setitem(kinds_of(site), "petitions", replace(kind, workflow=workflow))
    text = MessageText(
        key="petitions.working_note",
        title=_("Note"),
        text=_("{TRACK}: room {NOTE}"),
        fields=("TRACK", "NOTE"),
    )
    monkeypatch.setitem(site.messages, text.key, text)
    login(officer)
    address = f"/kartable/cases/{code}/preview?transition=accept"
    assert f"room {PLACE}" in app.get(address, headers=XHR).text


def test_a_kind_that_does_not_fill_in_a_field_is_found_in_the_first_test(site, desk, monkeypatch):
    monkeypatch.setitem(
        kinds_of(site), "petitions", replace(kinds_of(site)["petitions"], message_fields=None)
    )
    with pytest.raises(MessageFieldsMissing, match=r"petitions\.working.*\{MOOD\}, \{ROOM\}"):
        accept(site, *desk)


def test_a_note_that_is_too_long_is_refused_too(site, citizen, monkeypatch, staff):
    text = MessageText(
        key="petitions.registered", title=_("Note"), text=_("{TRACK}: {NOTE}"), fields=("TRACK", "NOTE")
    )
    monkeypatch.setitem(site.messages, text.key, text)
    with site.work(write=False) as work, pytest.raises(Refused, match="The SMS has room"):
        work.get(NotificationService).texts.render(text.key, None, {"NOTE": LONG, "TRACK": "1"})


def test_names_of_statuses_and_units_are_shortened_as_before(site):
    with site.work(write=False) as work:
        values = work.get(NotificationService).texts.values(
            "petitions.status", {"STATUS": "s" * 30, "TRACK": "1"}
        )
    assert values["STATUS"] == "s" * 25
