"""Every page with every sort of person: who gets in, who is redirected to which sign-in, and what no answer lacks."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from integration.routes import Page, pages_of
from portal import Portal
from selection import LONG
from webtest import TestApp

from civicportal.api.organization import OrganizationService
from civicportal.api.web import PagePermission
from civicportal.app import create_app
from civicportal.core.crypto import new_token
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.views.denied import STAFF_AREAS
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, identity, make_citizen, make_staff
from civicportal.util.geo import Point
from civicportal.web.headers import SECRET_PATHS, content_security_policy

STAFF_ROLES = ("handler", "observer", "office_manager", "public_relations", "administrator")
PEOPLE = ("visitor", "citizen", *STAFF_ROLES)
#: Forms that would sign the browser out.
ENDS_THE_SESSION = {"logout", "account_session_end", "admin.member_sessions_end"}
#: Answers to a page without its arguments: shown, redirected, or refused with a message.
ASKED_FOR_NOTHING = (200, 302, 303, 400, 422)
#: The box of the tracking page is on pages without a CSRF token; a submission from another site leads to the whole form.
#: Programs authenticate themselves below /api/.
ASKS_FOR_NO_TOKEN = {"track_code": 303, "csp_reports": 204, "oauth.revoke": 401}
#: Pages that want more than an address: a code's proof, a picture not begun, a report by its query.
WANT_MORE = {
    "track_case": (303,),
    "meetings.calendar": (303, 404),
    # There when an empty form has asked for a code.
    "account_totp_qr": (200, 404),
    # There is no worker here, and nothing is measured.
    "readyz_worker": (503,),
    "metrics": (404,),
    "reports.me_too": (404,),
    # For members of staff who may register cases of any kind.
    "call": (200, 403),
}
#: Pages that the hosts of the site's settings may embed.
FRAMED = dict.fromkeys(("/reports/embed", "/open-data/embed"), ("www.shahreman.example",))


@dataclass
class City:
    """The example site with one report, and a browser for everybody."""

    site: object
    pages: list[Page]
    browsers: dict[str, TestApp]
    tokens: dict[str, str]
    identities: dict[str, object]
    code: str

    def get(self, who, path, **headers):
        return self.browsers[who].get(path, headers=headers, status="*")

    def post(self, who, path, token=""):
        form = {"csrf_token": token} if token else {}
        return self.browsers[who].post(path, form, status="*")

    def csrf(self, who):
        return self.site.keys.mac("csrf", self.tokens[who]).hex()

    def may_open(self, who, page):
        """Return whether the page is for this person, whatever it shows them."""
        staff, citizen = who in STAFF_ROLES, who == "citizen"
        sign_ins = {
            PagePermission.EVERYBODY: True,
            PagePermission.SIGNED_IN: staff or citizen,
            PagePermission.CITIZEN: citizen,
            PagePermission.STAFF: staff,
        }
        if page.permission in sign_ins:
            return sign_ins[page.permission]
        return staff and self.identities[who].permits(page.permission)


@pytest.fixture(scope="module")
def city(civic_session, civic_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    site = Portal(
        folder, civic_session.new_database(civic_database), make_tables=civic_session.databases.migrate
    ).site
    # A proof is valid for five minutes: here they do not pass.
    site.clock = FakeClock()
    with site.work() as work:
        work.get(SeedService).load()
        users = {"citizen": make_citizen(work)}
        for role in STAFF_ROLES:
            users[role] = make_staff(work, role)
        identities = {
            who: identity(work, user, "citizen" if who == "citizen" else "staff")
            for who, user in users.items()
        }
    with site.work(actor=identities["citizen"]) as work:
        category = next(
            c for c in work.get(OrganizationService).categories_of("reports").by_id.values() if c.unit_id
        )
        location = locate_point(site.map, Point(*site.settings["map"]["center"]))
        code = (
            work.get(ReportService).submit(NewReport(category=category, location=location, body="چاله")).code
        )
    application = create_app(site)
    browsers, tokens = {}, {"visitor": new_token()}
    with site.work() as work:
        for who, user in users.items():
            realm = "citizen" if who == "citizen" else "staff"
            tokens[who] = work.get(SessionService).open(realm, user)
    for who, token in tokens.items():
        browsers[who] = TestApp(application)
        browsers[who].set_cookie(site.cookie_name, token)
    # Programs have tokens instead: see rest/test_roles.py, and the tests of Open311.
    pages = [page for page in pages_of(site.registry) if not page.pattern.startswith(("/api/", "/open311/"))]
    yield City(site, pages, browsers, tokens, identities, code)
    site.engines.dispose()


def wrong_headers(answer, path):
    """What an answer lacks of the headers that no answer lacks."""
    headers = answer.headers
    framed_by = FRAMED.get(path, ())
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": None if framed_by else "DENY",
        "Referrer-Policy": "strict-origin" if path.startswith(SECRET_PATHS) else "same-origin",
    }
    wrong = [name for name, value in wanted.items() if headers.get(name) != value]
    if headers.get("Content-Security-Policy") != content_security_policy(framed_by=framed_by):
        wrong.append("Content-Security-Policy")
    if "microphone=()" not in headers.get("Permissions-Policy", ""):
        wrong.append("Permissions-Policy")
    if "Cache-Control" not in headers:
        wrong.append("Cache-Control")
    kind = headers.get("Content-Type", "")
    if (answer.body and not kind) or (kind.startswith("text/") and "charset=utf-8" not in kind.lower()):
        wrong.append(f"Content-Type, but {kind!r}")
    return wrong


def sign_in_of(path):
    """The address a visitor is sent to instead of a protected page."""
    return "/staff/login" if path.startswith(STAFF_AREAS) else "/login"


def problem_of_get(city, who, page):
    """What is wrong with the answer to a page of something unknown, or nothing."""
    path = page.path()
    answer = city.get(who, path)
    lacking = wrong_headers(answer, path)
    if lacking:
        return f"{who} GET {path}: no right {', '.join(lacking)}"
    if city.may_open(who, page):
        expected = WANT_MORE.get(page.route) or ((404,) if page.has_arguments else ASKED_FOR_NOTHING)
        right = answer.status_int in expected
    elif who == "visitor":
        expected = f"303 to {sign_in_of(path)}"
        right = answer.status_int == 303 and urlsplit(answer.location).path == sign_in_of(path)
    else:
        expected = 403
        right = answer.status_int == 403
    return None if right else f"{who} GET {path} ({page.permission}): {answer.status}, not {expected}"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_opens_to_those_it_is_for(city, who):
    problems = [problem_of_get(city, who, page) for page in city.pages if "GET" in page.methods]
    assert not [problem for problem in problems if problem]


@pytest.mark.parametrize("who", PEOPLE)
def test_no_form_is_taken_without_its_token(city, who):
    problems = []
    for place, page in enumerate(city.pages):
        if "POST" not in page.methods:
            continue
        expected = ASKS_FOR_NO_TOKEN.get(page.route, 400) if city.may_open(who, page) else 403
        # Each form is sent without a token by some people and with a wrong one by the others.
        wrong = ("", "0" * 64)
        for token in wrong if LONG else wrong[(place + PEOPLE.index(who)) % 2 :][:1]:
            answer = city.post(who, page.path(), token)
            if answer.status_int != expected or wrong_headers(answer, page.path()):
                problems.append(f"{who} POST {page.path()}: {answer.status}, not {expected}")
    assert not problems


def answered_rightly(city, who, page, answer):
    """Return whether people with the right may send the form, others may not, and visitors are sent to sign in."""
    if city.may_open(who, page):
        return answer.status_int < 500
    if who == "visitor":
        return answer.status_int == 303 and urlsplit(answer.location).path == sign_in_of(page.path())
    return answer.status_int == 403


@pytest.mark.parametrize("who", PEOPLE)
def test_an_empty_form_never_crashes(city, who):
    problems = []
    for page in city.pages:
        if "POST" not in page.methods or page.route in ENDS_THE_SESSION:
            continue
        paths = {page.path(code=city.code, id="1")}
        if city.may_open(who, page):
            # Others have sent theirs to something unknown without a token, and were refused before that was looked for.
            paths.add(page.path())
        for path in paths:
            answer = city.post(who, path, city.csrf(who))
            if not answered_rightly(city, who, page, answer) or wrong_headers(answer, path):
                problems.append(f"{who} POST {path}: {answer.status}")
    assert not problems


@pytest.mark.parametrize("who", PEOPLE)
def test_what_exists_is_shown_to_those_it_is_for_and_else_not_there(city, who):
    problems = []
    for page in city.pages:
        if "GET" not in page.methods or not page.has_arguments:
            continue
        path = page.path(code=city.code, id="1", number="09000000001")
        answer = city.get(who, path)
        expected = (200, 303, 404) if city.may_open(who, page) else (303,) if who == "visitor" else (403,)
        if answer.status_int not in expected or wrong_headers(answer, path):
            problems.append(f"{who} GET {path}: {answer.status}, not {expected}")
    assert not problems


@pytest.mark.parametrize(
    ("path", "people"),
    [
        ("/my/{code}", {"citizen"}),
        (
            "/kartable/cases/{code}",
            {"handler", "observer", "office_manager", "public_relations", "administrator"},
        ),
        ("/desk/reports", {"handler", "observer", "office_manager", "public_relations", "administrator"}),
        ("/admin/messages", {"administrator"}),
        ("/account", {"citizen", *STAFF_ROLES}),
        ("/", set(PEOPLE)),
    ],
)
def test_the_pages_of_one_report(city, path, people):
    answers = {who: city.get(who, path.format(code=city.code)).status_int for who in PEOPLE}
    assert {who for who, status in answers.items() if status == 200} == people


def test_pages_answer_only_the_methods_they_name(city):
    problems = []
    for page in city.pages:
        others = {method for other in city.pages if other.route == page.route for method in other.methods}
        if "POST" in others:
            continue
        answer = city.post("administrator", page.path(), city.csrf("administrator"))
        if answer.status_int not in (403, 404, 405):
            problems.append(f"POST {page.path()}: {answer.status}")
    assert not problems


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/", 405),
        ("DELETE", "/my", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/static/core/0/portal.css", 200),
        ("GET", "/static/core/0/../site.toml", 404),
        ("GET", "/static/core/0/", 404),
        ("GET", "/.git/config", 404),
        ("GET", "/site.toml", 404),
        ("TRACE", "/", 405),
        ("GET", "/?next=%00", 400),
        ("HEAD", "/", 200),
    ],
)
def test_no_answer_lacks_its_headers(city, method, path, status):
    answer = city.browsers["visitor"].request(path, method=method, status="*")
    assert answer.status_int == status
    assert wrong_headers(answer, path) == []


def test_a_page_of_a_signed_in_person_is_not_cached(city):
    for path in ("/", "/my", "/account", "/nowhere"):
        assert city.get("citizen", path).headers["Cache-Control"] == "no-store"


def test_no_answer_may_be_read_by_another_site(city):
    """Only what is public is shared across origins, and never with the cookies of its reader."""
    evil = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    told = {
        page.path(): sorted(
            value for name, value in answer.headers.items() if name.lower().startswith("access-control-")
        )
        for page in city.pages
        if "GET" in page.methods
        for answer in [city.browsers["administrator"].get(page.path(), headers=evil, status="*")]
        if any(name.lower().startswith("access-control-") for name in answer.headers)
    }
    assert {path for path in told if not path.startswith(("/reports/features", "/open-data/"))} == set()
    assert all(values == ["*"] for values in told.values())


def test_the_way_out_is_in_sight(city):
    """Staff sign out on every page, citizens on the page of their account, to which every page leads."""
    for path in ("/kartable", "/desk/reports", "/desk/reports/statistics", "/admin/members", "/account"):
        assert city.get("administrator", path).html.select("form[action='/logout'] button"), path
    for path in ("/", "/my", "/reports/new", "/announcements", "/nowhere"):
        assert city.get("citizen", path).html.select("a[href^='/account']"), path
    assert city.get("citizen", "/account").html.select("form[action='/logout'] button")
