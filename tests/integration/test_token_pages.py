"""The pages of tokens: made once asked again, shown once, listed, revoked; and the programs that administrators connect."""

import pytest
from browser_settings import set_in_browser
from sign_in_forms import form_with
from sqlalchemy import select

from civicportal.domain.accounts.models import Role, User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.authentication import load_token
from civicportal.domain.tokens.models import ApiClient, Token
from civicportal.domain.tokens.services import MANAGE
from civicportal.portal.cleanup import clean_tokens
from civicportal.testing import make_citizen, make_staff, make_unit
from civicportal.testing.tokens import token_for


@pytest.fixture
def officer(site, sign_in):
    with site.work() as work:
        unit = make_unit(work, "waste")
        user = make_staff(work, "officer", unit=unit)
    sign_in(user)
    return user


@pytest.fixture
def administrator(site, sign_in):
    with site.work() as work:
        make_staff(work, "officer", unit=make_unit(work, "waste"))
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def form_of(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending))


def secret_of(page):
    return page.html.select_one("#token")["value"]


def check(form, name, *values):
    """Tick the boxes of a list of values."""
    for box in form.fields[name]:
        box.checked = box._value in values


def make(app, *, name="نقشهٔ شهر", scopes=("cases:read",), **values):
    form = form_with(app.get("/account/tokens/new"), "name")
    form["name"] = name
    check(form, "scopes", *scopes)
    for field, value in values.items():
        form[field] = value
    return form.submit(status="*")


def test_a_token_is_shown_once_and_listed_without_it(site, app, officer):
    with site.work(write=False) as work:
        unit = work.session.scalars(select(Unit.id).where(Unit.key == "waste")).one()
    shown = make(app, unit=str(unit))
    secret = secret_of(shown)
    assert shown.headers["Cache-Control"] == "no-store"
    token = load_token(site, secret)
    assert token.user_id == officer.id
    assert token.scopes == {"cases:read"}
    page = app.get("/account/tokens")
    assert secret not in page
    assert secret[-4:] in page
    assert "نقشهٔ شهر" in page
    assert "واحد waste" in page


def test_a_token_needs_a_recent_proof(site, app, officer):
    site.clock.advance(minutes=10)
    app.get("/account/tokens")
    answer = app.get("/account/tokens/new", status=303)
    assert "/account/confirm?next=%2Faccount%2Ftokens%2Fnew" in answer.location


def test_what_was_typed_before_the_proof_is_there_after_it(site, app, officer):
    form = form_with(app.get("/account/tokens/new"), "name")
    form["name"] = "نقشهٔ شهر"
    check(form, "scopes", "cases:read", "statistics:read")
    site.clock.advance(minutes=10)
    assert "/account/confirm" in form.submit(status=303).location
    with site.work(write=False) as work:
        assert work.session.scalars(select(Token)).all() == []


def test_a_token_is_revoked_by_its_person_only(site, app, officer, browse):
    secret = secret_of(make(app))
    with site.work() as work:
        other = make_staff(work, "other")
        row = work.session.scalars(select(Token)).one()
    stranger = browse(site, other, "staff")
    csrf = form_of(stranger.get("/account"), "/logout")["csrf_token"].value
    stranger.post(f"/account/tokens/{row.id}/revoke", {"csrf_token": csrf}, status=404)
    assert load_token(site, secret)
    page = form_of(app.get("/account/tokens"), "/revoke").submit(status=303).follow()
    assert load_token(site, secret) is None
    assert not [form for form in page.forms.values() if form.action.endswith("/revoke")]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": ""}, "name"), ({"name": "x" * 61}, "name"), ({"scopes": ()}, "scopes")],
)
def test_bad_input_is_answered_at_its_field(site, app, officer, values, field):
    page = make(app, **values)
    assert page.status_int == 422
    assert page.html.select(f"[name={field}].is-invalid, .is-invalid [name={field}], #{field}-error")
    with site.work(write=False) as work:
        assert work.session.scalars(select(Token)).all() == []


@pytest.mark.parametrize(
    ("field", "value"), [("scopes", "organization:write"), ("days", "99999"), ("unit", "77")]
)
def test_a_choice_that_is_not_offered_is_refused(app, officer, field, value):
    form = form_with(app.get("/account/tokens/new"), "name")
    fields = [(name, text) for name, text in form.submit_fields() if name != field]
    app.post("/account/tokens/new", [*fields, ("name", "نقشه"), (field, value)], status=422)


def test_the_site_decides_whether_citizens_make_tokens(site, app, sign_in):
    with site.work() as work:
        citizen = make_citizen(work)
    sign_in(citizen)
    assert "/account/tokens" not in app.get("/account")
    assert app.get("/account/tokens/new", status=303).location.endswith("/account/tokens")
    app.get("/account/tokens")
    set_in_browser(site, "api.personal", "everybody")
    assert "/account/tokens" in app.get("/account")
    form = form_with(app.get("/account/tokens/new"), "name")
    assert "unit" not in form.fields
    token = load_token(site, secret_of(make(app, scopes=("cases:read", "cases:write"))))
    assert token.identity.is_citizen


def test_the_longest_life_is_that_of_the_site(site, app, officer, monkeypatch):
    monkeypatch.setitem(site.settings["api"], "most_days", 45)
    options = [
        value for value, _chosen, _text in form_with(app.get("/account/tokens/new"), "name")["days"].options
    ]
    assert options == ["7", "30", "45"]


def test_ended_tokens_leave_the_list_after_a_month(site, app, officer):
    token_for(site, officer, "cases:read", days=1)
    make(app)
    site.clock.advance(days=20)
    clean_tokens(site)
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Token)).all()) == 2
    site.clock.advance(days=12)
    clean_tokens(site)
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Token)).all()) == 1


# -- connected programs ---------------------------------------------------------------------------------------


def connect(app, *, scopes=("cases:read", "cases:write"), **values):
    form = form_with(app.get("/admin/clients/new"), "role")
    form["name"] = "اتوماسیون اداری"
    form["role"].select(text="officer")
    form["unit"].select(text="واحد waste")
    check(form, "scopes", *scopes)
    for field, value in values.items():
        form[field] = value
    return form.submit(status="*")


def test_a_program_is_connected_changed_renewed_and_ended(site, app, administrator):
    assert "هیچ نرم‌افزاری متصل نیست" in app.get("/admin/clients")
    first = secret_of(connect(app, note="قرارداد ۱۲"))
    assert load_token(site, first).identity.name == "اتوماسیون اداری"
    with site.work(write=False) as work:
        client = work.session.scalars(select(ApiClient)).one()
    path = f"/admin/clients/{client.id}"
    listed = app.get("/admin/clients")
    assert "اتوماسیون اداری" in listed
    assert first not in listed
    page = app.get(path)
    assert first not in page
    assert f"/admin/audit?actor={client.user_id}" in page

    form = form_with(page, "role")
    assert form["note"].value == "قرارداد ۱۲"
    form["name"] = "اتوماسیون"
    check(form, "scopes", "statistics:read")
    form.submit(status=303)
    assert load_token(site, first).scopes == {"statistics:read"}
    assert load_token(site, first).identity.name == "اتوماسیون"

    second = secret_of(form_of(app.get(path), "/rotate").submit(status=200))
    assert load_token(site, first)
    assert load_token(site, second)
    page = form_of(app.get(path), "/revoke").submit(status=303).follow()
    assert load_token(site, first) is None
    assert load_token(site, second) is None
    assert not [form for form in page.forms.values() if form.action.endswith("/revoke")]
    assert "بدون دسترسی" in app.get("/admin/clients")
    third = secret_of(form_of(app.get(path), "/rotate").submit(status=200))
    assert load_token(site, third)
    with site.work(write=False) as work:
        actions = work.session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.like("client:%")).order_by(AuditEvent.id)
        ).all()
        assert actions == ["client:make", "client:change", "client:revoke"]


def test_a_connected_program_needs_a_recent_proof(site, app, administrator):
    connect(app)
    with site.work(write=False) as work:
        client_id = work.session.scalars(select(ApiClient.id)).one()
    page = app.get(f"/admin/clients/{client_id}")
    site.clock.advance(minutes=10)
    assert "/account/confirm" in app.get("/admin/clients/new", status=303).location
    assert "/account/confirm" in form_of(page, "/rotate").submit(status=303).location
    assert "/account/confirm" in form_with(page, "role").submit(status=303).location
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Token)).all()) == 1


def test_a_choice_of_a_renewal_that_is_not_offered_makes_no_token(site, app, administrator):
    connect(app)
    with site.work(write=False) as work:
        client_id = work.session.scalars(select(ApiClient.id)).one()
    form = form_of(app.get(f"/admin/clients/{client_id}"), "/rotate")
    form["days"].force_value("99999")
    assert form.submit(status=303).location.endswith(f"/admin/clients/{client_id}")
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Token)).all()) == 1


def test_roles_of_people_are_not_offered_to_programs(site, app, administrator):
    with site.work(write=False) as work:
        builtin = work.session.scalars(select(Role.id).where(Role.builtin)).all()
    options = [
        value for value, _chosen, _text in form_with(app.get("/admin/clients/new"), "role")["role"].options
    ]
    assert not {str(role_id) for role_id in builtin} & set(options)
    page = connect(app, scopes=())
    assert page.status_int == 422


def test_who_has_less_gives_less(site, app, sign_in):
    with site.work() as work:
        waste = make_unit(work, "waste")
        make_staff(work, "officer", unit=waste)
        user = make_staff(work, "connector", permissions=[MANAGE])
    sign_in(user)
    page = connect(app)
    assert page.status_int == 422
    assert "فقط آنچه خودتان" in page
    with site.work(write=False) as work:
        assert work.session.scalars(select(ApiClient)).all() == []
        assert work.session.scalars(select(User).where(User.machine)).all() == []


def test_the_pages_are_for_those_who_may_connect_programs(site, app, officer):
    for path in ("/admin/clients", "/admin/clients/new"):
        app.get(path, status=403)
    assert "/admin/clients" not in app.get("/desk")


def test_a_site_without_an_api_says_so(site, app, administrator):
    set_in_browser(site, "api.enabled", "false")
    assert "در حال حاضر نرم‌افزارها نمی‌توانند متصل شوند" in app.get("/admin/clients")
    assert "/account/tokens" not in app.get("/account")


class TestTokensOfMembers:
    @pytest.fixture
    def boss(self, site, sign_in):
        with site.work() as work:
            boss = make_staff(work, "administrator")
        sign_in(boss)
        return boss

    def test_an_administrator_sees_and_revokes_them(self, site, app, boss):
        with site.work() as work:
            member = make_staff(work, "officer")
        secret = token_for(site, member, "cases:read")
        page = app.get(f"/admin/members/{member.id}")
        assert secret[-4:] in page
        assert secret not in page
        answer = next(form for form in page.forms.values() if "/tokens/" in form.action).submit(status=303)
        assert answer.location.endswith(f"/admin/members/{member.id}")
        assert load_token(site, secret) is None
        assert secret[-4:] not in answer.follow()
        with site.work(write=False) as work:
            [event] = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "token:revoke"))
        assert (event.actor_id, event.subject_id) == (boss.id, member.id)

    def test_a_token_of_another_person_is_not_there(self, site, app, boss):
        with site.work() as work:
            member, other = make_staff(work, "officer"), make_staff(work, "officer", username="other")
        secret = token_for(site, other, "cases:read")
        with site.work(write=False) as work:
            token_id = work.session.scalars(select(Token.id)).one()
        csrf = form_of(app.get("/account"), "/logout")["csrf_token"].value
        app.post(f"/admin/members/{member.id}/tokens/{token_id}/end", {"csrf_token": csrf}, status=404)
        assert load_token(site, secret)

    def test_who_manages_no_members_revokes_nothing(self, site, app, boss, browse):
        secret = token_for(site, boss, "cases:read")
        with site.work() as work:
            member = make_staff(work, "officer")
            token_id = work.session.scalars(select(Token.id)).one()
        stranger = browse(site, member, "staff")
        csrf = form_of(stranger.get("/account"), "/logout")["csrf_token"].value
        path = f"/admin/members/{boss.id}/tokens/{token_id}/end"
        stranger.post(path, {"csrf_token": csrf}, status=403)
        assert load_token(site, secret)
