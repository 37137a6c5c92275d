"""The office registers a request for a caller: one open request a person, with or without a mobile."""

import pytest
from civicportal_meetings.models import MeetingRequest
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.api.people import User
from civicportal.testing import identity, make_staff, outbox

REASON = "پیگیری پروندهٔ عقب‌نشینی ملک که هشت ماه بدون نتیجه مانده است."
NATIONAL_CODE, OTHER_CODE = "0499370899", "0084575948"
MOBILE, STORED = "09000000007", "+989000000007"


@pytest.fixture
def registrar(site, office, sign_in):
    with site.work() as work:
        officer = make_staff(work, "registrar", permissions=["meetings:case:register"], name="سارا احمدی")
        person = identity(work, officer)
    sign_in(person)
    return person


def filled(app, **values):
    page = app.get("/desk/meetings/new", status=200)
    form = next(f for f in page.forms.values() if "reason" in f.fields)
    usual = {
        "subject": "پروانهٔ ساختمانی",
        "reason": REASON,
        "name": "مریم رضایی",
        "national_code": NATIONAL_CODE,
        "birth_date": "۱۳۶۴/۰۱/۰۱",
        "consent": True,
    }
    for name, value in {**usual, **values}.items():
        form[name] = value
    return form


def requests(site):
    with site.work(write=False) as work:
        query = select(Case, MeetingRequest).join(MeetingRequest, MeetingRequest.case_id == Case.id)
        return work.session.execute(query.order_by(Case.id)).all()


def test_a_caller_with_a_mobile_has_the_request_among_their_own(site, office, app, registrar):
    filled(app, mobile=MOBILE).submit(status=200)
    [(case, request)] = requests(site)
    assert (case.source, request.open_of, request.name) == ("phone", case.citizen_id, "مریم رضایی")
    with site.work(write=False) as work:
        citizen = work.session.get(User, case.citizen_id)
        assert (citizen.mobile, citizen.name) == (STORED, "مریم رضایی")
        assert [row.kind for row in outbox(work)] == ["meetings.registered"]


def test_a_second_open_request_is_refused(site, office, app, registrar):
    office.ask()
    page = filled(app, mobile="09000000001", national_code=OTHER_CODE).submit(status=422)
    assert "درخواست بازی دارد" in page.html.select_one(".err-summary").text
    assert len(requests(site)) == 1


def test_without_a_mobile_the_national_code_tells_people_apart(site, office, app, registrar):
    page = filled(app, source="counter").submit(status=200)
    assert len(page.html.select(".said-codes [data-copy]")) == 2
    filled(app).submit(status=422)
    filled(app, national_code=OTHER_CODE).submit(status=200)
    assert [request.open_of for _case, request in requests(site)] == [None, None]


def test_the_same_form_is_one_request(site, office, app, registrar):
    form = filled(app, mobile=MOBILE)
    first, second = form.submit(status=200), form.submit(status=200)
    [(case, _request)] = requests(site)
    for page in (first, second):
        assert page.html.select_one(".said-codes [data-copy]")["data-copy"] == case.code


def test_identity_is_asked_for(site, office, app, registrar):
    page = filled(app, national_code="", consent=False).submit(status=422)
    assert len(page.html.select(".err-summary a")) == 2
    assert requests(site) == []


def test_form_speaks_of_the_citizen_not_to_them(app, registrar):
    page = app.get("/desk/meetings/new", status=200).text
    assert "کدام روزها برای شهروند مناسب است؟" in page
    assert "برای خودم" not in page
    assert "سمت شما" not in page
