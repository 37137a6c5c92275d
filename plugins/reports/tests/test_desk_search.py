"""The search box of the desk: what it finds, marks and proposes, and that numbers of people stand in no address."""

import pytest
from civicportal_reports.search import Filters, ReportSearch

pytestmark = pytest.mark.both_databases

LAMPS = "چراغ‌هاي پارك لاله خاموشه <b>و</b> شب‌ها تاریک است"


@pytest.fixture
def desk(city, app, sign_in):
    """Two reports of one citizen, one of another; the officer is at the desk."""
    codes = [city.send(body=LAMPS), city.send(by=city.other), city.send()]
    sign_in(city.officer)

    def search(text, address="/desk/reports", **params):
        page = app.get(address, params)
        forms = [form for form in page.forms.values() if "/desk/reports/search" in form.action]
        forms[0]["q"] = text
        return forms[0].submit().follow()

    return codes, search


def found(page):
    return {link["href"].rpartition("/")[2] for link in page.html.select("tbody a.item-link")}


def test_words_are_marked_where_they_stand(desk):
    codes, search = desk
    page = search("پارک خاموش")
    assert found(page) == {codes[0]}
    assert [mark.text.strip() for mark in page.html.select("tbody mark")] == ["پارك", "خاموشه"]
    assert "&lt;b&gt;و" in page.text
    assert page.html.select_one("#list-search")["value"] == "پارک خاموش"


def test_the_other_filters_stay(desk, app):
    codes, search = desk
    page = search("چاله", stage="open", sort="deadline")
    assert found(page) == {codes[1], codes[2]}
    assert page.request.GET["stage"] == "open"
    assert page.request.GET["sort"] == "deadline"
    words = page.html.select("form.card-x input[type=hidden][name=words]")
    assert [field["value"] for field in words] == ["چاله"]
    nothing = search("چاله", stage="done")
    assert not found(nothing)
    [wider] = nothing.html.select(".empty a.btn")
    assert found(app.get(wider["href"])) == {codes[1], codes[2]}


def test_a_mobile_finds_its_citizen_and_stands_in_no_address(desk, app):
    codes, search = desk
    page = search("۰۹۰۰۰۰۰۰۰۰۱")
    assert found(page) == {codes[0], codes[2]}
    assert "9000000001" not in page.request.url
    assert found(search("مریم")) == {codes[0], codes[2]}


# The last two, a national code and a mobile without its zero, have the check digit of a tracking code as well.
@pytest.mark.parametrize("typed", ["09000000009", "0499370899", "8124158681", "9120000013"])
def test_an_unknown_number_is_shown_once_with_a_message(desk, app, typed):
    _codes, search = desk
    page = search(typed)
    assert not found(page)
    assert page.request.GET["citizen"] == "0"
    assert typed not in page.request.url
    assert page.html.select_one("#list-search")["value"] == typed
    nobody = page.html.select_one("section.empty").text
    assert typed in nobody.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
    assert "میان پرونده\u200cهایی که می\u200cبینید نیست" in nobody
    again = app.get(page.request.path_qs)
    assert typed not in again.html.select_one("#list-search")["value"]
    assert "کسی یافت نشد" in again.html.select_one("section.empty").text


def test_a_code_leads_to_its_case(desk):
    codes, search = desk
    code = codes[1]
    assert search(f"{code[:3]} {code[3:6]} {code[6:]}").request.path == f"/kartable/cases/{code}"
    missing = search("4059031270" if codes[0] != "4059031270" else "4059031289")
    assert missing.status_int == 200


def test_who_may_not_see_a_case_does_not_find_its_citizen(desk, city):
    with city.site.work(actor=city.stranger, write=False) as work:
        assert work.get(ReportSearch).total(Filters(words="مریم")).number == 0


def test_nothing_found_says_what_was_looked_for(desk):
    _codes, search = desk
    page = search("قغصضث")
    assert "قغصضث" in page.html.select_one(".empty").text
    assert not page.html.select(".empty mark")
