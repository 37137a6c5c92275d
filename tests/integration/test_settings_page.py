"""What the municipality says of itself, set in the browser."""

import pytest
from integration.concurrent import concurrently
from sqlalchemy import select

from civicportal.core.branding.models import Setting
from civicportal.core.branding.values import BrandingCache
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.notifications.texts import TextService
from civicportal.portal.branding.services import BrandingService
from civicportal.testing import make_staff
from civicportal.testing.tokens import token_for
from civicportal.util.colour import READABLE, SUGGESTED, contrasts, palette
from civicportal.util.errors import Conflict

PAGE = "/admin/settings"


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def the_form(app):
    page = app.get(PAGE, status=200)
    return next(form for form in page.forms.values() if "short_name" in form.fields)


def save(app, status=303, **values):
    form = the_form(app)
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def test_the_page_needs_the_right_to_manage_settings(site, app, sign_in):
    with site.work() as work:
        user = make_staff(work, "handler")
    sign_in(user)
    app.get(PAGE, status=403)


def test_names_stand_on_pages_and_in_messages_at_once(site, app, boss):
    save(app, name="شهر تازه", short_name="تازه", contact_phone="۱۳۷")
    assert "شهر تازه" in app.get("/")
    with site.work(write=False) as work:
        assert work.get(TextService).values("petitions.working", {})["SITE"] == "تازه"
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "setting:save")).one()
        assert event.data == {"changed": ["contact.phone", "name", "short_name"]}


def test_values_equal_to_the_file_are_deleted(site, app, boss):
    before = the_form(app)["name"].value
    save(app, name="شهر تازه")
    save(app, name=before)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Setting)).all() == []


def test_a_name_that_a_message_would_cut(app, boss):
    answer = save(app, status=422, short_name="نامی که برای یک پیامک بسیار بلند است", name="شهر تازه")
    assert "۲۵" in answer
    assert "شهر تازه" in answer


@pytest.mark.parametrize(("field", "colour"), [("look_primary", "#9fd3cf"), ("look_primary_dark", "#123456")])
def test_a_colour_without_enough_contrast(app, boss, field, colour):
    answer = save(app, status=422, **{field: colour})
    assert "۴٫۵" in answer or "4.5" in answer
    assert colour in answer


def test_no_colour(app, boss):
    answer = save(app, status=422, look_primary_dark="مشکی")
    assert "#۰" not in answer, "nobody copies a colour in Persian digits"


def test_a_refused_colour_is_measured_beside_the_others(app, boss):
    answer = save(app, status=422, look_primary="#ffee88")
    table = answer.html.select_one("table").get_text()
    assert "۱٫۲" in table or "۱.۲" in table or "1.2" in table


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("contact_website", "javascript:alert(1)"),
        ("contact_website", "https://"),
        ("contact_website", "//elsewhere.example"),
        ("contact_email", "نه"),
        ("contact_email", "a@b?cc=c@d.example"),
        ("contact_phone", "abc<script>"),
    ],
)
def test_what_is_no_address_and_no_number_is_refused_at_its_field(site, app, boss, field, typed):
    answer = save(app, status=422, **{field: typed, "name": "شهر تازه"})
    assert answer.html.select_one(f"#{field}")["aria-invalid"] == "true"
    assert answer.html.select_one(f"#{field}")["value"] == typed
    assert answer.html.select_one("#name")["value"] == "شهر تازه"


def test_addresses_and_numbers_are_kept_as_machines_read_them(site, app, boss):
    save(
        app,
        contact_phone="۰۲۱-۸۸۰۰ ۱۲۳۴",
        contact_email="info@shahr.example",
        contact_website="https://shahr.example/درباره",
    )
    with site.work(write=False) as work:
        kept = dict(work.session.execute(select(Setting.key, Setting.value)).all())
    assert kept["contact.phone"] == "021-8800 1234"
    assert kept["contact.website"] == "https://shahr.example/درباره"


def test_a_colour_colours_the_pages(app, boss):
    before = app.get("/").html.select_one('link[href^="/theme.css"]')["href"]
    save(app, look_primary="#245aa5")
    link = app.get("/").html.select_one('link[href^="/theme.css"]')["href"]
    assert link != before
    css = app.get(link).text
    assert "--primary:#245aa5" in css
    assert "--primary-soft:#" in css


def test_two_administrators_at_once(app, boss):
    first = the_form(app)
    save(app, name="شهر یک")
    first["name"] = "شهر دو"
    answer = first.submit(status=409)
    again = next(form for form in answer.forms.values() if "short_name" in form.fields)
    assert again["name"].value == "شهر دو"
    again.submit(status=303)
    assert "شهر دو" in app.get("/")


def present(site):
    with site.work(write=False) as work:
        return work.get(BrandingService).current()


@pytest.mark.one_database("postgresql")
@pytest.mark.parametrize("changed", ["name", "short_name"])
def test_two_administrators_at_one_moment(site, changed):
    seen, refused = present(site).digest, []

    def save(values):
        with site.work() as work:
            work.get(BrandingService).save(values, seen)

    def save_too():
        try:
            save({changed: "دو"})
        except Exception as error:
            refused.append(type(error))

    with concurrently(site, save_too, before=lambda statement: statement.startswith("INSERT INTO settings")):
        save({"name": "شهر یک"})
    assert refused == [Conflict]
    assert (present(site).name, present(site).short_name) == ("شهر یک", site.branding_cache.file.short_name)


def test_settings_read_within_a_transaction_are_not_cached(site):
    with site.work() as work:
        service = work.get(BrandingService)
        service.save({"name": "شهر دیگر"}, service.current().digest)
        assert site.branding.name != "شهر دیگر"
    assert site.branding.name == "شهر دیگر"


def test_pages_of_words(app, boss):
    app.get("/privacy", status=404)
    save(app, texts_privacy="نام شما جایی نمی‌رود.\n\nو <b>نه</b> شمارهٔ شما.")
    page = app.get("/privacy", status=200)
    assert len(page.html.select("main p")) == 2
    assert "<b>" not in str(page.html.select_one("main"))
    assert page.html.select_one('footer a[href="/privacy"]')


@pytest.mark.parametrize("primary", SUGGESTED)
def test_what_is_suggested_can_be_read(primary):
    assert [one.ratio for one in contrasts({"primary": primary}) if one.ratio < READABLE] == []


def test_a_tint_is_found_for_the_dark():
    found = palette({"primary": "#1b1464"})
    assert found["primary_dark"] != "#1b1464"
    assert all(one.is_enough for one in contrasts({"primary": "#1b1464"}))


class TestPrograms:
    def test_the_interface_is_switched_off_and_on_again(self, site, app, boss):
        token = token_for(site, boss, "cases:read")
        headers = {"Authorization": f"Bearer {token}"}
        app.get("/api/v1/cases", headers=headers, status=200)
        save(app, api_enabled="false")
        app.get("/api/v1/cases", headers=headers, status=404)
        assert "/account/tokens" not in app.get("/account")
        assert the_form(app)["api_enabled"].value == "false"
        save(app, api_enabled="true")
        app.get("/api/v1/cases", headers=headers, status=200)
        with site.work(write=False) as work:
            assert work.session.scalars(select(Setting)).all() == []
            events = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "setting:save"))
            assert {tuple(event.data["changed"]) for event in events} == {("api.enabled",)}

    def test_who_may_make_tokens_is_chosen(self, app, boss):
        assert "/account/tokens" in app.get("/account")
        save(app, api_personal="none")
        assert "/account/tokens" not in app.get("/account")

    def test_calls_of_a_minute_are_limited(self, site, app, boss):
        headers = {"Authorization": f"Bearer {token_for(site, boss, 'cases:read')}"}
        usual = app.get("/api/v1/cases", headers=headers).headers["RateLimit-Policy"]
        assert "q=600;w=60" in usual
        save(app, api_per_minute="12")
        assert "q=12;w=60" in app.get("/api/v1/cases", headers=headers).headers["RateLimit-Policy"]
        for _number in range(10):
            app.get("/api/v1/cases", headers=headers, status=200)
        refused = app.get("/api/v1/cases", headers=headers, status=429)
        assert refused.headers["Retry-After"]
        save(app, api_per_minute="600")
        assert app.get("/api/v1/cases", headers=headers).headers["RateLimit-Policy"] == usual

    def test_another_process_learns_of_it(self, site, clock, app, boss):
        other = BrandingCache(site)
        assert other.current().api_enabled
        save(app, api_enabled="false")
        clock.advance(seconds=6)
        assert not other.current().api_enabled

    @pytest.mark.parametrize("typed", ["0", "-5", "many", ""])
    def test_a_limit_that_is_none_is_refused_at_its_field(self, app, boss, typed):
        answer = save(app, status=422, api_per_minute=typed, name="شهر تازه")
        assert answer.html.select_one("[name=api_per_minute]")["aria-invalid"] == "true"
        assert "شهر تازه" in answer

    def test_the_page_shows_the_limit_of_the_file(self, assemble_migrated):
        site = assemble_migrated(limits={"api_token": [[120, 60], [3000, 3600]]})
        assert site.branding.api["per_minute"] == "50"
