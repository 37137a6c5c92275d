"""What a citizen follows is in the archive of their data, and is erased with them."""

import pytest
from civicportal_reports.models import Subscription
from civicportal_reports.subscriptions import AreaChoice, SubscriptionService
from sqlalchemy import func, select

from civicportal.domain.privacy.erasure import ErasureService
from civicportal.domain.privacy.export import PersonalDataService
from civicportal.testing import identity, make_citizen
from civicportal.util.geo import Point


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports"]}}


@pytest.mark.both_databases
def test_the_archive_holds_it_and_an_erasure_deletes_it(site):
    with site.work() as work:
        citizen, other = (make_citizen(work, f"+98900000000{n}") for n in (1, 2))
        people = [identity(work, person, "citizen") for person in (citizen, other)]
    for person in people:
        with site.work(actor=person) as work:
            work.get(SubscriptionService).add(
                AreaChoice(category="roads", near=Point(31.02, 52.01), metres=500)
            )
    with site.work() as work:
        user = work.session.get_one(type(citizen), citizen.id)
        (row,) = work.get(PersonalDataService).rows(user)["reports_subscription"]
        assert (row["category"], row["metres"], row["lat"]) == ("roads", 500, 31.02)
        work.get(ErasureService).erase(user)
        assert work.session.scalar(select(func.count()).select_from(Subscription)) == 1
