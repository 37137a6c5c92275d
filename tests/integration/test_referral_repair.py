"""Referrals that disagree with their cases are found and repaired, as after a change beside the triggers."""

import pytest
from sqlalchemy import inspect, update

from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.repair import ALWAYS, OPEN, repair_referrals, wrong_referrals
from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

pytestmark = pytest.mark.both_databases


@pytest.fixture
def referrals(site):
    """A closed referral of the first unit and an open one of the second, by their ids."""
    with site.work() as work:
        waste, parks = make_unit(work, "waste"), make_unit(work, "parks")
        code = make_case(work, category=make_category(work, "bin", unit=waste)).code
        officer = identity(work, make_staff(work, "administrator"))
    with site.work(actor=officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).refer(case, parks.id, unattended=True)
        return [referral.id for referral in work.session.query(Referral).order_by(Referral.id)]


def spoil(site, referral, **values):
    with site.work() as work:
        work.session.execute(update(Referral).where(Referral.id == referral).values(values))


def test_what_triggers_wrote_is_right(site, referrals):
    assert len(referrals) == 2
    assert wrong_referrals(site) == []


@pytest.mark.parametrize(
    ("which", "values"),
    [
        (0, {"moved_kind": None}),
        (1, {"moved_kind": "petitions"}),
        (0, {"kind": "gone"}),
        (1, {"category_id": None}),
        (1, {"status": "gone"}),
        (1, {"deadline": None}),
    ],
)
def test_a_wrong_referral_is_named_and_repaired(site, referrals, which, values):
    spoil(site, referrals[which], **values)
    assert wrong_referrals(site) == [referrals[which]]
    said = []
    repair_referrals(site, said.append)
    assert said == ["1 referrals repaired"]
    assert wrong_referrals(site) == []


def test_what_a_closed_referral_said_when_it_was_open_may_be_old(site, referrals):
    spoil(site, referrals[0], status="accepted", deadline=None)
    assert wrong_referrals(site) == []


def test_every_copy_is_looked_at():
    copied = {attribute.key for attribute in inspect(Referral).column_attrs if attribute.deferred}
    assert {copy.key for copy in {**ALWAYS, **OPEN}} == copied
