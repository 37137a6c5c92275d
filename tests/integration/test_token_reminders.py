"""Reminders before a token ends: to its owner, once, through the outbox."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import Role
from civicportal.domain.notifications.token_reminders import REMINDER, remind
from civicportal.domain.tokens.models import Token
from civicportal.domain.tokens.services import ClientService, TokenService
from civicportal.testing import identity, make_citizen, make_staff, outbox
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases


@pytest.fixture
def officer(site):
    with site.work() as work:
        return make_staff(work, "officer")


def reminders(site):
    with site.work(write=False) as work:
        return [message for message in outbox(work) if message.kind == REMINDER]


def make(site, person, *, days=90):
    token_for(site, person, "cases:read", days=days)
    with site.work(write=False) as work:
        return work.session.scalars(select(Token).order_by(Token.id.desc()).limit(1)).one()


def test_an_owner_is_reminded_once(site, officer, clock):
    token = make(site, officer)
    remind(site)
    clock.advance(days=82)
    remind(site)
    assert reminders(site) == []
    clock.advance(days=1)
    remind(site)
    remind(site)
    clock.advance(days=1)
    remind(site)
    [message] = reminders(site)
    assert (message.recipient, message.user_id) == (officer.mobile, officer.id)
    assert token.ending in message.text
    assert message.expires_at == token.expires_at


def test_a_citizen_is_reminded_too(site, clock):
    with site.work() as work:
        citizen = make_citizen(work)
    make(site, citizen)
    clock.advance(days=84)
    remind(site)
    assert [message.recipient for message in reminders(site)] == [citizen.mobile]


def test_no_one_is_reminded_of_a_token_that_has_ended(site, officer, clock):
    token = make(site, officer)
    make(site, officer, days=30)
    clock.advance(days=84)
    with site.work() as work:
        work.get(TokenService).revoke(work.session.get_one(Token, token.id))
    remind(site)
    clock.advance(days=7)
    remind(site)
    assert reminders(site) == []


def test_no_one_is_reminded_of_a_token_for_a_few_days(site, officer, clock):
    make(site, officer, days=7)
    clock.advance(days=1)
    remind(site)
    assert reminders(site) == []


def test_the_maker_of_a_machine_is_reminded_unless_its_token_was_replaced(site, clock):
    with site.work() as work:
        boss = make_staff(work, "administrator")
        make_staff(work, "officer")
        me = identity(work, boss)
    with site.work(actor=me) as work:
        role = work.session.scalars(select(Role).where(Role.key == "officer")).one()
        clients = work.get(ClientService)
        client, _secret = clients.make(name="نقشهٔ شهر", role=role, scopes=["cases:read"], days=30)
        replaced, _secret = clients.make(name="آمار", role=role, scopes=["cases:read"], days=30)
        client_token = work.get(TokenService).valid_of(client.user)[0].ending
    clock.advance(days=23, minutes=1)
    with site.work(actor=me) as work:
        clients = work.get(ClientService)
        clients.rotate(clients.fetch(replaced.id))
    remind(site)
    [message] = reminders(site)
    assert message.recipient == boss.mobile
    assert client_token in message.text


@pytest.mark.parametrize("change", ["disabled_at", "deleted_at"])
def test_who_has_left_is_told_nothing(site, officer, clock, change):
    make(site, officer)
    clock.advance(days=84)
    with site.work() as work:
        setattr(work.session.merge(officer), change, work.clock.now() - timedelta(days=1))
    remind(site)
    assert reminders(site) == []


class TestWithoutReminders:
    @pytest.fixture
    def civic_settings(self):
        return {"api": {"remind_days": 0}}

    def test_none_is_sent(self, site, officer, clock):
        make(site, officer)
        clock.advance(days=89)
        remind(site)
        assert reminders(site) == []
