"""Cases that the tests start from, sent and handled through the services."""

from urllib.parse import urlencode

from browser import announcements, automations, exports, feedback, imports, meetings, remotes, webhooks
from browser.people import CAREFUL, CITIZENS, RECOVERY_CODES, STAFF
from browser.wizard import STREET, WORDS
from civicportal_reports.nearby import NearbyService
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from portal import Portal
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.core.storage import process_image
from civicportal.core.work import Work
from civicportal.domain.accounts.invitations import InvitationService, Scope
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.recovery import RecoveryService, hash_recovery_codes
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.contractors import DONE, ContractorPageService, ContractorService
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.tokens.services import ClientService, TokenService
from civicportal.testing import identity
from civicportal.testing.factories import APP_SECRET
from civicportal.util.geo.city_map import CityMap
from civicportal.util.geo.points import Point

Facts = dict[str, str]


def facts(portal: Portal) -> Facts:
    """Return reports that do not depend on the demo data."""
    with portal.site.work() as work:
        people = {role: who(work, role) for role in (*CITIZENS, *STAFF)}
        # Only an own wording can be given up again.
        work.get(TextService).save(
            "meetings.registered", "درخواست شما ثبت شد.\nکد رهگیری: {TRACK}\nدفتر شهردار"
        )
    set_up_app(portal)
    own = send_report(portal, people["citizen"])
    closed = send_report(portal, people["citizen"])
    other = send_report(portal, people["neighbour"])
    report = close_report(portal, people["handler"], closed)
    deliverable = [other, *(send_report(portal, people["neighbour"]) for _number in range(3))]
    with portal.site.work(actor=people["citizen"]) as work:
        followed = work.session.scalars(select(Case).where(Case.code == other)).one()
        work.get(FollowerService).follow(followed)
        follows = followed.id
    return {
        "own": own,
        "closed": closed,
        "case": other,
        "report": str(report),
        "followed": str(follows),
        "meeting": meetings.arranged(portal, people["neighbour"], people["office_manager"]),
        **meetings.desk_facts(portal, people["office_manager"]),
        "mobile": CITIZENS["citizen"],
        **links(portal),
        **programs(portal, people["handler"]),
        **split_case(portal, people["neighbour"], people["handler"]),
        **jobs(portal, people["neighbour"], people["handler"]),
        **announcements.facts(portal, people["public_relations"]),
        **feedback.facts(portal, people["citizen"], people["public_relations"]),
        **exports.facts(portal, people["administrator"]),
        **automations.facts(portal, people["administrator"]),
        **webhooks.facts(portal, people["administrator"]),
        **imports.facts(portal, people["administrator"]),
        **remotes.facts(portal, people["administrator"], deliverable),
    }


def split_case(portal: Portal, citizen: Identity, handler: Identity) -> Facts:
    """Split a report; return its code and the job of its own unit."""
    code = send_report(portal, citizen)
    with portal.site.work(actor=handler) as work:
        unit = work.get(OrganizationService).unit
        jobs = [NewJob(unit_id=unit(key).id, task=f"کار {unit(key).name}") for key in ("civil", "services")]
        service, case = work.get(JobService), work.get(CaseService).fetch(code, lock=True)
        service.split(case, jobs)
        return {"split": code, "split_job": str(service.of(case).jobs[0].id)}


def jobs(portal: Portal, citizen: Identity, handler: Identity) -> Facts:
    """Make links of contractors for two reports, one of which is answered; return their tokens and the answered report."""
    codes = [send_report(portal, citizen) for _number in range(2)]
    tokens = []
    for code in codes:
        with portal.site.work(actor=handler) as work:
            service = work.get(ContractorService)
            case = work.get(CaseService).fetch(code, lock=True)
            made = service.make(
                case,
                name="پیمانکاری آسفالت نمونه",
                last_day=service.usual_end,
                instruction="لطفاً پس از ساعت ۲۲ کار کنید.",
            )
            tokens.append(made[1])
    image = process_image((portal.site.data / "demo/photos/pothole.jpg").read_bytes())
    key = PictureFiles(portal.site).put(image)
    with portal.site.work(actor=Identity.VISITOR) as work:
        work.get(AttachmentService).add(key, image, "contractor")
        work.get(ContractorPageService).answer(
            tokens[1], DONE, note="آسفالت ترمیم شد.", after=[key], owner="contractor"
        )
    return {"job": tokens[0], "answered": codes[1], "answered_job": tokens[1]}


def programs(portal: Portal, handler: Identity) -> Facts:
    """Make a token of a person, and connect a program; return the id of the program."""
    with portal.site.work(actor=handler) as work:
        person = work.session.get_one(User, handler.person_id)
        work.get(TokenService).make(person, name="نقشهٔ شهر", scopes=["cases:read"])
    with portal.site.work() as work:
        role = next(role for role in work.get(RoleService).all() if not role.builtin)
        client, _secret = work.get(ClientService).make(
            name="اتوماسیون اداری", role=role, scopes=["cases:read", "cases:write"], note="قرارداد ۱۲"
        )
        address = f"{portal.address}/back"
        app, _none = work.get(ClientService).make(
            name="اپ شهر", role=None, scopes=["cases:read", "statistics:read"], redirect_uris=[address]
        )
        query = {
            "response_type": "code",
            "client_id": app.public_id,
            "redirect_uri": address,
            "state": "s1",
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }
        return {"client": str(client.id), "consent": urlencode(query)}


def links(portal: Portal) -> Facts:
    """Create an invitation link and a link for a forgotten password; return their tokens."""
    with portal.site.work() as work:
        service = work.get(InvitationService)
        role = next(role for role in work.get(RoleService).all() if not role.builtin)
        person = {"username": "guest.1", "name": "مهمان آزمایشی", "mobile": "+989000000779"}
        _invitation, invite = service.invite(**person, scopes=[Scope(role=role)])
        member = work.session.scalars(select(User).where(User.username == "culture1")).one()
        _invitation, reset = service.reset(member)
        rescue = service.rescue(member, operator="root")
    return {"invite": invite, "reset": reset, "rescue": rescue}


def set_up_app(portal: Portal) -> None:
    """Give a person an authenticator app and recovery codes, once."""
    with portal.site.work() as work:
        member = work.session.scalars(select(User).where(User.username == CAREFUL[0])).one()
        if member.totp_secret is None:
            work.get(TotpService).enable(member, APP_SECRET, 1)
            work.get(RecoveryService).replace(member, hash_recovery_codes(RECOVERY_CODES))


def send_report(portal: Portal, citizen: Identity, words: str = WORDS, share: float | None = None) -> str:
    """Send a report with a picture and return its tracking code.

    :param share: of the length of the street, 0 to 1; without it at a place without open reports nearby.
    """
    site = portal.site
    image = process_image((site.data / "demo/photos/pothole.jpg").read_bytes())
    key = PictureFiles(site).put(image)
    with site.work(actor=citizen) as work:
        work.get(AttachmentService).add(key, image, "browser")
        category = work.get(OrganizationService).category("reports", "pothole")
        assert category
        assert site.map
        point = (
            quiet_place(work, site.map, category.id)
            if share is None
            else site.map.point_on_street(STREET, share)
        )
        location = locate_point(site.map, point)
        new = NewReport(category=category, location=location, body=words, photos=[key], owner="browser")
        return work.get(ReportService).submit(new).code


def quiet_place(work: Work, city_map: CityMap, category_id: int) -> Point:
    """Return a point without open reports nearby: on the street of the tests, when that is full on any other."""
    streets = [STREET, *(street for street in city_map.streets if street != STREET)]
    places = (city_map.point_on_street(street, share / 100) for street in streets for share in range(1, 100))
    nearby = work.get(NearbyService)
    return next(
        point for point in places if city_map.contains(point) and not nearby.reports(point, category_id)
    )


def close_report(portal: Portal, officer: Identity, code: str) -> int:
    """Comment on a report, close it and publish it; return its id."""
    with portal.site.work(actor=officer) as work:
        cases = work.get(CaseService)
        case = cases.fetch(code, "work", lock=True)
        cases.comment(case, "بازدید شد؛ در نوبت ترمیم است.", expert=True, public=True)
        cases.apply(case, "close", public_text="چاله با آسفالت گرم ترمیم شد.")
        cases.publish(case, True)
        return case.id


def who(work: Work, role: str) -> Identity:
    """Return a person as after signing in."""
    if role in CITIZENS:
        mobile = work.site.country.normalize_mobile(CITIZENS[role])
        return identity(
            work, work.session.scalars(select(User).where(User.mobile == mobile)).one(), "citizen"
        )
    return identity(work, work.session.scalars(select(User).where(User.username == STAFF[role][0])).one())
