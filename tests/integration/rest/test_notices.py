"""Citizens choose by the API whether an SMS tells of every change of their case."""

import pytest
from integration.rest.test_cooperation import change

from civicportal.testing import make_citizen, outbox

pytestmark = pytest.mark.both_databases


@pytest.fixture
def case(city):
    return f"/cases/{city[1][0]}"


def told(caller, site, case):
    """Return how many messages a step of staff queues."""
    with site.work(write=False) as work:
        before = len(outbox(work))
    change(caller("officer"), case, "steps/accept")
    with site.work(write=False) as work:
        return len(outbox(work)) - before


@pytest.mark.parametrize("wanted", [True, False])
def test_a_citizen_is_told_or_not(caller, site, case, wanted):
    citizen = caller("citizen")
    assert citizen.get(f"{case}/notices").json == {"wanted": True}
    citizen.post(f"{case}/notices", {"wanted": not wanted})
    assert citizen.post(f"{case}/notices", {"wanted": wanted}).json == {"wanted": wanted}
    assert citizen.get(f"{case}/notices").json == {"wanted": wanted}
    assert told(caller, site, case) == wanted


@pytest.mark.parametrize("body", [{}, {"wanted": "no"}, {"wanted": None}, {"wanted": True, "muted": True}])
def test_a_mistake_is_pointed_at(caller, case, body):
    assert caller("citizen").post(f"{case}/notices", body, status=422).json["errors"]


def test_it_is_the_choice_of_the_citizen_of_the_case(caller, site, city, case):
    with site.work() as work:
        city[0]["stranger"] = make_citizen(work, "+989000000002")
    for who, status in (("stranger", 404), ("officer", 403)):
        person = caller(who, "cases:read", "cases:write")
        person.get(f"{case}/notices", status=status)
        person.post(f"{case}/notices", {"wanted": False}, status=status)
    assert caller("citizen").get(f"{case}/notices").json == {"wanted": True}
