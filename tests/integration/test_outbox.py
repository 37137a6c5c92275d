"""What is promised when: people, keys, fields, waiting times, undo, codes."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from civicportal.core.security import Grant, Identity
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import OtpChallenge
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.notifications.core_texts import CORE_TEXTS
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.inbound import answer
from civicportal.domain.notifications.models import InboundMessage, StoredText
from civicportal.domain.notifications.notices import NoticeData, NoticeRenderer, keys_of_step
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.sms import SmsLength, utf16_len
from civicportal.domain.notifications.texts import TextService
from civicportal.testing import NOON, PETITIONS, make_case, make_citizen, make_staff, make_unit, outbox

pytestmark = pytest.mark.both_databases

CITIZEN, FOLLOWER = "+989000000001", "+989000000002"
NIGHT = datetime(2026, 5, 30, 20, 0, tzinfo=UTC)
"""23:30 in Tehran."""
MORNING = datetime(2026, 5, 31, 4, 30, tzinfo=UTC)
"""8:00 the next day."""


@pytest.fixture
def city(site):
    """A case in the hands of an administrator."""
    with site.work() as work:
        unit = make_unit(work, "waste", name="سازمان پسماند", short_name="پسماند")
        make_staff(work, "worker", unit=unit)
        make_unit(work, "lighting", name="ادارهٔ روشنایی", short_name="روشنایی")
        boss = make_staff(work, "administrator")
        code = make_case(work, citizen=make_citizen(work, CITIZEN)).code
        follower = make_citizen(work, FOLLOWER)
        return SimpleNamespace(
            code=code,
            unit_id=unit.id,
            follower_id=follower.id,
            officer=Identity(
                user_id=boss.id,
                name=boss.name,
                realm="staff",
                grants=(Grant(permissions=frozenset(), administrator=True),),
            ),
        )


def act(site, city, *steps, **values):
    with site.work(actor=city.officer) as work:
        cases = work.get(CaseService)
        for step in steps:
            cases.apply(cases.fetch(city.code, "work", lock=True), step, **values)


def messages(site, recipient=None):
    with site.work(write=False) as work:
        rows = outbox(work, recipient)
        for row in rows:
            work.session.expunge(row)
        return rows


def test_registered_goes_at_once_to_the_citizen(site, city):
    (message,) = messages(site)
    assert (message.recipient, message.kind, message.lane) == (CITIZEN, "petitions.registered", "notices")
    assert message.text == f"Petition {city.code} is registered."
    assert json.loads(message.fields)["TRACK"] == city.code
    assert message.next_at == NOON


def test_registered_does_not_wait_for_the_morning(site, clock):
    clock.set(NIGHT)
    with site.work() as work:
        make_case(work)
    assert messages(site)[0].next_at == NIGHT


def test_a_staff_action_waits_for_its_undo(site, city):
    act(site, city, "accept")
    message = messages(site)[-1]
    assert message.kind == "petitions.working"
    assert message.next_at == NOON + timedelta(seconds=30)


def test_notices_of_the_night_wait_for_the_morning(site, city, clock):
    clock.set(NIGHT)
    act(site, city, "accept")
    assert messages(site)[-1].next_at == MORNING


def test_undo_takes_the_notice_back(site, city, clock):
    act(site, city, "accept")
    clock.advance(seconds=20)
    with site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(city.code, "work", lock=True)
        undo = work.get(UndoService)
        undo.undo(case, undo.last(case).id)
    assert [message.state for message in messages(site)] == ["new", "cancelled"]


def test_a_silent_step_sends_no_message(site, city):
    act(site, city, "accept", notify=False)
    assert len(messages(site)) == 1


def test_a_state_without_a_text_changes_the_case_and_sends_no_message(site, city):
    act(site, city, "accept", "pause")
    assert [message.kind for message in messages(site)] == ["petitions.registered", "petitions.working"]


def test_followers_hear_of_every_step_but_never_the_tracking_code(site, city):
    with site.work() as work:
        case = work.get(CaseService).fetch(city.code)
        number = str(case.id)
        work.get(FollowerService).follow(case, city.follower_id)
    act(site, city, "accept")
    (message,) = messages(site, FOLLOWER)
    assert city.code not in message.text + message.fields
    assert json.loads(message.fields)["TRACK"].translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")) == number


def test_muted_people_hear_nothing(site, city):
    owner = Identity(user_id=city.follower_id, name="", realm="citizen")
    with site.work(actor=owner) as work:
        case = work.session.scalar(select(Case).where(Case.code == city.code))
        work.get(FollowerService).follow(case)
        work.get(FollowerService).mute(case)
    act(site, city, "accept")
    assert messages(site, FOLLOWER) == []


def test_a_referral_names_the_new_unit(site, city):
    with site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(city.code, "refer", lock=True)
        work.get(KartableService).refer(case, city.unit_id)
    message = messages(site)[-1]
    assert message.kind == "petitions.referred"
    assert message.text == f"Petition {city.code} was referred to پسماند."


def test_an_event_notifies_a_person_once(site, city):
    with site.work() as work:
        case = work.get(CaseService).fetch(city.code)
        event = work.get(CaseService).events(case)[0]
        work.get(NotificationService).case_changed(CaseChange(case=case, event=event, kind=PETITIONS))
    assert len(messages(site)) == 1


def test_the_preview_equals_what_is_sent(site, city):
    with site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(city.code, "work", lock=True)
        service = work.get(NotificationService)
        step = service.preview_step(case, target="working")
        referral = service.preview_step(case, unit_id=city.unit_id)
        work.get(KartableService).refer(case, city.unit_id)
        work.get(CaseService).apply(case, "accept")
    sent = [message.text for message in messages(site)]
    assert sent[1:] == [referral.text, step.text]
    assert step.length == SmsLength.of(step.text)


def test_keys_of_steps():
    assert keys_of_step(PETITIONS, "registered", "working") == ["petitions.working"]
    assert keys_of_step(PETITIONS, "done", "working") == ["petitions.reopened", "petitions.working"]
    assert keys_of_step(PETITIONS, "working", "working") == ["petitions.reworking", "petitions.working"]


def test_a_note_needs_a_text_with_room_and_is_cut(site, city):
    fields = {"NOTE": "ن" * 40, "TRACK": city.code, "UNIT": "و" * 40}
    with site.work(write=False) as work:
        texts = work.get(TextService)
        assert texts.values("petitions.registered", fields) == {
            "TRACK": city.code,
            "SITE": "نمونه",
            "HOST": "",
            "PHONE": "شهرداری",
        }
        assert utf16_len(texts.values("petitions.referred", fields)["UNIT"]) == 24
        facts = NoticeData(status="working", moment=NOON, note="x")
        assert work.get(NoticeRenderer).choose(["petitions.working"], facts) == "petitions.working"


def test_a_step_names_the_moment_of_an_appointment(site, city):
    moment = datetime(2026, 6, 10, 7, 0, tzinfo=UTC)
    act(site, city, "accept", data={CaseEvent.NOTICE: {"moment": moment.isoformat()}})
    with site.work(write=False) as work:
        case = work.get(CaseService).fetch(city.code)
        facts = NoticeData(status=case.status, moment=moment)
        fields = work.get(NoticeRenderer).fields(case, facts, "fa")
    assert (fields["DATE"], fields["TIME"]) == ("۱۴۰۵/۰۳/۲۰", "۱۰:۳۰")


def test_the_sites_wording_wins_and_fields_are_an_allow_list(site, city):
    with site.work() as work:
        work.session.add(
            StoredText(
                key="petitions.working",
                locale="fa",
                text="{TRACK} {UNIT} {0} {TRACK.__class__} {SITE}",
                updated_at=NOON,
            )
        )
    act(site, city, "accept")
    assert messages(site)[-1].text == f"{city.code} {{UNIT}} {{0}} {{TRACK.__class__}} نمونه"
    with site.work(write=False) as work:
        texts = work.get(TextService)
        assert texts.unknown_fields("petitions.working", "{TRACK} {UNIT} {X}") == ["UNIT", "X"]
        assert texts.render("petitions.nothing", None, {}) is None


def test_texts_of_the_core_fit_one_part(site):
    with site.work(write=False) as work:
        texts = work.get(TextService)
        for text in CORE_TEXTS:
            assert SmsLength.of(texts.sample(text.key)).parts == 1, text.key


def challenge(work, **values):
    row = OtpChallenge(
        nonce=b"n" * 16,
        purpose="login",
        mobile=CITIZEN,
        cookie_hash="c",
        created_at=work.clock.now(),
        expires_at=work.clock.now() + timedelta(minutes=3),
        **values,
    )
    work.session.add(row)
    work.session.flush()
    return row


def test_a_code_is_stored_nowhere(site):
    code = site.keys.otp_code(b"n" * 16)
    with site.work() as work:
        work.get(SendingGateService).seen()
        row = challenge(work)
        service = work.get(NotificationService)
        service.send_code(row)
        (message,) = outbox(work)
        assert (message.lane, message.text, message.expires_at) == ("codes", "", row.expires_at)
        assert code not in message.fields
        assert code in service.text_of(message)
        assert work.get(AccountMessages).state_of_code(row) == "waiting"


def test_a_hollow_challenge_sends_nothing_and_looks_the_same(site, clock):
    with site.work() as work:
        work.get(SendingGateService).seen()
        row = challenge(work, hollow=True)
        service = work.get(NotificationService)
        service.send_code(row)
        assert outbox(work) == []
        assert work.get(AccountMessages).state_of_code(row) == "waiting"
        clock.advance(seconds=2)
        assert work.get(AccountMessages).state_of_code(row) == "sent"


def test_send_is_quiet_at_night_once_and_refuses_unknown_texts(site, clock):
    clock.set(NIGHT)
    with site.work() as work:
        service = work.get(NotificationService)
        assert not service.send("nobody.knows", recipient=CITIZEN)
        assert service.send("staff.overdue", recipient=CITIZEN, fields={"COUNT": "۳"}, once="overdue:1")
        assert service.send("staff.overdue", recipient=CITIZEN, fields={"COUNT": "۳"}, once="overdue:1")
        assert service.send("staff.overdue", recipient=CITIZEN, fields={"COUNT": "۳"}, at_once=True)
        assert [message.next_at for message in outbox(work)] == [MORNING, NIGHT]


def test_only_the_owner_gets_the_status_by_sms(site, city):
    with site.work(write=False) as work:

        def ask(sender, text):
            return answer(InboundMessage(provider_id="1", sender=sender, text=text, received_at=NOON), work)

        spaced = f"{city.code[:4]} {city.code[4:7]} {city.code[7:]}"
        persian = city.code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        for text in (city.code, f"سلام {persian}", spaced):
            reply = ask(CITIZEN, text)
            assert reply.kind == "petitions.status"
            assert reply.fields["TRACK"] == city.code
        # As for a code that there is none: nothing tells that a case has it.
        assert ask(FOLLOWER, city.code).kind == "inbound.unknown_code"
        assert ask(CITIZEN, "سلام") is None
