"""Units of work: a reading one refuses to write, and nothing is told of what a savepoint has taken back."""

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.events import Events
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Unit
from civicportal.testing import make_case, make_unit
from civicportal.util.errors import ReadOnlyWork

pytestmark = pytest.mark.both_databases

STATEMENTS = {
    "insert": insert(Unit).values(key="new", name="new", short_name="new", phone="", weight=0, active=True),
    "update": update(Unit).values(name="changed"),
    "delete": delete(Unit),
    "text": text("UPDATE units SET name = 'changed'"),
    "text with a comment": text("\n  update units SET name = 'changed'"),
}


def names(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(Unit.name)).all()


class TestReading:
    @pytest.mark.parametrize("what", STATEMENTS)
    def test_refuses_a_statement_that_writes(self, site, what):
        with site.work() as work:
            make_unit(work, "waste", name="before")
        with pytest.raises(ReadOnlyWork), site.work(write=False) as work:
            work.session.execute(STATEMENTS[what])
        assert names(site) == ["before"]

    @pytest.mark.parametrize("patience", [0, 30])
    def test_refuses_what_the_orm_would_write(self, site, patience):
        with site.work() as work:
            make_unit(work, "waste", name="before")
        with pytest.raises(ReadOnlyWork), site.work(write=False, patience=patience) as work:
            work.session.scalars(select(Unit)).one().name = "changed"
            work.session.flush()
        assert names(site) == ["before"]

    @pytest.mark.parametrize("deed", ["add", "change", "delete"])
    def test_refuses_to_forget_a_change(self, site, deed):
        with site.work() as work:
            make_unit(work, "waste", name="before")
        with pytest.raises(ReadOnlyWork), site.work(write=False) as work:
            unit = work.session.scalars(select(Unit)).one()
            if deed == "add":
                work.session.add(Unit(key="new", name="new", short_name="new"))
            elif deed == "change":
                unit.name = "changed"
            else:
                work.session.delete(unit)
        assert names(site) == ["before"]

    def test_reads(self, site):
        with site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Unit)) == 0


class TestSavepoint:
    def test_takes_back_what_services_remember(self, site):
        with site.work() as work:
            case = make_case(work)
            other = make_unit(work, "other")
        with site.work() as work:
            case = work.get(CaseService).fetch(case.code)
            access, events = work.get(AccessService), Events(work)
            referrals, read = list(access.referrals(case)), list(events.of(case))
            with pytest.raises(RuntimeError), work.savepoint():
                work.get(KartableService).refer(case, other.id)
                access.forget(case)
                assert len(access.referrals(case)) > len(referrals)
                events.add(self.event(work, case))
                assert len(events.of(case)) > len(read)
                raise RuntimeError
            assert list(access.referrals(case)) == referrals
            assert access.action_referral(case) is not None
            assert list(events.of(case)) == read
            assert events.last(case) == read[0]
            query = select(func.count()).select_from(Referral).where(Referral.case_id == case.id)
            assert work.session.scalar(query) == len(referrals)

    @staticmethod
    def event(work, case):
        return CaseEvent(case_id=case.id, type="comment", at=work.clock.now(), realm="system", data={})
