"""Change of the mobile number: proved by a code, announced to the former one, without revealing known numbers."""

import pytest
from integration.profile import MOBILE, OTHER, events, fresh, kinds_of
from sign_in_forms import code_of, send
from sqlalchemy import select

from civicportal.domain.accounts.mobile import MobileService, MobileTaken
from civicportal.domain.accounts.models import Session, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.testing import make_citizen, make_staff

NEW, TYPED = "+989121234567", "۰۹۱۲ ۱۲۳ ۴۵۶۷"


@pytest.fixture
def citizen(site, sign_in):
    with site.work() as work:
        user = make_citizen(work, MOBILE)
    sign_in(user, "citizen")
    return user


def ask(app, typed=TYPED):
    return send(app.get("/account/mobile"), mobile=typed).follow()


def test_the_number_is_changed_by_a_code_to_the_new_one(site, app, citizen):
    with site.work() as work:
        elsewhere = work.get(SessionService).open("citizen", citizen)
    page = ask(app)
    assert fresh(site, citizen).mobile == MOBILE
    assert "0912***4567" in page.text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
    done = send(page, code=code_of(site, NEW))
    assert done.status_int == 303
    assert fresh(site, citizen).mobile == NEW
    assert kinds_of(site, MOBILE) == ["member.mobile_changed"]
    assert "member:mobile" in events(site)
    with site.work(write=False) as work:
        assert work.get(SessionService).live(elsewhere) is None
        assert len(work.session.scalars(select(Session).where(Session.user_id == citizen.id)).all()) == 1
    assert app.get("/account").status_int == 200


def test_a_wrong_code_changes_nothing(site, app, citizen):
    page = ask(app)
    right = code_of(site, NEW)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    assert send(page, status=422, code=wrong).status_int == 422
    assert fresh(site, citizen).mobile == MOBILE


def test_a_number_in_use_is_reported_to_its_holder_only(site, app, citizen):
    with site.work() as work:
        make_citizen(work, OTHER, name="نام دیگری")
    free = send(app.get("/account/mobile"), mobile="09120000099")
    taken = send(app.get("/account/mobile"), mobile="09000000002")
    assert (free.status_int, free.location) == (taken.status_int, taken.location)
    page = send(taken.follow(), status=422, code=code_of(site, OTHER))
    assert "نام دیگری" not in page.text
    assert fresh(site, citizen).mobile == MOBILE


def test_the_number_one_has_is_refused(app, citizen):
    assert send(app.get("/account/mobile"), status=422, mobile="09000000001").status_int == 422


def test_the_proof_of_who_one_is_must_be_fresh(site, app, clock, citizen):
    clock.advance(minutes=6)
    asked = app.get("/account/mobile")
    assert asked.status_int == 303
    assert "/account/confirm?next=%2Faccount%2Fmobile" in asked.location


def test_a_code_of_an_earlier_user_of_the_browser_changes_nothing(site, app, sign_in, citizen):
    ask(app)
    with site.work() as work:
        other = make_citizen(work, OTHER)
    sign_in(other, "citizen")
    assert app.get("/account/mobile/code").status_int == 303
    assert fresh(site, other).mobile == OTHER


def test_only_so_many_changes_a_day(site, app, citizen):
    for number in range(3):
        mobile = f"0912000000{number}"
        send(ask(app, mobile), code=code_of(site, f"+98{mobile[1:]}"))
    assert send(app.get("/account/mobile"), status=429, mobile="09120000009").status_int == 429


def test_staff_change_theirs_too(site, app, sign_in):
    with site.work() as work:
        user = make_staff(work)
    sign_in(user)
    send(ask(app), code=code_of(site, NEW))
    assert fresh(site, user).mobile == NEW


def test_two_who_take_one_number_at_one_moment(site, citizen):
    with site.work() as work:
        other = make_citizen(work, OTHER)
        work.get(MobileService).change(work.session.get(User, citizen.id), NEW)
    with site.work() as work, pytest.raises(MobileTaken):
        work.get(MobileService).change(work.session.get(User, other.id), NEW)
