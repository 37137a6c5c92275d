"""Help pages: guides of core, plugins and site, frequent questions, the search, the accessibility statement."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from browser.pages import PAGES
from rows import press_row

from civicportal.portal.help.accessibility import checked
from civicportal.portal.help.guides import guide
from civicportal.portal.help.services import HelpService
from civicportal.testing import make_citizen, make_staff

RIGHTS = ["core:help:manage"]
LOCK = Path(__file__).parents[2] / "assets/package-lock.json"


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}}


@pytest.fixture
def officer(site):
    with site.work() as work:
        return make_staff(work, "officer", permissions=RIGHTS)


@pytest.fixture
def questions(site):
    """Three questions and their ids."""
    with site.work() as work:
        service = work.get(HelpService)
        return {
            name: service.add(locale="fa", question=f"پرسش {name}؟", answer=f"پاسخ نمونه‌وار {name}").id
            for name in ("یک", "دو", "سه")
        }


@pytest.fixture
def core_guide(monkeypatch, tmp_path):
    """Return a function that replaces a Persian guide of the core, which has no other language then."""
    package = tmp_path / f"guide_{tmp_path.name}"
    folder = package / "guide/fa"
    folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("civicportal.portal.help.guides._CORE", package.name)
    return lambda name, text: (folder / f"{name}.md").write_text(text, encoding="utf-8")


def order(site, locale="fa"):
    with site.work(write=False) as work:
        return [row.question for row in work.get(HelpService).rows(locale)]


def the_form(page):
    return next(form for form in page.forms.values() if "question" in form.fields)


class TestGuide:
    def test_the_guide_of_a_language_has_sections_with_anchors_and_no_pictures(self, app):
        page = app.get("/help")
        assert page.html.select_one("h2#پیگیری-بدون-ورود").text == "پیگیری بدون ورود"
        assert page.html.select_one(f'a[href="#{quote("پیگیری-بدون-ورود")}"]')
        assert not page.html.select(".prose img")

    def test_who_reads_english_gets_the_english_guide(self, app):
        app.set_cookie("lang", "en")
        page = app.get("/help")
        assert "Follow a request without signing in" in page
        assert "پیگیری بدون ورود" not in page

    def test_a_guide_that_is_missing_in_a_language_is_shown_in_that_of_the_site(
        self, app, sign_in, officer, core_guide
    ):
        core_guide("staff", "## کارتابل\n\nپرونده‌های شما.\n")
        sign_in(officer)
        app.set_cookie("lang", "en")
        page = app.get("/help/staff")
        assert page.html.select_one("main [lang=fa][dir=rtl] h2")
        assert "not available in your language" in page

    def test_no_section_of_a_plugin_that_the_site_lacks_is_shown(self, assemble):
        titles = [section.title for section in guide(assemble(), "citizen", "en").sections]
        assert titles[0] == "Follow a request without signing in"
        with_reports = [section.title for section in guide(assemble("reports"), "citizen", "en").sections]
        assert with_reports[0] == "Report a problem in the city"
        assert with_reports[-len(titles) :] == titles

    def test_the_guide_for_staff_is_for_staff(self, app, site, sign_in):
        app.get("/help/staff", status=303)
        with site.work() as work:
            citizen = make_citizen(work)
        sign_in(citizen, "citizen")
        app.get("/help/staff", status=403)

    def test_links_to_files_of_the_documentation_are_plain_text(self, assemble):
        html = "".join(section.html for section in guide(assemble("reports"), "staff", "fa").sections)
        assert "صفحهٔ شاخص‌ها" in html
        assert "metrics.md" not in html

    def test_links_to_a_telephone_or_a_mail_stay(self, assemble, core_guide):
        core_guide("citizen", "## تماس\n\n[۱۳۷](tel:137) [نامه](mailto:a@example.org) [پرونده](other.md)\n")
        html = guide(assemble(), "citizen", "fa").sections[0].html
        assert 'href="tel:137"' in html
        assert 'href="mailto:a@example.org"' in html
        assert "other.md" not in html


class TestSearch:
    def test_what_contains_all_words_is_found_with_the_words_marked(self, app, questions):
        page = app.get("/help", {"q": "نمونه‌وار دو"})
        hits = page.html.select("main ol li")
        assert [hit.a.text.strip() for hit in hits] == ["پرسش دو؟"]
        assert {mark.text for mark in hits[0].select("mark")} >= {"نمونه‌وار", "دو"}
        assert hits[0].a["href"] == f"/help#question-{questions['دو']}"

    def test_other_spellings_are_found_in_the_guide(self, app):
        page = app.get("/help", {"q": "كد رهگيری"})
        assert page.html.select("main ol li mark")

    def test_nothing_found_says_so_and_leads_back(self, app):
        page = app.get("/help", {"q": "<b>زرافه</b>"})
        assert not page.html.select("main ol li")
        assert page.html.select_one('main a[href="/help"]')
        assert "<b>زرافه" not in page

    @pytest.mark.parametrize("words", ["", "   ", "؟!", "x" * 5000, "\u200c"])
    def test_strange_words_break_nothing(self, app, words):
        app.get("/help", {"q": words}, status=200)


class TestQuestions:
    def test_a_question_is_added_and_citizens_see_it_in_its_language(self, site, app, sign_in, officer):
        sign_in(officer)
        form = the_form(app.get("/desk/questions/new?language=en"))
        assert form["locale"].value == "en"
        form["question"], form["answer"] = "Where is the town hall?", "In the middle.\n\nOf the town."
        page = form.submit(status=303).follow(status=200)
        assert "Where is the town hall?" in page
        assert "Where is the town hall?" not in app.get("/help")
        app.set_cookie("lang", "en")
        assert "Where is the town hall?" in app.get("/help")

    def test_a_hidden_question_is_for_officers_only(self, app, sign_in, officer, questions):
        sign_in(officer)
        form = the_form(app.get(f"/desk/questions/{questions['یک']}"))
        form["active"] = False
        form.submit(status=303)
        assert "پرسش یک؟" in app.get("/desk/questions")
        assert "پرسش یک؟" not in app.get("/help")
        assert not app.get("/help", {"q": "پرسش یک"}).html.select("main ol li a[href$='question-1']")

    @pytest.mark.parametrize(("name", "value"), [("question", ""), ("answer", ""), ("question", "x" * 201)])
    def test_bad_input_is_refused_at_its_field_and_nothing_is_lost(
        self, app, sign_in, officer, name, value, site
    ):
        sign_in(officer)
        form = the_form(app.get("/desk/questions/new"))
        form["question"], form["answer"] = "ساعت کار شهرداری؟", "از هفت تا دو."
        form[name] = value
        page = form.submit(status=422)
        assert page.html.select_one(f"#{name}[aria-invalid]") or page.html.select_one("[aria-invalid=true]")
        other = "answer" if name == "question" else "question"
        assert the_form(page)[other].value.strip() == form[other].value
        assert order(site) == []

    def test_questions_change_places(self, site, app, sign_in, officer, questions):
        sign_in(officer)
        press_row(app.get("/desk/questions"), f"/desk/questions/{questions['سه']}/move", "up")
        assert order(site) == ["پرسش یک؟", "پرسش سه؟", "پرسش دو؟"]

    def test_a_question_is_deleted_after_a_confirmation(self, site, app, sign_in, officer, questions):
        sign_in(officer)
        page = app.get(f"/desk/questions/{questions['دو']}/delete")
        assert order(site) == ["پرسش یک؟", "پرسش دو؟", "پرسش سه؟"]
        next(form for form in page.forms.values() if form.action.endswith("/delete")).submit(status=303)
        assert order(site) == ["پرسش یک؟", "پرسش سه؟"]
        app.get(f"/desk/questions/{questions['دو']}", status=404)

    @pytest.mark.parametrize("path", ["", "/new", "/1", "/1/delete"])
    def test_who_lacks_the_right_does_not_get_there(self, site, app, sign_in, questions, path):
        with site.work() as work:
            other = make_staff(work, "other", permissions=[])
        sign_in(other)
        app.get(f"/desk/questions{path}", status=403)


class TestAccessibilityStatement:
    def test_it_claims_no_more_than_the_tests_look_at(self):
        packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
        assert checked().engine == f"axe-core {packages['node_modules/axe-core']['version']}"
        assert checked().pages <= len({page.route for page in PAGES})

    def test_it_names_extent_engine_and_day(self, app):
        app.set_cookie("lang", "en")
        page = app.get("/accessibility")
        assert f"{checked().pages} pages" in page
        assert checked().engine in page
