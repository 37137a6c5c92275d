"""The desk and the page of a case in the browser."""

import re

import pytest

from civicportal.api.kartable import ReadyTextService

LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def number(text):
    return int(re.sub(r"\D", "", text.translate(LATIN)))


@pytest.fixture
def several(city, clock):
    codes = [city.send(), city.send(type="complaint", unit="", body="پاسخ تلفن‌ها دیر داده می‌شود.")]
    clock.advance(days=1)
    codes.append(city.send_anonymously(type="thanks", body="از رانندهٔ خط سه سپاسگزارم.")[0])
    city.step(codes[0], "answer", public_text=city.answer)
    city.step(codes[1], "start_review")
    return codes


class TestAccess:
    def test_is_for_staff_with_the_right(self, city, app, sign_in):
        app.get("/desk/feedback", status=303)
        sign_in(city.citizen)
        app.get("/desk/feedback", status=403)
        sign_in(city.officer)
        app.get("/desk/feedback", status=200)


class TestList:
    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("", {0, 1, 2}),
            ("stage=open", {1, 2}),
            ("status=in_review", {1}),
            ("type=thanks", {2}),
            ("unit=bus", {0, 2}),
            ("words=تلفن", {1}),
            ("first_day=۱۴۰۵/۰۳/۱۰", {2}),
            ("last_day=1405/03/09", {0, 1}),
            ("overdue=true", set()),
            ("first_day=nonsense&type=nonsense&sort=nonsense&cursor=nonsense&unit=x", {0, 1, 2}),
        ],
    )
    def test_filters_live_in_the_address(self, city, app, sign_in, several, query, wanted):
        sign_in(city.officer)
        page = app.get("/desk/feedback", [tuple(pair.split("=")) for pair in query.split("&") if pair])
        codes = {link["href"].rpartition("/")[2] for link in page.html.select("tbody a.subj")}
        assert codes == {several[index] for index in wanted}
        assert number(page.html.select_one(".page-h p").text) == len(wanted)

    def test_a_date_that_is_none_is_refused_in_its_field(self, city, app, sign_in, several):
        sign_in(city.officer)
        page = app.get("/desk/feedback", {"last_day": "1405/13/40"})
        box = page.html.select_one("details.filter-box")
        assert box.has_attr("open")
        assert "چنین روزی" in box.select_one(f"#{box.select_one('[name=last_day]')['id']}-error").text

    def test_the_search_box_marks_words_and_keeps_numbers_out_of_the_address(
        self, city, app, sign_in, several
    ):
        sign_in(city.officer)

        def search(text):
            forms = app.get("/desk/feedback?stage=open").forms.values()
            form = next(form for form in forms if "/desk/feedback/search" in form.action)
            form["q"] = text
            return form.submit().follow()

        page = search("تلفنها")
        assert [mark.text.strip() for mark in page.html.select("tbody mark")] == ["تلفن‌ها"]
        assert page.request.GET["stage"] == "open"
        mine = search(f"0{city.citizen.mobile.removeprefix('+98')}")
        assert len(mine.html.select("tbody a.subj")) == 1
        assert city.citizen.mobile[3:] not in mine.request.url
        assert "ققنوس" in search("ققنوس").html.select_one(".empty").text

    def test_rows_are_made_for_the_keyboard(self, city, app, sign_in, several):
        sign_in(city.officer)
        page = app.get("/desk/feedback")
        assert len(page.html.select("table[data-rows] tr[data-row] a.subj")) == 3

    @pytest.mark.parametrize(("opinion", "wanted"), [("waiting", {1}), ("come", {2})])
    def test_opinions_that_are_missing_or_have_come(self, city, app, sign_in, several, opinion, wanted):
        for code in several[1:]:
            city.ask(code)
        city.opine(several[2], "همکار تشویق شد.")
        sign_in(city.officer)
        page = app.get("/desk/feedback", {"opinion": opinion})
        codes = {link["href"].rpartition("/")[2] for link in page.html.select("tbody a.subj")}
        assert codes == {several[index] for index in wanted}
        assert len(page.html.select("tbody td .tag")) == 1
        assert len(app.get("/desk/feedback").html.select("tbody td .tag")) == 2

    def test_a_unit_sees_what_it_was_asked(self, city, app, sign_in, several):
        city.ask(several[1])
        sign_in(city.expert)
        page = app.get("/desk/feedback")
        assert [link["href"][-10:] for link in page.html.select("tbody a.subj")] == [several[1]]

    def test_figures_of_the_staff_desk_lead_to_their_lists(self, city, app, sign_in, several):
        sign_in(city.officer)
        links = app.get("/desk").html.select("a.strong[href^='/desk/feedback?']")
        assert len(links) == 4
        for link in links:
            shown = app.get(link["href"], status=200).html.select_one(".page-h p").text
            assert number(shown) == number(link.text), link["href"]


class TestCase:
    def step(self, app, code, name):
        page = app.get(f"/kartable/cases/{code}/{name}", status=200)
        return next(form for form in page.forms.values() if form.action.endswith(f"/{name}"))

    def test_tells_what_it_is_about_and_who_may_not_be_known(self, city, app, sign_in):
        code, _pin = city.send_anonymously(consent=True)
        sign_in(city.officer)
        about = app.get(f"/kartable/cases/{code}").html.find(id="about-title").find_parent("section").text
        for words in ("پیشنهاد", "سازمان اتوبوسرانی", "ناشناس", "مجاز، بدون نام"):
            assert words in about

    def test_a_case_is_not_shown_to_everybody_as_it_is(self, city, app, sign_in):
        code = city.send()
        sign_in(city.officer)
        page = app.get(f"/kartable/cases/{code}")
        assert not any(form.action.endswith("/publish") for form in page.forms.values())

    def test_a_ready_text_is_taken_over_without_a_script(self, city, app, sign_in):
        with city.site.work() as work:
            row = work.get(ReadyTextService).add("feedback", title="سپاس", text="{NAME} گرامی، سپاس.")
        code = city.send()
        sign_in(city.officer)
        form = self.step(app, code, "answer")
        form["public_text"] = "با سلام"
        form["ready"] = f"text-{row.id}"
        page = form.submit("insert", status=200)
        form = next(f for f in page.forms.values() if f.action.endswith("/answer"))
        assert form["public_text"].value == "با سلام\nمریم رضایی گرامی، سپاس."
        form.submit("then", value="stay", status=303)
        assert city.case(code).status == "answered"

    def test_the_opinion_of_a_unit_is_taken_over_too(self, city, app, sign_in):
        code = city.send()
        city.ask(code)
        city.opine(code, "نیمکت‌ها رسیده است.")
        sign_in(city.officer)
        form = self.step(app, code, "answer")
        form["ready"] = next(value for value, _on, _text in form["ready"].options if value)
        page = form.submit("insert", status=200)
        form = next(f for f in page.forms.values() if f.action.endswith("/answer"))
        assert form["public_text"].value == "نیمکت‌ها رسیده است."

    def test_pressed_without_a_choice_it_saves(self, city, app, sign_in):
        with city.site.work() as work:
            work.get(ReadyTextService).add("feedback", title="سپاس", text="سپاسگزاریم.")
        code = city.send()
        sign_in(city.officer)
        form = self.step(app, code, "answer")
        form["public_text"] = city.answer
        form.submit("insert", status=303)
        assert city.case(code).status == "answered"

    def test_an_old_page_is_told_so_and_the_words_are_kept(self, city, app, sign_in):
        with city.site.work() as work:
            row = work.get(ReadyTextService).add("feedback", title="سپاس", text="سپاسگزاریم.")
        code = city.send()
        sign_in(city.officer)
        form = self.step(app, code, "answer")
        city.step(code, "start_review")
        form["public_text"], form["ready"] = "با سلام", f"text-{row.id}"
        page = form.submit("insert", status=409)
        form = next(f for f in page.forms.values() if f.action.endswith("/answer"))
        assert form["public_text"].value == "با سلام\nسپاسگزاریم."
