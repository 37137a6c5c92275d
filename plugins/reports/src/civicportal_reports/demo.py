"""Demo reports of several months."""

import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from civicportal.api.cases import (
    AccessService,
    AttachmentService,
    Case,
    CaseEvent,
    CaseService,
    RatingService,
)
from civicportal.api.database import Work
from civicportal.api.demo import DemoRandom, set_time
from civicportal.api.forms import Values
from civicportal.api.kartable import KartableService, ReadyTextService
from civicportal.api.organization import Category, OrganizationService
from civicportal.api.people import Identity, PeopleService
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Refused, Site
from civicportal.api.publishing import PublicTexts
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.histories import STARS, PlannedAction, plan
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.workflow import KIND

SEED = 1405
COUNT = 300
SPAN = timedelta(days=180)
OWNER = "demo"
NOTICES = timedelta(days=2)
"""Transitions older than this notify no one: no SMS about last month."""
USUAL_DAYS = 5.0
BACK, BACK_SINCE = 3, timedelta(hours=4)
"""Cases that are reopened, and as many that are returned, within this time."""
OBJECTION_WINDOW = timedelta(days=5)
"""Within the days after a closing in which citizens may object."""
OF_CITIZENS = ("rate", "reopen", "citizen_answers")

Progress = Callable[[int, int], None]


def load(site: Site, files: Path, progress: Progress) -> None:
    """Create the reports in ``reports.toml``; none without it, or without a map."""
    source = files / "reports.toml"
    if not source.is_file() or site.map is None:
        return
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    photos = _photos(files / "photos", data["reports"])
    teller = ReportsDemo(site, data, photos)
    try:
        teller.generate(progress)
    finally:
        set_time(site, None)


def _photos(folder: Path, rows: Sequence[Values]) -> dict[str, object]:
    """Process each picture once, two at a time; every report gets its own files."""
    names = sorted({row[key] for row in rows for key in ("photo", "photo_after") if key in row})
    present = [name for name in names if (folder / name).is_file()]
    with ThreadPoolExecutor(2) as pool:
        images = pool.map(lambda name: PictureFiles.process((folder / name).read_bytes()), present)
        return dict(zip(present, images, strict=True))


class ReportsDemo:
    """Generate reports, each in a separate unit of work."""

    def __init__(self, site: Site, data: Values, photos: Values) -> None:
        self.site = site
        self.data = data
        self.photos = photos
        self.rng = DemoRandom(SEED)
        with site.work() as work:
            self.citizens = work.get(PeopleService).citizens()
            self.staff = work.get(PeopleService).staff()
            for text in data.get("texts", []):
                category = work.get(OrganizationService).category(KIND, text.get("category", ""))
                columns = {name: value for name, value in text.items() if name != "category"}
                topic = category.id if category else None
                work.get(ReadyTextService).add(KIND, category_id=topic, **columns)
        self.now = site.clock.now()
        self.codes: dict[tuple[int | None, int | None], str] = {}

    def generate(self, progress: Progress) -> None:
        """Generate all of them."""
        times = self.rng.moments(COUNT, self.now, SPAN)
        rows = self.rng.evenly_distributed(self.data["reports"], COUNT)
        for number, (row, sent) in enumerate(zip(rows, times, strict=True), 1):
            set_time(self.site, sent)
            with self.site.work(actor=self.rng.choice(self.citizens)) as work:
                ReportStory(self, work, row).generate()
            progress(number, COUNT)
        self._come_back()

    def _come_back(self) -> None:
        """Let some cases come back today: reopened by their citizens, or returned by the unit they were referred to."""
        before = self.now - BACK_SINCE
        lately = select(CaseEvent.id).where(CaseEvent.case_id == Case.id, CaseEvent.at >= before)
        newest = select(Case.code).where(Case.kind == KIND, ~lately.exists()).order_by(Case.id.desc())
        closed = newest.where(Case.status == "reviewed", Case.closed_at > before - OBJECTION_WINDOW)
        at_work = newest.where(Case.status.in_(("registered", "in_review", "in_action")))
        with self.site.work(write=False) as work:
            reopened = work.session.scalars(closed.limit(BACK)).all() if "objections" in self.data else ()
            returned = (
                work.session.scalars(at_work.limit(BACK)).all() if "return_reasons" in self.data else ()
            )
        for code in reopened:
            set_time(self.site, self.now - BACK_SINCE / 2)
            with self.site.work() as work:
                ReportStory(self, work, {}).reopen(code)
        for code in returned:
            set_time(self.site, self.now - BACK_SINCE / 2)
            with self.site.work() as work:
                ReportStory(self, work, {}).come_back(code)

    def line(self, name: str) -> str:
        """Return a random sentence of a list."""
        return str(self.rng.choice(self.data[name]))


class ReportStory:
    """The history of one report until today."""

    def __init__(self, teller: ReportsDemo, work: Work, row: Values) -> None:
        self.teller, self.work, self.row = teller, work, row
        self.rng = teller.rng
        self.citizen = work.actor
        self.cases = work.get(CaseService)

    def generate(self) -> None:
        """Send the report and take its transitions."""
        category = self.work.get(OrganizationService).category(KIND, self.row["category"])
        if category is None:
            return
        sent = self.work.clock.now()
        case = self._send(category)
        days = category.deadline_days or USUAL_DAYS
        for step in plan(
            self.rng, sent, self.teller.now, self.work.get(OrganizationService).calendar, deadline_days=days
        ):
            set_time(self.work.site, step.at)
            self._take(case, step)
        self._publish(case, category)
        self._follow(case)
        if case.is_open:
            self.teller.codes[case.category_id, case.unit_id] = case.code

    def reopen(self, code: str) -> None:
        """Let the citizen of a closed case object."""
        case = self.cases.fetch(code, lock=True)
        self.work.actor = next(one for one in self.teller.citizens if one.user_id == case.citizen_id)
        self.cases.apply(case, "reopen", public_text=self.teller.line("objections"))

    def come_back(self, code: str) -> None:
        """Refer a case to another unit, which returns it; it stays if no other unit takes it."""
        case = self.cases.fetch(code, lock=True)
        before = case.unit_id
        self.work.actor = self._officer(case)
        for unit_id in self._others(case):
            self._refer_to(case, unit_id)
            if case.unit_id != before:
                break
        if case.unit_id != before:
            set_time(self.work.site, self.work.clock.now() + BACK_SINCE / 4)
            self.work.actor = self._officer(case)
            with suppress(Refused):
                self.work.get(KartableService).give_back(case, note=self.teller.line("return_reasons"))

    def _send(self, category: Category) -> Case:
        city_map = self.work.site.map
        assert city_map is not None
        # Not at its ends: a street may end at the city's boundary.
        point = city_map.point_on_street(self.row["street"], round(self.rng.uniform(0.01, 0.99), 3))
        return self.work.get(ReportService).submit(
            NewReport(
                category=category,
                location=locate_point(city_map, point),
                body=self.row["text"],
                urgent=self.row.get("urgent", False),
                photos=self._keep("photo"),
                owner=OWNER,
                answers=self._answers(category),
                source=self.rng.weighted_choice({"web": 82, "phone": 14, "counter": 4}),
            )
        )

    def _answers(self, category: Category) -> Values:
        """Return an answer to each question with choices, which depends on the text alone."""
        found: dict[str, str | list[str]] = {}
        for place, question in enumerate(self.work.get(QuestionnaireService).questions(category.id)):
            offered = [choice.key for choice in question.offered if not choice.stop]
            if question.variable and offered and question.is_asked(found):
                key = offered[(len(self.row["text"]) + place) % len(offered)]
                found[question.key] = key if question.datatype == "singlevaluelist" else [key]
        return found

    def _take(self, case: Case, step: PlannedAction) -> None:
        name = step.name
        self.work.actor = self.citizen if name in OF_CITIZENS else self._officer(case)
        if name == "rate":
            self.work.get(RatingService).rate(case, self.rng.weighted_choice(STARS))
        elif name == "comment":
            self.cases.comment(
                case, self.teller.line("expert_comments"), expert=True, public=self.rng.random() < 0.5
            )
        elif name == "refer":
            self._refer(case)
        elif name == "duplicate":
            self._duplicate(case, step)
        else:
            self._apply(case, step)

    def _apply(self, case: Case, step: PlannedAction, data: Values | None = None) -> None:
        texts = {
            "close": "public_answers",
            "reject": "reject_reasons",
            "out_of_scope": "scope_reasons" if "scope_reasons" in self.teller.data else "reject_reasons",
            "ask_citizen": "questions",
            "citizen_answers": "citizen_answers",
            "reopen": "objections",
        }
        name = texts.get(step.name, "")
        self.cases.apply(
            case,
            step.name,
            public_text=self.teller.line(name) if name in self.teller.data else "",
            attachments=self._keep("photo_after") if step.name == "close" else (),
            owner=OWNER,
            notify=self.teller.now - step.at < NOTICES,
            data=data,
        )

    def _duplicate(self, case: Case, step: PlannedAction) -> None:
        earlier = self.teller.codes.get((case.category_id, case.unit_id))
        if earlier:
            self._apply(case, step, data={"duplicate_of": earlier})
        else:
            self._apply(case, PlannedAction(name="close", at=step.at))

    def _refer(self, case: Case) -> None:
        if others := self._others(case):
            self._refer_to(case, self.rng.choice(others))

    def _others(self, case: Case) -> list[int]:
        categories = self.work.get(OrganizationService).categories_of(KIND).by_id.values()
        return sorted({row.unit_id for row in categories if row.unit_id} - {case.unit_id})

    def _refer_to(self, case: Case, unit_id: int) -> None:
        # In a city whose units have no staff yet, the case stays in its unit.
        with suppress(Refused):
            self.work.get(KartableService).refer(case, unit_id, note=self.teller.line("referral_notes"))

    def _publish(self, case: Case, category: Category) -> None:
        if not category.public or case.status == "registered" or self.rng.random() < 0.1:
            return
        self.work.actor = self._officer(case)
        self.cases.publish(case, True, body=self.work.get(PublicTexts).composed(case, case.body))

    def _follow(self, case: Case) -> None:
        if not case.is_open or self.rng.random() > 0.3:
            return
        most = min(3, len(self.teller.citizens))
        for citizen in self.rng.sample(self.teller.citizens, self.rng.randint(1, most)):
            self.work.actor = citizen
            self.work.get(ReportService).me_too(case)

    def _officer(self, case: Case) -> Identity:
        """Return an officer who may act, preferably one without city-wide rights."""
        found = [person for person in self.teller.staff if self._acts(person, case)]
        local = [person for person in found if not person.permits("reports:case:act_any")]
        return self.rng.choice(local or found)

    def _acts(self, person: Identity, case: Case) -> bool:
        self.work.actor = person
        return self.work.get(AccessService).may_act(case, "reports:case:work")

    def _keep(self, name: str) -> list[str]:
        image = self.teller.photos.get(self.row.get(name, ""))
        if image is None:
            return []
        key = PictureFiles(self.work.site).put(image)
        self.work.get(AttachmentService).add(key, image, OWNER)
        return [key]
