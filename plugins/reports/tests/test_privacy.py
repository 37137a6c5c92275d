"""A published report and its answers do not identify the sender."""

import pytest
from civicportal_reports.services import ReportService
from sqlalchemy import select, update

from civicportal.api.cases import Case, CaseService
from civicportal.api.publishing import PersonalDataFound, PublicTexts

BODY = "سلام، مریم رضایی هستم. چاله‌ای باز شده؛ با ۰۹۰۰۰۰۰۰۰۰۱ تماس بگیرید."
PERSONAL = ("مریم", "رضایی", "۰۹۰۰", "0900")


@pytest.fixture
def code(city):
    return city.send(body=BODY)


def the_form(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending))


def shown_to_everybody(city, app, code):
    app.reset()
    return app.get(f"/reports/{city.case(code).id}", status=200)


def test_a_report_with_a_name_and_a_number_gets_other_words_first(city, app, sign_in, code):
    sign_in(city.officer)
    page = the_form(app.get(f"/kartable/cases/{code}"), "/publish").submit(status=422)
    assert not city.case(code).public
    assert [mark.text.strip() for mark in page.html.select("#publish-words-found mark")] == [
        "مریم رضایی",
        "۰۹۰۰۰۰۰۰۰۰۱",
    ]
    form = next(one for one in page.forms.values() if "words" in one.fields)
    for personal in PERSONAL:
        assert personal not in form["words"].value
    form["words"] = "چاله‌ای باز شده؛ با ۰۹۳۵ ۱۱۱ ۲۲۳۳ تماس بگیرید."
    page = form.submit(status=422)
    form = next(one for one in page.forms.values() if "words" in one.fields)
    assert form["words"].value == "چاله‌ای باز شده؛ با ۰۹۳۵ ۱۱۱ ۲۲۳۳ تماس بگیرید."
    form["words"] = "چاله‌ای در خیابان باز شده است."
    form.submit(status=303)
    page = shown_to_everybody(city, app, code)
    assert "چاله‌ای در خیابان باز شده است." in page.text
    assert city.case(code).body == BODY, "the original stays"


def test_answers_are_shown_to_others_without_salutation_and_name(city, app):
    code = city.send()
    city.step(code, "ask_citizen", public_text="خانم رضایی گرامی، با سلام\nکجای خیابان؟ مریم رضایی پاسخ دهد.")
    city.publish(code)
    page = shown_to_everybody(city, app, code)
    assert "کجای خیابان؟ شهروند پاسخ دهد." in page.text
    assert "رضایی" not in page.text


def test_followers_of_a_report_do_not_learn_whose_it_is(city, app, sign_in):
    code = city.send()
    with city.site.work(actor=city.other) as work:
        work.get(ReportService).me_too(work.get(ReportService).open_case(city.case(code).id))
    city.step(code, "ask_citizen", public_text="خانم مریم رضایی، سلام.\nکجای خیابان؟")
    sign_in(city.other)
    page = app.get(f"/my/followed/{city.case(code).id}", status=200)
    assert "کجای خیابان؟" in page.text
    assert "رضایی" not in page.text
    sign_in(city.citizen)
    assert "خانم مریم رضایی، سلام." in app.get(f"/my/{code}").text


def test_an_answer_to_a_published_report_is_refused_with_what_tells_its_sender(city, app, sign_in):
    code = city.send()
    city.publish(code)
    sign_in(city.officer)
    words = "خانم رضایی گرامی، سلام.\nآقای کارشناس با ۰۹۰۰۰۰۰۰۰۰۱ تماس گرفت."
    form = the_form(app.get(f"/kartable/cases/{code}/close"), "/close")
    form["public_text"] = words
    page = form.submit(status=422)
    form = the_form(page, "/close")
    assert form["public_text"].value.removeprefix("\n") == words
    assert [mark.text.strip() for mark in page.html.select("mark")] == ["۰۹۰۰۰۰۰۰۰۰۱"], (
        "nobody reads the salutation"
    )
    assert city.case(code).is_open
    form["public_text"] = "خانم رضایی گرامی، سلام.\nکارشناس تماس گرفت."
    form.submit(status=303)
    page = shown_to_everybody(city, app, code)
    assert "کارشناس تماس گرفت." in page.text
    assert "رضایی" not in page.text


def test_a_word_that_an_officer_allowed_stays_in_the_answer(city, app, sign_in):
    code = city.send()
    city.publish(code)
    sign_in(city.officer)
    form = the_form(app.get(f"/kartable/cases/{code}/close"), "/close")
    form["public_text"] = "کوی رضایی آسفالت شد."
    form = the_form(form.submit(status=422), "/close")
    form["allowed"] = True
    form.submit(status=303)
    assert "کوی رضایی آسفالت شد." in shown_to_everybody(city, app, code).text


def test_a_note_that_everybody_reads_is_checked_and_one_among_staff_is_not(city):
    code = city.send()
    city.publish(code)
    with city.site.work(actor=city.officer) as work:
        cases = work.get(CaseService)
        case = cases.fetch(code, lock=True)
        with pytest.raises(PersonalDataFound):
            cases.comment(case, "مریم رضایی زنگ زد.", expert=True, public=True)
        cases.comment(case, "مریم رضایی زنگ زد.", expert=True)


def test_what_was_published_before_texts_were_checked_is_composed(city, app, code):
    with city.site.work() as work:
        work.session.execute(update(Case).where(Case.code == code).values(public=True))
    page = shown_to_everybody(city, app, code)
    assert "چاله‌ای باز شده" in page.text
    for personal in PERSONAL:
        assert personal not in page.text


def test_no_case_becomes_public_past_the_check(city, code):
    with pytest.raises(TypeError, match=r"CaseService\.publish"), city.site.work() as work:
        work.session.scalars(select(Case).where(Case.code == code)).one().public = True
    with pytest.raises(TypeError, match=r"CaseService\.publish"), city.site.work() as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        work.get(PublicTexts).release(case, "چاله")
        work.get(CaseService).publish(case, True, body="چاله")
        work.session.flush()
        work.session.info.clear()
        case.subject = "گزارش مریم رضایی"


def test_the_number_of_a_house_is_left_out_of_the_place(city, app):
    code = city.send()
    with city.site.work() as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        case.place = "خیابان آزادی، پلاک ۱۲، منطقهٔ یک"
    city.publish(code)
    page = shown_to_everybody(city, app, code)
    assert "خیابان آزادی، منطقهٔ یک" in page.text
    assert "پلاک" not in page.text


def test_a_citizen_is_asked_once_whether_a_number_shall_be_seen(city, app, sign_in):
    sign_in(city.citizen)
    form = the_form(app.get("/reports/new"), "/reports/new")
    form["category"], form["lat"], form["lon"] = "pothole", str(city.street.lat), str(city.street.lon)
    form["body"] = "چاله روبه‌روی پلاک ۱۲ است؛ ۰۹۱۲۳۴۵۶۷۸۹"
    page = form.submit(status=422)
    assert [mark.text.strip() for mark in page.html.select("mark")] == ["۰۹۱۲۳۴۵۶۷۸۹"], (
        "the address is what it is about"
    )
    form = the_form(page, "/reports/new")
    form.submit(status=303)
    with city.site.work(write=False) as work:
        assert "۰۹۱۲۳۴۵۶۷۸۹" in work.session.scalars(select(Case.body)).one()


def test_the_open_file_of_reports_holds_what_everybody_may_read(city, app, sign_in, code):
    city.step(code, "ask_citizen", public_text="خانم مریم رضایی، سلام.\nکجا؟")
    with city.site.work() as work:
        from civicportal_reports.exports import GeoReportSource

        source = GeoReportSource(work, {}, names=frozenset())
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        [row] = source.rows([(case, source.work.get(CaseService).detail(case))])
        assert (row.words, row.notes) == ("", "کجا؟"), "nobody has published its words"
