"""Units and people to whom an officer has referred last are offered first, to this officer only."""

import pytest

from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.recent import MOST_UNITS, RecentAddresseeService
from civicportal.domain.kartable.services import KartableService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

pytestmark = pytest.mark.both_databases
UNITS = ("lighting", "parks", "roads", "water", "bus", "fire")


@pytest.fixture
def desk(site):
    with site.work() as work:
        waste = make_unit(work, "waste")
        topic = make_category(work, unit=waste)
        units = {key: make_unit(work, key).id for key in UNITS}
        officers = [make_staff(work, "officer", unit=waste) for _number in range(2)]
        signs = make_unit(work, "signs")
        people = {name: make_staff(work, "officer", unit=signs, name=name).id for name in ("ندا", "آرش")}
        units["signs"] = signs.id
        return {
            "codes": [make_case(work, category=topic).code for _number in range(7)],
            "units": units,
            "users": officers,
            "people": people,
        }


def refer(site, desk, number, key, *, officer=0, user_id=None):
    with site.work() as work:
        actor = identity(work, desk["users"][officer])
    with site.work(actor=actor) as work:
        case = work.get(CaseService).fetch(desk["codes"][number], lock=True)
        work.get(KartableService).refer(case, desk["units"][key], user_id=user_id, unattended=True)


def recent(site, desk, officer=0):
    with site.work(write=False) as work:
        actor = identity(work, desk["users"][officer])
    with site.work(actor=actor, write=False) as work:
        return work.get(RecentAddresseeService).read()


def test_the_latest_come_first_once_each_and_only_ones_own(site, desk):
    assert recent(site, desk).units == ()
    for number, key in enumerate(("lighting", "parks", "lighting")):
        refer(site, desk, number, key)
    refer(site, desk, 3, "signs", officer=1, user_id=desk["people"]["ندا"])
    assert recent(site, desk).units == (desk["units"]["lighting"], desk["units"]["parks"])
    assert recent(site, desk).people == ()
    assert recent(site, desk, 1).people == (desk["people"]["ندا"],)


def test_only_some_are_remembered(site, desk):
    for number, key in enumerate(UNITS):
        refer(site, desk, number, key)
    assert recent(site, desk).units == tuple(desk["units"][key] for key in reversed(UNITS))[:MOST_UNITS]


def test_a_referral_whose_data_was_erased_names_no_one(site, desk):
    with site.work() as work:
        case = make_case(work)
        erased = CaseEvent(
            case_id=case.id, type="referred", actor_id=desk["users"][0].id, realm="staff", at=work.clock.now()
        )
        work.session.add(erased)
    assert recent(site, desk).units == ()


def test_the_form_offers_them_in_a_group_of_their_own(site, app, sign_in, desk):
    address = f"/kartable/cases/{desk['codes'][6]}"
    sign_in(desk["users"][0])
    assert not app.get(address).html.select("[name=unit] optgroup")
    refer(site, desk, 0, "parks")
    groups = app.get(address).html.select("[name=unit] optgroup")
    assert [option["value"] for option in groups[0].select("option")] == [str(desk["units"]["parks"])]
    others = [option["value"] for option in groups[1].select("option")]
    assert str(desk["units"]["parks"]) not in others
    assert str(desk["units"]["roads"]) in others


def test_people_of_a_unit_begin_with_the_latest(site, app, sign_in, desk):
    address = f"/kartable/cases/{desk['codes'][6]}"
    sign_in(desk["users"][0])

    def names():
        [group] = app.get(address).html.select("[name=user] optgroup[label='واحد signs']")
        return [option.text for option in group.select("option")]

    assert names() == ["آرش", "ندا"]
    refer(site, desk, 0, "signs", user_id=desk["people"]["ندا"])
    assert names() == ["ندا", "آرش"]
