"""Two at one moment: each gets an answer, and what both meant is there once."""

import threading

import pytest
from sqlalchemy import select

from civicportal.accounts.errors import LastAdministrator
from civicportal.accounts.members import MemberService
from civicportal.accounts.models import Session, User
from civicportal.accounts.services import AccountService
from civicportal.accounts.sessions import SessionService
from civicportal.crypto import new_token
from civicportal.kartable.models import RoutingRule
from civicportal.testing import make_case, make_staff, make_unit

MOBILE = "+989000000009"


def together(site, *deeds):
    """Do each in a unit of work of its own, every one begun before the first ends; return what they raised."""
    ready, raised = threading.Barrier(len(deeds)), []

    def run(deed):
        try:
            with site.work() as work:
                # On SQLite the second writer waits for the first one's end.
                if site.engines.dialect == "postgresql":
                    work.session.scalar(select(1))
                    ready.wait(10)
                deed(work)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_one_person_is_made_of_one_mobile(site):
    def make(work):
        work.get(AccountService).citizen_by_mobile(MOBILE, "مریم")

    assert together(site, make, make, make) == []
    with site.work(write=False) as work:
        [person] = work.session.scalars(select(User).where(User.mobile == MOBILE))
        assert (person.name, person.level) == ("مریم", 1)


def test_what_one_browser_keeps_twice_is_kept(site):
    token = new_token()

    def keep(name):
        return lambda work: work.get(SessionService).keep_visitor_data(token, name, name)

    assert together(site, keep("form"), keep("proved"), keep("form")) == []
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Session)).all()) == 1
        sessions = work.get(SessionService)
        assert [sessions.visitor_data(token, name) for name in ("form", "proved")] == ["form", "proved"]


def test_two_administrators_do_not_shut_out_each_other(site):
    with site.work() as work:
        ids = [make_staff(work, "administrator").id for _number in range(2)]

    def disable(user_id):
        return lambda work: work.get(MemberService).disable(work.session.get(User, user_id))

    [refused] = together(site, *(disable(user_id) for user_id in ids))
    assert isinstance(refused, LastAdministrator)


def test_cases_of_one_rule_do_not_wait_for_each_other(site, civic_database):
    if civic_database == "sqlite":
        pytest.skip("one writer at a time")
    with site.work() as work:
        unit = make_unit(work, "waste")
        make_case(work)
        work.session.add(RoutingRule(key="all", unit_id=unit.id, position=0, facts={}, title="all"))
    opened = threading.Barrier(2)

    def send(work):
        make_case(work)
        opened.wait(10)

    assert together(site, send, send) == []
