"""People as actors: who has rights."""

import pytest
from sqlalchemy import update

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.people import PeopleService
from civicportal.testing import make_staff


@pytest.mark.parametrize("column", ["disabled_at", "deleted_at"])
def test_an_account_that_is_not_active_has_no_rights(site, clock, column):
    with site.work() as work:
        officer = make_staff(work, permissions=["petitions:case:view"])
        people = work.get(PeopleService)
        assert people.identity(officer).permits("petitions:case:view")
        assert [one.user_id for one in people.staff()] == [officer.id]
        work.session.execute(update(User).where(User.id == officer.id).values({column: clock.now()}))
        work.session.refresh(officer)
        assert not people.identity(officer).permits("petitions:case:view")
        assert people.staff() == []
