"""Translations of the site's own texts, and the rule for languages in the switch."""

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import JSON, String, Text, select

from civicportal.core.checks import collect_findings
from civicportal.core.translated import OfferedLanguages, missing_translations, text_in
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.notifications.notices import NoticeData, NoticeRenderer
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.workdays import WorkdayService
from civicportal.portal.branding.services import BrandingService
from civicportal.portal.help.services import HelpService
from civicportal.portal.members.options import role_options
from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.util.errors import ConfigurationError
from civicportal.util.i18n import _

pytestmark = pytest.mark.both_databases

#: Modules whose pages show no names of units and categories.
WITHOUT_NAMES = {"guards.py"}
ROOT = Path(__file__).parents[2]
ENGLISH = {"name": "Sample City", "short_name": "Sample"}
#: Texts of reference data and of rows per language that no citizen sees in a second language, each with its reason.
NOT_TRANSLATED = {
    "category_questions": {"key", "datatype", "condition_keys", "translations"},
    "question_choices": {"key", "translations"},
    "categories": {"key", "kind", "icon", "tint", "translations"},
    "units": {"key", "phone", "translations"},
    # Shown to staff alone, who write them.
    "closures": {"reason"},
    "holidays": {"translations"},
    "office_hours": {"half_days", "weekend"},
    # Names of other organisations, and what their servers say.
    "reports_remote_rule": {"attributes", "definition", "service_code"},
    "reports_remote_server": {
        "address",
        "api_key",
        "closes_with",
        "form",
        "jurisdiction",
        "name",
        "pictures",
        "services",
    },
    "ready_texts": {"kind", "text", "transition", "translations"},
    "role_permissions": {"permission"},
    "roles": {"key", "translations"},
    "routing_rules": {"facts", "key", "kind", "title"},
    "automations": {"age_unit", "facts", "key", "kind", "source", "status", "title", "trigger", "words"}
    | {"message", "note", "question"},
    "list_columns": {"names", "page"},
    "saved_views": {"columns", "kind", "name", "page", "query"},
    "webhooks": {"address", "description", "events", "former_secret", "paused", "secret"},
    # Each language has texts of its own, with those of the code where none is written.
    "message_texts": {"key", "locale", "text"},
    # One language each, by the rule of rows per language.
    "help_questions": {"answer", "key", "locale", "question"},
    # By the rule of the settings.
    "settings": {"key", "value"},
}


@pytest.fixture
def civic_settings():
    return {
        "site": {"languages": ["fa", "en"]},
        "contact": {"phone": "137", "address": "میدان شهرداری"},
        "texts": {"about": "این سامانه"},
        "translations": {
            "en": {**ENGLISH, "contact": {"address": "City Square"}, "texts": {"about": "This portal"}}
        },
    }


@pytest.fixture
def city(site):
    with site.work() as work:
        unit = make_unit(
            work,
            "pr",
            name="روابط عمومی",
            translations={"en": {"name": "Public Relations", "short_name": "PR"}},
        )
        category = make_category(
            work,
            name="چاله",
            unit=unit,
            translations={"en": {"name": "Pothole", "synonyms": ["hole"]}},
        )
        return {"unit": unit.id, "category": category.id}


def missing(site, locale="en"):
    with site.work(write=False) as work:
        return [f"{m.place} {m.key}" for m in missing_translations(site, work.session.connection(), locale)]


def offered(site):
    cache = site.cache.of(OfferedLanguages)
    cache.forget()
    return list(cache.of(site))


class TestReading:
    def test_names_are_in_the_language_of_the_unit_of_work(self, site, city):
        for locale, unit, category in (("fa", "روابط عمومی", "چاله"), ("en", "Public Relations", "Pothole")):
            with site.work(write=False, locale=locale) as work:
                organization = work.get(OrganizationService)
                assert organization.unit_name(city["unit"]) == unit
                assert organization.category_name(city["category"]) == category
                assert organization.unit_name(city["unit"], "fa") == "روابط عمومی"

    def test_a_missing_translation_falls_back_to_the_language_of_the_site(self, site, city):
        with site.work(locale="en") as work:
            plain = make_unit(work, "plain", name="واحد دیگر").id
        with site.work(write=False, locale="en") as work:
            assert work.get(OrganizationService).unit_name(plain) == "واحد دیگر"

    def test_reading_in_a_writing_unit_of_work_changes_no_row(self, site, city):
        with site.work(locale="en") as work:
            work.session.get(Unit, city["unit"]).phone = "12"
            assert work.get(OrganizationService).unit_name(city["unit"]) == "Public Relations"
        with site.work(write=False) as work:
            assert work.session.scalars(select(Unit.name)).all() == ["روابط عمومی"]
            assert work.session.scalars(select(Category.name)).all() == ["چاله"]

    def test_a_generated_subject_is_shown_in_the_language_of_the_reader(self, site, city):
        with site.work(locale="en") as work:
            case = make_case(work, category=work.session.get(Category, city["category"]))
            case.subject = "چاله، خیابان آزادی"
            written = make_case(work)
            written.subject = "چاله‌ای که هست"
            subject = work.get(CaseService).subject
            assert subject(case) == "Pothole, \u2068خیابان آزادی\u2069"
            assert subject(written) == "چاله‌ای که هست"
        with site.work(write=False) as work:
            assert work.get(CaseService).subject(case) == case.subject

    def test_notices_name_the_unit_in_the_language_of_the_recipient(self, site, city):
        with site.work(locale="en") as work:
            case = make_case(work, category=work.session.get(Category, city["category"]))
            facts = NoticeData(status=case.status, unit_id=city["unit"], moment=work.clock.now())
            notices = work.get(NoticeRenderer)
            assert notices.fields(case, facts, "en")["UNIT"] == "PR"
            assert notices.fields(case, facts, "fa")["UNIT"] == "pr"

    def test_titles_of_roles_holidays_and_ready_texts_are_in_the_language_of_the_reader(self, site, city):
        day, of_country = date(2026, 6, 26), site.calendar.day(1405, 1, 13)
        with site.work() as work:
            work.get(RoleService).ensure_administrator()
            role = work.get(RoleService).create("ناظر")
            role.translations = {"en": {"title": "Observer"}}
            work.get(WorkdayService).add_holiday(day, "عاشورا", {"en": {"name": "Ashura"}})
            work.get(WorkdayService).take_over(1405)
            work.get(ReadyTextService).add(
                "sample", title="سپاس", text="سپاسگزاریم.", translations={"en": {"title": "Thanks"}}
            )
        for locale, words in (("fa", ["ناظر", "عاشورا", "سپاس"]), ("en", ["Observer", "Ashura", "Thanks"])):
            with site.work(write=False, locale=locale) as work:
                holidays = {off.day: off.title for off in work.get(WorkdayService).holidays(1405)}
                (text,) = work.get(ReadyTextService).rows("sample")
                labels = [one.label for one in role_options(work)]
                assert labels[0] == site.localizer(locale).translate(_("System administrator"))
                assert [labels[-1], holidays[day], text_in(text, "title", locale)] == words
                # A holiday of the country keeps its translations when the city takes it over.
                nature = site.localizer(locale).translate(holidays[of_country])
                assert nature == {"fa": "روز طبیعت", "en": "Nature Day"}[locale]
        assert missing(site) == [], "texts for staff take no language out of the switch"

    def test_the_words_of_the_site_are_those_of_the_language(self, site):
        assert (
            site.branding_in("en").values().items()
            >= {
                "name": "Sample City",
                "contact.phone": "137",
                "contact.address": "City Square",
                "texts.about": "This portal",
            }.items()
        )
        assert site.branding_in("fa").name == site.branding.name == site.name
        values = {"en.texts.about": "Changed"}
        with site.work() as work:
            work.get(BrandingService).save(values, site.branding.digest)
        assert site.branding_in("en").texts["about"] == "Changed"
        assert site.branding.texts["about"] == "این سامانه"


class TestRule:
    def test_a_language_is_offered_when_every_text_of_the_site_is_translated(self, site, city):
        assert missing(site) == []
        assert offered(site) == ["fa", "en"]

    @pytest.mark.parametrize(
        "lacking",
        ["units waste.name", "categories bin.name", "categories bin.hint", "settings texts.about"],
    )
    def test_one_missing_text_takes_the_language_out_of_the_switch(self, site, city, app, lacking):
        place, key = lacking.split()
        with site.work() as work:
            if place == "units":
                make_unit(work, "waste")
            elif place == "settings":
                work.get(BrandingService).save({f"en.{key}": ""}, site.branding.digest)
            else:
                row = work.session.get(Category, city["category"])
                row.hint = "در خیابان"
                texts = {"name": "Pothole", "hint": "in the street"}
                row.translations = {"en": {**texts, key.partition(".")[2]: ""}}
        assert missing(site) == [lacking]
        assert offered(site) == ["fa"]
        assert not app.get("/").html.select('form[action="/language"]')
        app.set_cookie("lang", "en")
        assert app.get("/").html.select('button[value="fa"]'), "one who reads English can leave it"

    def test_questions_need_one_in_the_language(self, site, city):
        with site.work() as work:
            work.get(HelpService).add(locale="fa", question="پرسش اول؟", answer="پاسخ")
        assert missing(site) == ["help_questions en"]
        with site.work() as work:
            work.get(HelpService).add(locale="en", question="First question?", answer="Answer")
        assert missing(site) == []

    def test_inactive_rows_need_no_translation(self, site, city):
        with site.work() as work:
            make_unit(work, "waste", active=False)
        assert missing(site) == []

    def test_check_names_what_is_missing(self, site, city):
        with site.work() as work:
            make_unit(work, "waste")
        with site.work(write=False) as work:
            found = [one for _owner, one in collect_findings(work) if one.place == "translations.en"]
        assert "units waste.name" in str(found[-1].text.interpolate())

    def test_no_kind_of_data_is_forgotten(self, site):
        """Each text of reference data is translated or has its reason in ``NOT_TRANSLATED``."""
        forgotten = set()
        for metadata in (site.metadata, *(models.metadata for models in site.models.values())):
            for table in metadata.tables.values():
                if table.info.get("reference") is not True and not table.info.get("per_language"):
                    continue
                forgotten |= {
                    f"{table.name}.{column.name}"
                    for column in table.columns
                    if isinstance(column.type, String | Text | JSON)
                    and not column.info.get("translated")
                    and column.name not in NOT_TRANSLATED.get(table.name, ())
                }
        assert forgotten == set()


def test_each_page_reads_names_in_the_language_of_its_request():
    """A unit of work that a request opens besides its own has the request's language."""
    packages = [ROOT / "src", *ROOT.glob("plugins/*/src"), *ROOT.glob("examples/*/src")]
    opened = re.compile(r"request\.site\.work\([^()]*\)")
    forgotten = [
        f"{path.name}: {found}"
        for package in packages
        for path in package.rglob("*.py")
        for found in opened.findall(path.read_text(encoding="utf-8"))
        if "locale=" not in found and path.name not in WITHOUT_NAMES
    ]
    assert forgotten == []


class TestSettings:
    @pytest.mark.parametrize(
        ("tables", "message"),
        [
            ({"de": {"name": "Stadt"}}, "translations.de: site.languages does not list"),
            ({"fa": {"name": "شهر"}}, "translations.fa: site.languages does not list"),
            ({"en": {"title": "City"}}, "translations.en: unknown key 'title'"),
            ({"en": {"texts": {"abouts": "x"}}}, "translations.en.texts: unknown key 'abouts'"),
            ({"en": {"texts": {"about": 3}}}, "translations.en.texts.about: must be a string"),
            ({"en": {"plugins": {"meetings": {}}}}, "no plugin of this name has settings"),
        ],
    )
    def test_a_wrong_key_stops_the_start(self, assemble, tables, message):
        with pytest.raises(ConfigurationError, match=message.replace(".", r"\.")):
            assemble(site={"languages": ["fa", "en"]}, texts={"about": "x"}, translations=tables)


def test_seeds_bring_their_translations(site, tmp_path, monkeypatch):
    from civicportal.portal.seeds.services import SeedService

    (tmp_path / "units.toml").write_text(
        '[[units]]\nkey = "pr"\nname = "روابط عمومی"\ntranslations.en = { name = "Communications and Public Relations" }\n'
    )
    monkeypatch.setattr(site, "data", tmp_path)
    with site.work() as work:
        work.get(SeedService).load()
        unit = work.session.scalars(select(Unit)).one()
        assert unit.translations["en"]["name"] == "Communications and Public Relations"
        assert len(unit.translations["en"]["short_name"]) <= 25
    (tmp_path / "units.toml").write_text(
        '[[units]]\nkey = "x"\nname = "x"\ntranslations.de = { name = "y" }\n'
    )
    with pytest.raises(ConfigurationError, match="x: 'de' is no further language"), site.work() as work:
        work.get(SeedService).load()


def test_staff_of_the_desk_read_units_in_their_language(site, city, app, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    app.set_cookie("lang", "en")
    assert "Public Relations" in app.get("/admin/routing/new")


class TestForms:
    @pytest.fixture
    def boss(self, site, city, sign_in):
        with site.work() as work:
            user = make_staff(work, "administrator")
        sign_in(user)
        return user

    def form_of(self, page, name):
        return next(form for form in page.forms.values() if name in form.fields)

    def test_a_unit_has_its_names_in_each_language_and_the_list_says_what_lacks(self, site, city, app, boss):
        with site.work() as work:
            bare = make_unit(work, "waste", name="پسماند").id
        assert [tag.text.strip() for tag in app.get("/admin/units").html.select("tr .tag")][-1].endswith(
            "English"
        )
        form = self.form_of(app.get(f"/admin/units/{bare}"), "en_name")
        form["en_name"] = "Waste Management of the Whole City"
        form.submit().follow()
        with site.work(write=False) as work:
            unit = work.session.get(Unit, bare)
            assert unit.name == "پسماند"
            assert unit.translations["en"]["name"] == "Waste Management of the Whole City"
            assert len(unit.translations["en"]["short_name"]) <= 25
        assert missing(site) == []
        assert "English" not in app.get("/admin/units").html.select_one("table").text

    def test_a_category_keeps_its_english_synonyms(self, site, city, app, boss):
        form = self.form_of(app.get(f"/admin/categories/{city['category']}"), "en_name")
        assert form["en_synonyms"].value == "hole"
        form["en_synonyms"] = "hole, crack"
        form["en_hint"] = "in the street"
        form.submit().follow()
        with site.work(write=False, locale="en") as work:
            category = work.get(OrganizationService).categories.by_id[city["category"]]
            assert (category.name, category.hint) == ("Pothole", "in the street")
            assert category.synonyms == ["hole", "crack"]

    def test_the_settings_have_the_words_of_each_language(self, site, app, boss):
        form = self.form_of(app.get("/admin/settings"), "en_texts_about")
        assert form["en_texts_about"].value == "This portal"
        assert form["en_contact_address"].value == "City Square"
