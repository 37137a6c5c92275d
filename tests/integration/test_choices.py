"""What people want to be told by SMS, and who is asked for it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.broadcasts import BroadcastLane
from civicportal.domain.notifications.choices import NotificationPreferences, PreferenceService
from civicportal.testing import make_case, make_citizen, outbox


@pytest.fixture
def citizen(site):
    with site.work() as work:
        return make_citizen(work)


def save(site, user, **choices):
    with site.work() as work:
        work.get(PreferenceService).save(user.id, NotificationPreferences(**choices))


def audience(site):
    with site.work(write=False) as work:
        return list(work.session.execute(work.get(PreferenceService).broadcast_audience()))


def test_the_default_is_notices_of_cases_without_announcements(site, citizen):
    with site.work(write=False) as work:
        assert work.get(PreferenceService).of(citizen.id) == NotificationPreferences(
            case_notices=True, broadcasts=False
        )
    assert audience(site) == []


@pytest.mark.parametrize("choice", ["case_notices", "reminders", "broadcasts", "digest"])
@pytest.mark.parametrize("wanted", [True, False])
def test_the_condition_says_what_was_chosen(site, citizen, choice, wanted):
    save(site, citizen, **{choice: not wanted})
    save(site, citizen, **{choice: wanted})
    with site.work(write=False) as work:
        found = work.session.scalars(select(User.id).where(PreferenceService.wants(choice))).all()
    assert (citizen.id in found) is wanted


def test_deleted_people_and_people_without_a_number_get_no_messages(site, clock, citizen):
    save(site, citizen, broadcasts=True)
    assert audience(site) == [(citizen.id, citizen.mobile)]
    for values in ({"deleted_at": clock.now()}, {"disabled_at": clock.now()}, {"mobile": None}):
        with site.work() as work:
            user = work.session.get(User, citizen.id)
            before = {name: getattr(user, name) for name in values}
            for name, value in values.items():
                setattr(user, name, value)
        assert audience(site) == []
        with site.work() as work:
            for name, value in before.items():
                setattr(work.session.get(User, citizen.id), name, value)


@pytest.mark.parametrize("wanted", [True, False])
def test_notices_of_cases_go_to_those_who_want_them(site, citizen, wanted):
    save(site, citizen, case_notices=wanted)
    with site.work() as work:
        make_case(work, citizen=citizen)
        assert bool(outbox(work, citizen.mobile)) is wanted


@pytest.mark.parametrize("wanted", [True, False])
def test_who_sends_a_case_is_told_if_they_want_to(site, citizen, wanted):
    save(site, citizen, case_notices=wanted)
    with site.work() as work:
        user = work.session.get_one(User, citizen.id)
        with work.acting_as(identity_of(work, user, "citizen")):
            make_case(work, citizen=user)
        found = [(message.recipient, message.user_id, message.locale) for message in outbox(work)]
    assert found == ([(citizen.mobile, citizen.id, site.locale)] if wanted else [])


def test_consent_stands_in_the_trail(site, citizen):
    save(site, citizen, broadcasts=True)
    save(site, citizen, broadcasts=True)
    with site.work(write=False) as work:
        [event] = work.session.scalars(select(AuditEvent))
        assert (event.action, event.subject_id, event.data) == (
            "choices:change",
            citizen.id,
            {"broadcasts": True},
        )


@pytest.mark.parametrize("states", [("new", "cancelled"), ("leased", "leased"), ("sent", "sent")])
def test_waiting_messages_of_a_deleted_account_are_cancelled(site, citizen, states):
    """The gate may be closed for hours: what was promised before the farewell must not arrive after it."""
    before, after = states
    save(site, citizen, broadcasts=True)
    with site.work() as work:
        other = make_citizen(work, "+989000000002")
        people = [(citizen.id, citizen.mobile), (other.id, other.mobile)]
        work.get(BroadcastLane).queue("one", "news", "آب قطع است.", people, timedelta())
        for message in outbox(work):
            message.state = before
    save(site, citizen, broadcasts=True, digest=True)
    with site.work(write=False) as work:
        assert [message.state for message in outbox(work)] == [before, before]
    save(site, citizen, broadcasts=False)
    with site.work(write=False) as work:
        assert [message.state for message in outbox(work)] == [after, before]
