"""Demo permits of some months, applied for and handled through the services."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from civicportal.api.cases import AccessService, AttachmentService, Case, CaseService
from civicportal.api.database import Work
from civicportal.api.demo import DemoRandom, set_time
from civicportal.api.forms import Values
from civicportal.api.people import Identity, PeopleService
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Site
from civicportal_parking_permits.names import KIND, PAYMENT
from civicportal_parking_permits.schemas import term_values
from civicportal_parking_permits.services import PermitService
from civicportal_parking_permits.terms import MONTHS
from civicportal_parking_permits.workflow import PERMITS, usual_days, usual_fee
from civicportal_parking_permits.zones import FILE, ZoneService

SEED = 17
SPAN = timedelta(days=120)
NOTICES = timedelta(days=2)
"""Older steps send no messages."""
OWNER = "demo"

Progress = Callable[[int, int], None]


def load(site: Site, files: Path, progress: Progress) -> None:
    """Add the zones, and generate the permits that ``parking_permits.toml`` describes, if there is one."""
    source = files / "parking_permits.toml"
    if not source.is_file():
        return
    rows = tomllib.loads(source.read_text(encoding="utf-8"))["permits"]
    lots = DemoRandom(SEED)
    with site.work() as work:
        work.get(ZoneService).add_missing(site.data / FILE)
        citizens, staff = work.get(PeopleService).citizens(), work.get(PeopleService).staff()
    now = site.clock.now()
    moments = lots.moments(len(rows), now, SPAN)
    try:
        for number, (row, sent) in enumerate(zip(rows, moments, strict=True), 1):
            set_time(site, sent)
            with site.work(actor=lots.choice(citizens)) as work:
                PermitStory(work, staff, lots, now, files).generate(row)
            progress(number, len(rows))
    finally:
        set_time(site, None)


class PermitStory:
    """One permit from the application to its present status."""

    def __init__(
        self, work: Work, staff: list[Identity], lots: DemoRandom, now: datetime, files: Path
    ) -> None:
        self.work, self.staff, self.lots, self.now, self.files = work, staff, lots, now, files

    def generate(self, row: Values) -> None:
        """Apply, and take the steps that are in the past.

        :param row: ``zone``, ``plate`` and optionally ``until``, the name of the last step.
        """
        case = self._apply_for(row)
        steps: dict[str, Callable[[], Values]] = {
            "check": dict,
            "ask_payment": lambda: self._fee(case),
            "record_payment": lambda: {"receipt": f"R-{case.id:05}"},
            "issue": lambda: self._term(case),
        }
        for name, values in steps.items():
            if not self._later():
                return
            self._act(case, name, values())
            if name == row.get("until"):
                break
        if "refused" in row and case.status == "checked" and self._later():
            self._act(case, "refuse", {"public_text": row["refused"]})

    def _apply_for(self, row: Values) -> Case:
        return self.work.get(PermitService).submit(
            zone=self.work.get(ZoneService).fetch(row["zone"]),
            plate=row["plate"],
            months=self.lots.choice(MONTHS),
            photos=self._keep(row.get("photo", "")),
            owner=OWNER,
        )

    def _fee(self, case: Case) -> Values:
        fee = usual_fee(case, self.work).initial["fee"]
        return {"fee": fee}

    def _term(self, case: Case) -> Values:
        days = usual_days(case, self.work).initial
        return term_values(self.work.site.calendar, days["first_day"], days["last_day"])

    def _act(self, case: Case, name: str, values: Values) -> None:
        permission = PAYMENT if name == "record_payment" else PERMITS.permission("work")
        self.work.actor = self._officer(case, permission)
        recent = self.now - self.work.clock.now() < NOTICES
        self.work.get(CaseService).apply_form(case, name, values, notify=recent)

    def _officer(self, case: Case, permission: str) -> Identity:
        """Return an officer who may act, preferably of the unit that holds the case."""
        found = [person for person in self.staff if self._may(person, case, permission)]
        local = [person for person in found if not person.permits(f"{KIND}:case:act_any")]
        return self.lots.choice(local or found)

    def _may(self, person: Identity, case: Case, permission: str) -> bool:
        self.work.actor = person
        return self.work.get(AccessService).may_act(case, permission)

    def _later(self) -> bool:
        """Advance by a day or two; return whether that is still in the past."""
        moment = self.work.clock.now() + timedelta(days=self.lots.uniform(0.2, 2))
        if moment >= self.now:
            return False
        set_time(self.work.site, moment)
        return True

    def _keep(self, name: str) -> list[str]:
        if not name:
            return []
        image = PictureFiles.process((self.files / "photos" / name).read_bytes())
        key = PictureFiles(self.work.site).put(image)
        self.work.get(AttachmentService).add(key, image, OWNER)
        return [key]
