"""The test site with this plugin and two zones, a citizen and staff."""

from dataclasses import dataclass
from typing import Any

import pytest
from civicportal_parking_permits.models import Permit, Zone
from civicportal_parking_permits.names import PAYMENT, ZONES
from civicportal_parking_permits.schemas import term_values
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.workflow import usual_days, usual_fee
from sqlalchemy import select

from civicportal.api.cases import Case, CaseService
from civicportal.api.database import Work
from civicportal.api.people import Identity, User
from civicportal.api.plugins import Site
from civicportal.testing import identity, make_citizen, make_staff, make_unit

OFFICER = [
    f"parking_permits:case:{verb}" for verb in ("view", "work", "refer", "comment", "contact", "export")
]


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {
        "site": {"plugins": ["parking_permits"], "locale": "en", "calendar": "gregorian"},
        "calendar": {"weekend": ["sat", "sun"], "half_days": []},
        "plugins": {"parking_permits": {"currency": "€", "plate": "RT-?[0-9A-Z]{3,6}"}},
    }


@dataclass
class City:
    """What the tests start from."""

    site: Site
    citizen: User
    officer: User
    cashier: User

    def as_(self, user: User) -> Identity:
        """Return who acts when this person has signed in."""
        with self.site.work(write=False) as work:
            return identity(work, user, "staff" if user.username else "citizen")

    def apply(self, plate: str = "RT-100", zone: str = "harbour", **values: Any) -> str:
        """Send an application as the citizen and return its tracking code."""
        with self.site.work(actor=self.as_(self.citizen)) as work:
            found = work.session.scalars(select(Zone).where(Zone.key == zone)).one()
            return work.get(PermitService).submit(zone=found, plate=plate, **{"months": 3, **values}).code

    def step(self, code: str, name: str, user: User | None = None, **values: Any) -> None:
        """Take a step as the officer or another person; prefilled values of its form are included."""
        with self.site.work(actor=self.as_(user or self.officer)) as work:
            cases = work.get(CaseService)
            case = cases.fetch(code, lock=True) if name != "withdraw" else cases.fetch_own(code, lock=True)
            cases.apply_form(case, name, {**self._usual(work, case, name), **values})

    def _usual(self, work: Work, case: Case, name: str) -> dict[str, Any]:
        if name == "ask_payment":
            return dict(usual_fee(case, work).initial)
        if name == "issue":
            days = usual_days(case, work).initial
            return term_values(work.site.calendar, days["first_day"], days["last_day"])
        return {}

    def issue(self, code: str) -> None:
        """Lead an application to its permit."""
        self.step(code, "check")
        self.step(code, "ask_payment")
        self.step(code, "record_payment", self.cashier, receipt="R-17")
        self.step(code, "issue")

    def find(self, code: str) -> tuple[Case, Permit]:
        """Return a case and its detail, detached."""
        with self.site.work(write=False) as work:
            case = work.session.scalars(select(Case).where(Case.code == code)).one()
            permit = work.session.get_one(Permit, case.id)
            work.session.expunge_all()
            return case, permit


@pytest.fixture
def city(site: Site) -> City:
    with site.work() as work:
        unit = make_unit(work, "pr", name="Parking Office")
        work.session.add_all(
            [
                Zone(key="harbour", name="Harbour", fee=12, quota=2, active=True),
                Zone(key="hillside", name="Hillside", fee=6, quota=60, active=False),
            ]
        )
        return City(
            site=site,
            citizen=make_citizen(work, name="Emma Walsh"),
            officer=make_staff(work, "permits", unit=unit, permissions=[*OFFICER, ZONES]),
            cashier=make_staff(
                work, "cashier", unit=unit, permissions=["parking_permits:case:view", PAYMENT]
            ),
        )
