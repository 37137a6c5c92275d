"""Publications under “Heard and done” do not identify the sender."""

import pytest
from civicportal_feedback.doctor import findings
from civicportal_feedback.models import Publication
from civicportal_feedback.publications import PublicationService
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError

from civicportal.api.publishing import PersonalDataFound

TEMPLATE = "مریم رضایی گرامی، با سلام\nدر هشت ایستگاه نیمکت نصب شد."
HEARD, DONE = "ایستگاه‌ها نیمکت ندارد.", "در هشت ایستگاه نیمکت نصب شد."


@pytest.fixture
def answered(city):
    code = city.send(consent=True, body="سلام، مریم رضایی هستم. در ایستگاه‌ها نیمکت بگذارید؛ ۰۹۰۰ ۰۰۰ ۰۰۰۱")
    city.step(code, "answer", public_text=TEMPLATE)
    return code


@pytest.fixture
def form(city, app, sign_in, answered):
    sign_in(city.officer)
    return the_form(app.get(f"/desk/feedback/{answered}/publish"))


def the_form(page):
    return next(form for form in page.forms.values() if form.action.endswith("/publish"))


def published(city):
    with city.site.work(write=False) as work:
        return [(row.heard, row.done) for row, _feedback in work.get(PublicationService).latest(10)]


def test_the_form_begins_without_salutation_name_and_number(city, form):
    assert form["done"].value == DONE
    for personal in ("مریم", "رضایی", "۰۹۰۰"):
        assert personal not in form["heard"].value
    form.submit(status=303)
    assert len(published(city)) == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("مریم رضائي گفت نیمکت نیست.", "مریم رضائي"),
        ("خانم رضایی گفت نیمکت نیست.", "خانم رضایی"),
        ("با شماره ۰۹۰۰۰۰۰۰۰۰۱ تماس بگیرید.", "۰۹۰۰۰۰۰۰۰۰۱"),
        ("با شماره 0935-111-2233 تماس بگیرید.", "0935-111-2233"),
        ("نیمکت روبه‌روی پلاک ۱۲ نیست.", "پلاک ۱۲"),
        ("خودروی ۱۲ ب ۳۴۵ ایران ۶۷ پارک است.", "۱۲ ب ۳۴۵ ایران ۶۷"),
        ("کد ملی 0499370899 دارد.", "0499370899"),
    ],
)
def test_what_tells_the_sender_is_refused_where_it_stands(city, form, words, found):
    form["heard"], form["done"] = HEARD, words
    page = form.submit(status=422)
    assert published(city) == []
    again = the_form(page)
    assert (again["heard"].value, again["done"].value) == (HEARD, words), "nothing typed is lost"
    excerpts = page.html.select_one("#done-found")
    assert [mark.text.strip() for mark in excerpts.select("mark")] == [found]
    assert "done-found" in page.html.select_one("#done")["aria-describedby"]
    assert page.html.select_one("#heard-found") is None
    button = excerpts.select_one("button")
    assert words[int(button["data-start"]) : int(button["data-end"])] == found
    again["done"] = DONE
    again.submit(status=303)
    assert published(city) == [(HEARD, DONE)]


def test_a_family_name_that_is_a_word_is_allowed_by_an_officer_and_on_the_record(city, form):
    form["heard"], form["done"] = HEARD, "خیابان رضایی و کوی رضایی نیمکت گرفتند؛ پلاک ۱۲ هم."
    page = form.submit(status=422)
    again = the_form(page)
    assert len(page.html.select("#done-found [name=allowed]")) == 1, "asked once for a word"
    again["allowed"] = True
    page = again.submit(status=422)
    assert [mark.text.strip() for mark in page.html.select("mark")] == ["پلاک ۱۲"]
    again = the_form(page)
    again["done"] = again["done"].value.replace("؛ پلاک ۱۲ هم", "")
    again.submit(status=303)
    assert published(city) == [(HEARD, "خیابان رضایی و کوی رضایی نیمکت گرفتند.")]
    with city.site.work(write=False) as work:
        assert (
            work.session.scalars(text("select action from audit_events")).all().count("text:allow_word") == 1
        )


def test_a_full_name_cannot_be_allowed(city, answered):
    with pytest.raises(PersonalDataFound):
        publish(
            city, answered, "مریم رضایی نیمکت خواست.", allowed=["مریم", "رضایی", "مریم رضایی", "مریمرضایی"]
        )


def publish(city, code, done, **more):
    with city.site.work(actor=city.officer) as work:
        case = work.session.get_one(type(city.case(code)), city.case(code).id)
        work.get(PublicationService).publish(case, HEARD, done, **more)


def test_the_column_takes_no_text_that_was_not_checked(city, answered):
    row = {"case_id": city.case(answered).id, "heard": HEARD, "done": DONE, "public": True}
    with pytest.raises(StatementError, match="must be checked by PublicTexts"), city.site.work() as work:
        work.session.execute(insert(Publication).values(**row, published_at=work.clock.now()))


def test_a_citizen_is_asked_once_whether_a_number_shall_be_seen(city, app, sign_in):
    sign_in(city.citizen)
    form = next(form for form in app.get("/feedback/new").forms.values() if "body" in form.fields)
    words = "لطفاً با شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹ تماس بگیرید."
    form["type"], form["body"], form["consent"] = "suggestion", words, True
    page = form.submit(status=422)
    form = next(form for form in page.forms.values() if "body" in form.fields)
    assert form["body"].value == words
    assert [mark.text.strip() for mark in page.html.select("#body-found mark")] == ["۰۹۱۲۳۴۵۶۷۸۹"]
    form.submit(status=303)
    with city.site.work(write=False) as work:
        assert len(work.session.scalars(select(type(city.case(city.send())).body)).all()) == 2


def test_who_does_not_agree_to_be_published_is_not_asked(city, app, sign_in):
    sign_in(city.citizen)
    form = next(form for form in app.get("/feedback/new").forms.values() if "body" in form.fields)
    form["type"], form["body"] = "suggestion", "لطفاً با شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹ تماس بگیرید."
    form.submit(status=303)


def test_the_doctor_names_what_was_published_before_texts_were_checked(city, answered):
    publish(city, answered, DONE)
    with city.site.work(write=False) as work:
        assert [one for one in findings(work) if one.place == "publications"] == []
    with city.site.work() as work:
        work.session.execute(text("update feedback_publication set done = :done"), {"done": TEMPLATE})
    with city.site.work(write=False) as work:
        [found] = [one for one in findings(work) if one.place == "publications"]
    assert answered in str(found.text.mapping["codes"])
