"""One case of every kind in the example city, and people who differ in nothing but unit, category and ownership."""

from datetime import timedelta

from browser.meetings import BIRTH_DATE, NATIONAL_CODE, REASON
from browser.samples import send_report
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_meetings.models import Order
from civicportal_meetings.services import (
    Applicant,
    DiaryService,
    MeetingService,
    NewMeeting,
    NewSession,
    PublicDayService,
)
from civicportal_meetings.steps import Seat
from integration.routes import pages_of
from sqlalchemy import select
from webtest import TestApp

from civicportal.api.cases import CaseService
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.app import create_app
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.testing import identity, make_citizen, make_staff
from civicportal.testing.tokens import token_for

KINDS = ("reports", "meetings", "feedback", "orders")
#: Units where the cases lie, where none does, and those that get a line to each case.
OF_THE_CASES, ANOTHER = ("civil", "mayor"), "culture"
COPIED, ASKED, ADDRESSEES = "traffic", "enforce", "planning"
#: Units with an open job of the report, and with one that has ended.
WORKING, WORKED = "waste", "green"
TOPIC, ANOTHER_TOPIC = "pothole", "street_light"
STAFF = (
    "insider",
    "outsider",
    "specialist",
    "other_specialist",
    "copied",
    "asked",
    "asked_specialist",
    "addressee",
    "worker",
    "former_worker",
)
CITIZENS = ("owner", "follower", "stranger")
API = "/api/"
#: Who applied, which no page of another unit may tell.
APPLICANT = "سهیل بی‌همتا"


class Scopes:
    """The city, its cases by kind, and a browser for everybody.

    :ivar codes: tracking codes by kind.
    :ivar known: what else stands in addresses.
    """

    def __init__(self, portal):
        self.site = portal.site
        self.people = self._people()
        self.codes, self.known = {}, {}
        self._report(portal)
        self._meeting()
        self._message()
        self._order()
        for code in self.codes.values():
            self._send_around(code)
        self._split(self.codes["reports"])
        self._sign_in()

    # -- reading --------------------------------------------------------------------------------------------

    def get(self, who, path):
        if path.startswith(API):
            return self.call(who, "GET", path)
        return self.browsers[who].get(path, status="*")

    def post(self, who, path, **fields):
        token = self.tokens.get(who)
        form = {"csrf_token": self.site.keys.mac("csrf", token).hex()} if token else {}
        return self.browsers[who].post(path, {**form, **fields}, status="*")

    def ask(self, who, method, path):
        return self.get(who, path) if method == "GET" else self.post(who, path)

    def call(self, who, method, path):
        """Call the API by a token with every scope, a change whatever the version is."""
        token = self.api_tokens.get(who)
        headers = {"If-Match": "*", "Idempotency-Key": "0123456789abcdef", "Accept": "*/*"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if method == "GET":
            return self.browsers[who].get(path, headers=headers, status="*")
        return self.browsers[who].post_json(path, {}, headers=headers, status="*")

    def versions(self):
        with self.site.work(write=False) as work:
            return dict(list(work.session.execute(select(Case.code, Case.version))))

    def sessions_of(self, who):
        with self.site.work(write=False) as work:
            user = work.session.get(User, self.people[who].user_id)
            return [session.id for session in work.get(SessionService).list_of(user)]

    # -- making ---------------------------------------------------------------------------------------------

    def _people(self):
        site = self.site
        rights = [
            name
            for name in site.permissions
            if not name.startswith("core:") and not name.endswith(":act_any")
        ]
        with site.work() as work:
            organization = work.get(OrganizationService)
            unit = organization.unit

            def staff(name, **scope):
                return make_staff(work, "officer", permissions=rights, username=name, **scope)

            topics = [organization.category("reports", key) for key in (TOPIC, ANOTHER_TOPIC)]
            users = {
                "insider": staff("insider", unit=unit(OF_THE_CASES[0])),
                "outsider": staff("outsider", unit=unit(ANOTHER)),
                "specialist": staff("specialist", unit=unit(OF_THE_CASES[0]), category=topics[0]),
                "other_specialist": staff("other_specialist", unit=unit(OF_THE_CASES[0]), category=topics[1]),
                "copied": staff("copied", unit=unit(COPIED)),
                "asked": staff("asked", unit=unit(ASKED)),
                "asked_specialist": staff("asked_specialist", unit=unit(ASKED), category=topics[0]),
                "addressee": staff("addressee", unit=unit(ADDRESSEES)),
                "worker": staff("worker", unit=unit(WORKING)),
                "former_worker": staff("former_worker", unit=unit(WORKED)),
            }
            for key in OF_THE_CASES[1:]:
                role = users["insider"].memberships[0].role_id
                work.session.add(Membership(user_id=users["insider"].id, role_id=role, unit_id=unit(key).id))
            users |= {who: make_citizen(work, f"+98900000000{n}") for n, who in enumerate(CITIZENS, 1)}
            work.session.flush()
            for user in users.values():
                work.session.expire(user, ["memberships"])
            return {
                who: identity(work, user, "staff" if user.username else "citizen")
                for who, user in users.items()
            }

    def _report(self, portal):
        code = self.codes["reports"] = send_report(portal, self.people["owner"])
        with self.site.work(actor=self.people["follower"]) as work:
            case = self._case(work, code)
            work.get(FollowerService).follow(case)
            key = work.session.scalars(select(Attachment.key).where(Attachment.case_id == case.id)).one()
            self.known |= {"id": str(case.id), "key": key}

    def _meeting(self):
        with self.site.work(actor=self.people["owner"]) as work:
            born = self.site.calendar.parse_date(BIRTH_DATE)
            applicant = Applicant(name=APPLICANT, national_code=NATIONAL_CODE, birth_date=born)
            new = NewMeeting(subject="ملاقات", reason=REASON, applicant=applicant)
            code = self.codes["meetings"] = work.get(MeetingService).submit(new).code
        with self.site.work(actor=self.people["insider"]) as work:
            diary = work.get(DiaryService)
            first = self.site.calendar.today(work.clock.now()) + timedelta(days=10)
            day = min(diary.free_days(first, first + timedelta(days=20), 120))
            start = diary.free_times(day, 120)[0]
            planned = NewSession(
                title="ملاقات عمومی",
                start=start,
                end=start + timedelta(hours=2),
                public_seats=2,
                office_seats=0,
                reserve_seats=1,
            )
            session = work.get(PublicDayService).plan(planned)
            case = work.get(CaseService).fetch(code, "work", lock=True)
            work.get(MeetingService).invite(case, Seat(session=session, quota="public"))
            self.known |= {"session": str(session.id), "day": day.isoformat()}

    def _message(self):
        with self.site.work(actor=self.people["owner"]) as work:
            new = NewFeedback(type="complaint", body="سه شب است که چراغ کوچهٔ ما خاموش است.")
            self.codes["feedback"] = work.get(FeedbackService).submit(new).code

    def _order(self):
        with self.site.work() as work:
            meeting = self._case(work, self.codes["meetings"])
            order = work.get(CaseService).open(
                kind_of(self.site, "orders"),
                subject="بازدید از کوچه",
                body="بازدید از کوچه تا پایان هفته.",
                citizen_id=None,
                detail=Order(meeting_id=meeting.id, deadline_days=5),
                source="counter",
            )
            self.codes["orders"] = order.code

    def _send_around(self, code):
        """Give a copy to one unit, ask another one, and send a copy to one person of a third."""
        with self.site.work(actor=self.people["insider"]) as work:
            kartable, unit = work.get(KartableService), work.get(OrganizationService).unit
            case = work.get(CaseService).fetch(code, lock=True)
            kartable.copy(case, unit(COPIED).id)
            kartable.inquire(case, unit(ASKED).id, note="نظر شما؟")
            kartable.copy(case, unit(ADDRESSEES).id, user_id=self.people["addressee"].user_id)

    def _split(self, code):
        """Give a job to two units; one of them ends its own."""
        with self.site.work(actor=self.people["insider"]) as work:
            unit, case = work.get(OrganizationService).unit, work.get(CaseService).fetch(code, lock=True)
            jobs = [NewJob(unit_id=unit(key).id, task="رسیدگی در محل") for key in (WORKING, WORKED)]
            work.get(JobService).split(case, jobs, answer="کار انجام شد.")
        with self.site.work(actor=self.people["former_worker"]) as work:
            service, case = work.get(JobService), work.get(CaseService).fetch(code, lock=True)
            [mine] = [job for job in service.of(case).jobs if job.may_do]
            service.finish(case, mine.id)
            self.known |= {"job": str(mine.id)}

    def _sign_in(self):
        application = create_app(self.site)
        self.pages = pages_of(self.site.registry)
        self.tokens, self.browsers = {}, {"visitor": TestApp(application)}
        self.api_tokens = {
            who: token_for(
                self.site,
                person,
                *(
                    name
                    for name, scope in scopes_of(self.site).items()
                    if person.is_staff or scope.for_citizens
                ),
            )
            for who, person in self.people.items()
        }
        with self.site.work() as work:
            for who, person in self.people.items():
                user = work.session.get(User, person.user_id)
                self.tokens[who] = work.get(SessionService).open(person.realm, user)
        for who, token in self.tokens.items():
            self.browsers[who] = TestApp(application)
            self.browsers[who].set_cookie(self.site.cookie_name, token)

    def _case(self, work, code):
        return work.session.scalars(select(Case).where(Case.code == code)).one()
