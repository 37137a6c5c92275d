"""The pages of the kartable, through the real application, as a browser without a script sees them."""

from dataclasses import replace
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from civicportal_reports.workflow import FinishedWork
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Attachment, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.schemas import Reason
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable import refuse_reserved
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Category
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    outbox,
)
from civicportal.util.errors import ConfigurationError

WORDS = "متنی که نباید گم شود"


@pytest.fixture
def desk(site):
    """A case of the unit waste, an officer of it who is no administrator, a colleague, and the unit lighting."""
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        citizen = make_citizen(work, "+989123456789", name="زهرا احمدی")
        case = make_case(work, citizen=citizen, category=make_category(work, unit=waste), place="میدان ساعت")
        users = [make_staff(work, "officer", unit=unit) for unit in (waste, waste, light)]
        return {
            "code": case.code,
            "case": case.id,
            "citizen": citizen.id,
            "light": light.id,
            "users": users,
            "staff": [identity(work, user) for user in users],
        }


@pytest.fixture
def page(app, sign_in, desk):
    """The address of the case's page, the officer signed in."""
    sign_in(desk["users"][0])
    return f"/kartable/cases/{desk['code']}"


def form_to(response, path):
    return next(form for form in response.forms.values() if form.action.partition("?")[0].endswith(path))


def case_of(site, desk):
    with site.work(write=False) as work:
        return work.get(CaseService).fetch(desk["code"])


def openings(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(AuditEvent).where(AuditEvent.action == "case:open")).all()


def test_a_file_in_the_place_of_a_button_is_refused(app, page):
    token = form_to(app.get(page), "/refer")["csrf_token"].value
    fields = {"csrf_token": token, "insert": Upload("x.txt", b"1")}
    app.post(f"{page}/accept", fields, content_type="multipart/form-data", status=400)


# -- the list -----------------------------------------------------------------------------------------------


def test_who_reaches_the_pages(app, sign_in, site, desk):
    app.get("/kartable", status=303)
    with site.work() as work:
        citizen = make_citizen(work, "+989120000000")
    sign_in(citizen, "citizen")
    app.get("/kartable", status=403)
    app.get(f"/kartable/cases/{desk['code']}", status=403)


def test_a_case_out_of_sight_is_not_there(app, sign_in, desk):
    sign_in(desk["users"][2])
    assert desk["code"] not in app.get("/kartable", status=200)
    app.get(f"/kartable/cases/{desk['code']}", status=404)
    app.get("/kartable/cases/1234567894", status=404)


def test_the_list_and_its_filters(app, page, desk):
    def listed(**query):
        return page in app.get("/kartable", query, status=200)

    assert "میدان ساعت" in app.get("/kartable", status=200)
    assert listed(q="سطل", kind="petitions", status="registered")
    assert not listed(q="فضانورد")
    assert not listed(status="working")
    assert not listed(last="1400/01/01")
    assert listed(first="1400/01/01", last="بی‌معنا", view="unknown", sort="?", cursor="x", category="7x")
    views = ("new", "mine", "referred", "overdue", "waiting", "closed", "everywhere")
    assert [view for view in views if listed(view=view)] == ["new", "everywhere"]


def test_filters_stay_in_the_links_of_the_views(app, page):
    shown = app.get("/kartable", {"q": "سطل", "kind": "petitions"})
    links = [link["href"] for link in shown.html.select("nav.tabs-x a")]
    assert len(links) == 7
    assert all("kind=petitions" in link and "q=" in link for link in links)
    chips = [link["href"] for link in shown.html.select("a.chipf.on")]
    assert [("kind=" in chip, "q=" in chip) for chip in chips] == [(True, False), (False, True)]


def test_a_search_counts_what_it_finds_and_says_whose_name_it_found(app, page, site, desk, sign_in):
    def search(words):
        return app.get("/kartable", {"view": "everywhere", "q": words})

    with site.work() as work:
        looker = make_staff(work, "looker", permissions=("petitions:case:view",))
    found = search("احمدي")
    assert "۱ پرونده" in found.html.select_one(".page-h p").text
    assert "باز" not in found.html.select_one(".page-h p").text
    assert found.html.select_one("tbody .hit").text.strip() == "نام: زهرا احمدی"
    assert [mark.text.strip() for mark in found.html.select("tbody .hit mark")] == ["احمدی"]
    assert "زهرا" not in search("میدان").html.select_one("tbody").text
    sign_in(looker)
    assert page in search("میدان")
    assert page not in search("میدان احمدی")


def test_a_search_of_all_cases_begins_with_the_newest(app, page, site, desk, clock):
    def orders(**address):
        shown = app.get("/kartable", address).html
        links = shown.select("form.filters .menu-x a.side-link")
        [chosen] = [link for link in links if link.has_attr("aria-current")]

        def order(link):
            return parse_qs(urlsplit(link["href"]).query).get("sort", ["default"])[0]

        return (
            [order(link) for link in links],
            order(chosen),
            [row["href"] for row in shown.select("a.subj")],
        )

    clock.advance(minutes=1)
    with site.work() as work:
        category = work.session.scalars(select(Category)).one()
        later = make_case(work, category=category, body="میدان").code
    found = [f"/kartable/cases/{later}", page]
    for sort, wanted in (("", found), ("oldest", found[::-1]), ("deadline", found), ("updated", found)):
        options, chosen, links = orders(view="everywhere", q="میدان", sort=sort)
        assert (options, chosen) == (["default", "oldest"], "oldest" if sort == "oldest" else "default")
        assert [link.partition("?")[0] for link in links] == wanted
    assert orders()[:2] == (["default", "newest", "oldest", "updated"], "default")


def test_days_are_named_as_people_write_them(app, page):
    chips = app.get("/kartable", {"first": "1405/09/01", "last": "1405/09/10"}).html.select("a.chipf.on")
    said = [chip.span.text.strip() for chip in chips]
    assert said == ["ثبت از تاریخ: ۱۴۰۵/۰۹/۰۱", "ثبت تا تاریخ: ۱۴۰۵/۰۹/۱۰"]


def test_days_in_the_wrong_order_are_refused(app, page):
    shown = app.get("/kartable", {"first": "1400/01/02", "last": "1400/01/01"})
    assert page in shown
    assert "پیش از تاریخ شروع" in shown.html.select_one("details.filter-x[open]").text


def test_search_keeps_no_number_in_an_address(app, page, desk):
    form = app.get("/kartable").forms
    form = next(one for one in form.values() if one.action == "/kartable/search")
    targets = {}
    for text in (desk["code"], "09123456789", "09129999999", "سطل زباله", ""):
        form["q"] = text
        targets[text] = form.submit(status=303).location.partition("http://localhost")[2]
    assert targets[desk["code"]] == page
    assert targets["09123456789"] == f"/kartable?view=everywhere&citizen={desk['citizen']}"
    assert targets["09129999999"] == "/kartable?view=everywhere&citizen=0"
    assert targets["سطل زباله"].startswith("/kartable?view=everywhere&q=")
    assert targets[""] == "/kartable"
    assert page in app.get(targets["09123456789"])
    assert page not in app.get(targets["09129999999"])


# -- the page of a case -------------------------------------------------------------------------------------


def test_opening_reads_the_referral_and_is_written_down(site, app, page, desk):
    before = case_of(site, desk).version
    assert "زهرا احمدی" in app.get(page, status=200)
    app.head(page, status=200)
    with site.work(write=False) as work:
        assert work.session.scalar(select(Referral.read_at)) == site.clock.now()
    assert [(row.case_id, row.subject_id) for row in openings(site)] == [(desk["case"], desk["citizen"])]
    assert case_of(site, desk).version == before


def test_other_viewers_of_a_case_are_shown(site, clock, app, sign_in, page, desk):
    app.get(page)
    sign_in(desk["users"][1])
    assert "همکار دیگری هم این پرونده را باز کرده است" in app.get(page)
    clock.advance(minutes=11)
    assert "همکار دیگری هم این پرونده را باز کرده است" not in app.get(page)


def test_the_number_is_masked_until_it_is_asked_for(site, app, page, desk):
    shown = app.get(page)
    assert "۰۹۱۲۳۴۵۶۷۸۹" not in shown.text.replace(" ", "")
    revealed = form_to(shown, "/reveal").submit(status=200)
    assert "+989123456789" in revealed
    assert "+989123456789" not in app.get(page)
    with site.work(write=False) as work:
        [row] = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "reveal:contact")).all()
        assert (row.subject_id, row.case_id, row.data) == (desk["citizen"], desk["case"], {})


def test_without_the_right_to_contact_there_is_no_name(site, app, sign_in, desk, page):
    with site.work() as work:
        rights = ["petitions:case:view"]
        reader = make_staff(work, "reader", permissions=rights)
    sign_in(reader)
    shown = app.get(page, status=200)
    assert "زهرا احمدی" not in shown
    assert not [form for form in shown.forms.values() if form.action.startswith(f"{page}/")]
    fields = {
        "csrf_token": shown.html.find("input", {"name": "csrf_token"})["value"],
        "version": str(case_of(site, desk).version),
    }
    more = {"refer": {"unit": str(desk["light"])}, "comment": {"text": "words", "sort": "note"}}
    for what in ("reveal", "take", "refer", "publish", "urgent", "comment", "accept"):
        app.post(f"{page}/{what}", {**fields, **more.get(what, {})}, status=403)
    assert case_of(site, desk).status == "registered"


def test_a_step(site, app, page, desk):
    done = form_to(app.get(page), "/accept").submit("then", value="stay", status=303)
    assert done.location.endswith(page)
    assert case_of(site, desk).status == "working"
    after = done.follow()
    line = after.html.select_one(".undo-lines [data-undo-seconds]")
    assert (line["data-undo-seconds"], case_of(site, desk).subject in line.text) == ("30", True)
    toast = form_to(after, "/undo")
    toast.submit(status=303)
    assert case_of(site, desk).status == "registered"


def test_the_form_of_one_step_is_open_and_others_have_addresses(site, app, asking, page, desk):
    first = app.get(page, status=200)
    assert [panel["id"] for panel in first.html.select("[data-step-panel]")] == ["panel-accept"]
    links = first.html.select("nav.only-nojs a")
    assert [link["href"].removeprefix(page) for link in links] == [
        "/accept#panel-of-step",
        "/reject#panel-of-step",
    ]
    other = app.get(f"{page}/reject", status=200)
    assert [panel["id"] for panel in other.html.select("[data-step-panel]")] == ["panel-reject"]
    assert form_to(other, "/reject")["public_text"].value == ""
    assert other.html.select_one("[data-step-choice] option[selected]")["value"] == "panel-reject"


def test_a_script_gets_the_form_alone_and_opens_the_case_no_second_time(site, app, asking, page, desk):
    app.get(page, status=200)
    opened = len(openings(site))
    alone = app.get(f"{page}/reject", xhr=True, status=200)
    assert alone.html.find("html") is None
    form_to(alone, "/reject").submit(status=422)
    assert len(openings(site)) == opened
    app.get(f"{page}/reject", status=200)
    assert len(openings(site)) == opened + 1


def test_a_step_that_is_not_possible_leads_to_its_case(app, page):
    for name in ("finish", "nothing"):
        assert app.get(f"{page}/{name}", status=303).location.endswith(page)
        app.get(f"{page}/{name}", xhr=True, status=303)


def test_save_and_open_the_next(site, clock, app, page, desk):
    clock.advance(minutes=20)
    with site.work() as work:
        following = make_case(work, category=work.session.scalar(select(Category))).code
    done = form_to(app.get(page), "/accept").submit("then", value="next", status=303)
    assert done.location.endswith(f"/kartable/cases/{following}")
    done = form_to(app.get(f"/kartable/cases/{following}/reject"), "/reject").submit(
        "then", value="next", status=303
    )
    assert done.location.endswith("/kartable")


def test_a_stale_form_loses_nothing(site, app, page, desk):
    refer = form_to(app.get(page), "/refer")
    refer["unit"] = str(desk["light"])
    refer["note"] = WORDS
    with site.work(actor=desk["staff"][1]) as work:
        case = work.get(CaseService).fetch(desk["code"], lock=True)
        work.get(CaseService).mark_urgent(case, True)
    merge = refer.submit(status=409)
    assert "هنگام نوشتن شما این پرونده تغییر کرد" in merge
    assert "فوری شد" in merge.html.select_one("#merge").text
    again = form_to(merge, "/refer")
    assert again["note"].value == WORDS
    assert again["unit"].value == str(desk["light"])
    again.submit(status=303)
    assert case_of(site, desk).unit_id == desk["light"]
    with site.work(write=False) as work:
        notes = work.session.scalars(select(Referral.note).order_by(Referral.id)).all()
        assert notes[-1] == WORDS


@pytest.fixture
def asking(site, monkeypatch):
    """Let closing and rejecting ask for words, and closing for pictures too."""
    kind = kinds_of(site)["petitions"]
    schemas = {"finish": FinishedWork, "reject": Reason}
    transitions = tuple(replace(t, schema=schemas.get(t.name)) for t in kind.workflow.transitions)
    changed = replace(kind, workflow=replace(kind.workflow, transitions=transitions))
    monkeypatch.setitem(kinds_of(site), "petitions", changed)


def test_a_step_that_is_gone_keeps_its_words(site, app, asking, page, desk):
    form = form_to(app.get(f"{page}/reject"), "/reject")
    form["public_text"] = WORDS
    with site.work(actor=desk["staff"][1]) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(desk["code"], lock=True), "reject", public_text="earlier")
    merge = form.submit(status=409)
    assert merge.html.select_one("#merge textarea").text.strip() == WORDS
    assert case_of(site, desk).status == "rejected"


def test_a_step_that_is_still_there_is_sent_again(site, app, asking, page, desk):
    form = form_to(app.get(f"{page}/reject"), "/reject")
    form["public_text"] = WORDS
    with site.work(actor=desk["staff"][1]) as work:
        work.get(CaseService).mark_urgent(work.get(CaseService).fetch(desk["code"], lock=True), True)
    again = form_to(form.submit(status=409), "/reject")
    assert again["public_text"].value == WORDS
    again.submit(status=303)
    with site.work(write=False) as work:
        event = work.session.scalars(select(CaseEvent).order_by(CaseEvent.id.desc())).first()
        assert (event.after, event.public_text) == ("rejected", WORDS)


@pytest.fixture
def colleague(site, desk):
    """Return a function by which a colleague marks the case as urgent: every form of its page is stale then."""

    def act():
        with site.work(actor=desk["staff"][1]) as work:
            work.get(CaseService).mark_urgent(work.get(CaseService).fetch(desk["code"], lock=True), True)

    return act


class TestStaleAndMistaken:
    def test_a_referral_without_an_addressee(self, site, app, page, desk, colleague):
        refer = form_to(app.get(page), "/refer")
        refer["note"] = WORDS
        colleague()
        merge = refer.submit(status=409)
        assert "فوری شد" in merge.html.select_one("#merge").text
        again = form_to(merge, "/refer")
        assert again["note"].value == WORDS
        again["unit"] = str(desk["light"])
        again.submit(status=303)
        assert case_of(site, desk).unit_id == desk["light"]

    def test_a_step_without_its_words_and_with_a_picture(self, site, app, asking, page, desk, colleague):
        form_to(app.get(page), "/accept").submit(status=303)
        form = form_to(app.get(f"{page}/finish"), "/finish")
        form["photos_files"] = [Upload("after.png", picture())]
        form["public_text"] = ""
        colleague()
        again = form_to(form.submit(status=409), "/finish")
        assert again["photos"].value
        assert form_to(again.submit(status=422), "/finish")["photos"].value
        again["public_text"] = WORDS
        again.submit(status=303)
        assert case_of(site, desk).stage == "done"

    def test_a_step_that_is_gone(self, app, asking, page, desk, site):
        form = form_to(app.get(f"{page}/reject"), "/reject")
        form["public_text"] = "ن" * 5000
        with site.work(actor=desk["staff"][1]) as work:
            cases = work.get(CaseService)
            cases.apply(cases.fetch(desk["code"], lock=True), "reject", public_text="earlier")
        merge = form.submit(status=409)
        assert merge.html.select_one("#merge textarea").text.strip() == "ن" * 5000


def test_pictures_of_the_work_come_with_the_form(site, app, asking, page, desk):
    form_to(app.get(page), "/accept").submit(status=303)
    form = form_to(app.get(f"{page}/finish"), "/finish")
    form["photos_files"] = [Upload("after.png", picture())]
    form["public_text"] = ""
    refused = form.submit(status=422)
    again = form_to(refused, "/finish")
    assert again["photos"].value
    again["public_text"] = WORDS
    again.submit(status=303)
    with site.work(write=False) as work:
        [photo] = work.session.scalars(select(Attachment)).all()
        assert (photo.case_id, photo.purpose, photo.audience) == (desk["case"], "after", "citizen")
    assert f"/attachments/{photo.key}" in app.get(page)


def picture():
    file = BytesIO()
    Image.new("RGB", (40, 30), "green").save(file, "PNG")
    return file.getvalue()


def test_a_refusal_says_why_and_keeps_the_words(site, app, page, desk):
    refer = form_to(app.get(page), "/refer")
    refer["note"] = WORDS
    refused = refer.submit(status=422)
    assert form_to(refused, "/refer")["note"].value == WORDS
    refer["unit"] = str(case_of(site, desk).unit_id)
    refused = refer.submit(status=422)
    assert "پرونده هم‌اکنون همان‌جاست" in refused
    assert form_to(refused, "/refer")["note"].value == WORDS


def test_a_step_that_is_refused_keeps_its_words(site, app, asking, page, desk):
    form = form_to(app.get(f"{page}/reject"), "/reject")
    form["public_text"] = WORDS
    ask_light(site, desk)
    form["version"] = str(case_of(site, desk).version)
    refused = form.submit(status=422).html.select_one("#refused")
    assert refused.select_one("textarea").text.strip() == WORDS
    assert "استعلام هنوز باز است" in refused.text


def test_an_answer_that_a_colleague_has_given_already_is_kept(site, app, page, sign_in, desk):
    ask_light(site, desk)
    sign_in(desk["users"][2])
    reply = form_to(app.get(page), "/reply")
    reply["text"] = WORDS
    with site.work(actor=desk["staff"][2]) as work:
        work.get(KartableService).answer(work.get(CaseService).fetch(desk["code"], lock=True), "ours")
    refused = reply.submit(status=422).html.select_one("#refused")
    assert refused.select_one("textarea").text.strip() == WORDS


def test_each_inquiry_has_its_own_answer(site, app, page, sign_in, desk):
    for question in ("رنگ تیر چیست؟", "چند متر است؟"):
        ask_light(site, desk, question)
    sign_in(desk["users"][2])
    shown = app.get(page)
    first, second = (form for form in shown.forms.values() if form.action.endswith("/reply"))
    assert shown.text.index("رنگ تیر چیست؟") < shown.text.index("چند متر است؟")
    second["text"] = " "
    refused = second.submit(status=422)
    assert len(refused.html.select("form[action$='/reply'] [aria-invalid]")) == 1
    second["text"] = "دو متر"
    second.submit(status=303)
    with site.work(actor=desk["staff"][0]) as work:
        case = work.get(CaseService).fetch(desk["code"], lock=True)
        work.get(InquiryService).withdraw(case, int(first["inquiry"].value))
    ask_light(site, desk, "سؤال سوم")
    first["text"] = WORDS
    refused = first.submit(status=422)
    assert refused.html.select_one("#refused textarea").text.strip() == WORDS
    with site.work(write=False) as work:
        query = select(Referral.note, Referral.answer).where(Referral.type == "inquiry")
        answers = dict(work.session.execute(query).all())
    assert answers == {"رنگ تیر چیست؟": "", "چند متر است؟": "دو متر", "سؤال سوم": ""}


def test_an_inquiry_without_a_question_is_refused_at_its_field(app, page, desk):
    refer = form_to(app.get(page), "/refer")
    fields = [(name, value) for name, value in refer.submit_fields() if name not in ("unit", "note")]
    refused = app.post(f"{page}/inquire", [*fields, ("unit", str(desk["light"])), ("note", " ")], status=422)
    assert "بنویسید چه می‌پرسید" in refused
    assert form_to(refused, "/refer")["unit"].value == str(desk["light"])


def ask_light(site, desk, question="نظر شما؟"):
    with site.work(actor=desk["staff"][0]) as work:
        case = work.get(CaseService).fetch(desk["code"], lock=True)
        work.get(KartableService).inquire(case, desk["light"], note=question)


def test_a_person_must_be_of_the_unit(app, page, desk):
    refer = form_to(app.get(page), "/refer")
    mine = refer["user"].options[1][0]
    refer["unit"] = str(desk["light"])
    refer["user"] = mine
    assert "این فرد از آن واحد نیست" in refer.submit(status=422)


def test_return_copy_and_inquiry(site, app, page, sign_in, desk):
    with site.work(actor=desk["staff"][0]) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(desk["code"], lock=True), desk["light"])
    sign_in(desk["users"][2])
    shown = app.get(page)
    fields = form_to(shown, "/refer").submit_fields()
    waste = next(
        value for value, _chosen, name in form_to(shown, "/refer")["unit"].options if "waste" in name
    )

    def send(what, **values):
        changed = [(name, value) for name, value in fields if name not in ("version", "then", *values)]
        version = str(case_of(site, desk).version)
        return app.post(f"{page}/{what}", [*changed, *values.items(), ("version", version)], status=303)

    send("copy", unit=waste, note="for you to read")
    send("inquire", unit=waste, note=WORDS)
    blocked = app.get(page)
    assert "استعلام هنوز باز است" in blocked
    send("return", note="not ours")
    sign_in(desk["users"][0])
    asked = app.get(page)
    assert WORDS in asked
    reply = form_to(asked, "/reply")
    reply["text"] = "our answer"
    reply.submit(status=303)
    form_to(app.get(page), "/dismiss").submit(status=303)
    with site.work(write=False) as work:
        lines = work.session.scalars(select(Referral).order_by(Referral.id)).all()
        assert [(line.type, line.closed_how) for line in lines] == [
            ("action", "referred"),
            ("action", "returned"),
            ("copy", "closed"),
            ("inquiry", "answered"),
            ("action", None),
        ]


def test_take_and_release(site, app, page, desk):
    form_to(app.get(page), "/take").submit(status=303)
    with site.work(write=False) as work:
        assert work.session.scalar(select(Referral.taken_by_id)) == desk["users"][0].id
    form_to(app.get(page), "/release").submit(status=303)
    with site.work(write=False) as work:
        assert work.session.scalar(select(Referral.taken_by_id)) is None


def test_a_note_that_is_sent_again_is_one_note(site, app, page, desk, clock):
    def add(text="only for us", sort="note"):
        form = form_to(app.get(page), "/comment")
        form["text"], form["sort"] = text, sort
        return form.submit(status=303)

    def notes():
        with site.work(write=False) as work:
            return len(work.session.scalars(select(CaseEvent).where(CaseEvent.type == "commented")).all())

    for _time in range(4):
        add()
    assert notes() == 1
    add("something else")
    add(sort="expert")
    add()
    assert notes() == 3
    # Later it is meant.
    clock.advance(minutes=11)
    add()
    assert notes() == 4


def test_a_note_and_who_reads_it(site, app, page, desk):
    def add(text, sort, public=False):
        form = form_to(app.get(page), "/comment")
        form["text"], form["sort"], form["public"] = text, sort, public
        return form.submit(expect_errors=True)

    assert add("only for us", "note").status_int == 303
    assert add("for all", "expert", public=True).status_int == 303
    assert add("among experts", "expert").status_int == 303
    mixed = add(WORDS, "note", public=True)
    assert mixed.status_int == 422
    assert form_to(mixed, "/comment")["text"].value == WORDS
    with site.work(write=False) as work:
        rows = work.session.scalars(
            select(CaseEvent).where(CaseEvent.type == "commented").order_by(CaseEvent.id)
        ).all()
        found = [(row.public, row.public_text, row.internal_text) for row in rows]
    assert found == [(False, "", "only for us"), (True, "for all", ""), (False, "", "among experts")]
    public = app.get(f"{page}?history=public")
    assert "for all" in public
    assert "only for us" not in public
    assert "among experts" not in public


def test_urgent_and_public(site, app, page, desk):
    form_to(app.get(page), "/urgent").submit(status=303)
    form_to(app.get(page), "/publish").submit(status=303)
    assert (case_of(site, desk).urgent, case_of(site, desk).public) == (True, True)
    form_to(app.get(page), "/urgent").submit(status=303)
    form_to(app.get(page), "/publish").submit(status=303)
    assert (case_of(site, desk).urgent, case_of(site, desk).public) == (False, False)


def test_a_closed_case_is_not_marked_urgent_any_more(app, page):
    form_to(app.get(f"{page}/reject"), "/reject").submit(status=303)
    shown = app.get(page, status=200)
    assert shown.html.select_one("form[action$='/publish']")
    assert shown.html.select_one("form[action$='/urgent']") is None


def test_the_preview_is_what_is_sent(site, app, page, desk):
    shown = app.get(f"{page}/preview?transition=accept", headers={"X-Requested-With": "XMLHttpRequest"})
    assert "<html" not in shown
    text = shown.html.select_one(".sms").text
    assert "<html" in app.get(f"{page}/preview?transition=accept", status=200)
    app.get(f"{page}/preview?transition=finish", status=404)
    form_to(app.get(page), "/accept").submit(status=303)
    with site.work(write=False) as work:
        assert outbox(work)[-1].text == text


def test_unknown_actions_are_not_found(app, page):
    token = app.get(page).html.find("input", {"name": "csrf_token"})["value"]
    app.post(f"{page}/fly", {"csrf_token": token, "version": "1"}, status=404)
    app.post(f"{page}/object", {"csrf_token": token, "version": "1"}, status=404)
    app.post(f"{page}/accept", {"version": "1"}, status=400)


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "0", "-1"])
def test_a_form_without_a_good_version_changes_nothing(site, app, page, desk, version):
    token = app.get(page).html.find("input", {"name": "csrf_token"})["value"]
    app.post(f"{page}/accept", {"csrf_token": token, "version": version}, status=409)
    assert case_of(site, desk).status == "registered"


def test_a_workflow_may_not_use_the_names_of_the_kartable(site):
    kind = kinds_of(site)["petitions"]
    step = replace(kind.workflow.transitions[0], name="refer")
    broken = replace(kind, workflow=replace(kind.workflow, transitions=(*kind.workflow.transitions, step)))
    with pytest.raises(ConfigurationError, match=r"'petitions'.*refer"):
        refuse_reserved([broken])
