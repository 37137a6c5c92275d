"""Addressees of referrals: cached by each process, and reloaded when people join, leave or are renamed."""

import pytest

from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.kartable.addressees import offered
from civicportal.testing import make_citizen, make_staff, make_unit
from civicportal.web.counting import statements


@pytest.fixture
def unit(site):
    with site.work() as work:
        unit = make_unit(work, "lights")
        for name in ("ژاله", "پروین", "ندا"):
            make_staff(work, unit=unit, name=name)
        return unit.id


def names(site, unit_id):
    with site.work(write=False) as work:
        return [name for _id, name in offered(work).get(unit_id, ())]


def change(site, who, **values):
    with site.work() as work:
        person = work.session.query(User).filter_by(name=who).one()
        for key, value in values.items():
            setattr(person, key, value)


def test_in_the_order_of_the_persian_alphabet(site, unit):
    assert names(site, unit) == ["پروین", "ژاله", "ندا"]


def test_a_second_call_reads_no_users(site, unit):
    names(site, unit)
    with statements(site.engines.read) as texts:
        names(site, unit)
    assert not [text for text in texts if "users" in text]


def test_renamed_and_deleted_people_are_seen_by_all_processes(site, other_process, unit, clock):
    assert names(other_process, unit) == ["پروین", "ژاله", "ندا"]
    change(site, "ندا", name="آیدا")
    assert names(other_process, unit) == names(site, unit) == ["آیدا", "پروین", "ژاله"]
    change(site, "ژاله", disabled_at=clock.now())
    assert names(other_process, unit) == ["آیدا", "پروین"]
    change(other_process, "پروین", deleted_at=clock.now())
    assert names(site, unit) == ["آیدا"]


def test_changes_of_unit_members_are_seen(site, other_process, unit):
    names(other_process, unit)
    with site.work() as work:
        make_staff(work, unit=work.session.get_one(type(make_unit(work, "parks")), unit), name="آرش")
    assert names(other_process, unit)[0] == "آرش"
    with site.work() as work:
        person = work.session.query(User).filter_by(name="آرش").one()
        for membership in work.session.query(Membership).filter_by(user_id=person.id):
            work.session.delete(membership)
    assert "آرش" not in names(other_process, unit)


def test_citizens_and_sign_ins_change_nothing_for_anybody(site, other_process, unit, clock):
    names(other_process, unit)
    with site.work() as work:
        make_citizen(work, name="شهروند")
    change(site, "ندا", last_seen_at=clock.now())
    change(site, "شهروند", name="همسایه")
    with statements(other_process.engines.read) as texts:
        names(other_process, unit)
    assert not [text for text in texts if "users" in text]
