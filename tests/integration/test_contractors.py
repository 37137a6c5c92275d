"""Links of contractors: one case, one unit, an end; what a contractor says waits for the unit, which confirms or sends it back."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace

import pytest
from civicportal_reports.workflow import FinishedWork
from PIL import Image
from sqlalchemy import select
from webtest import Upload

from civicportal.core.crypto import token_hash
from civicportal.core.security import Identity
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import CONTRACTED, Attachment, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.contractors import CANNOT, DONE, ContractorPageService, ContractorService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.models import ContractorLink
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.privacy.erasure import ErasureService
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.apps import App
from civicportal.util.errors import Forbidden, NotFound, Refused

pytestmark = pytest.mark.both_databases

NAME, MOBILE = "زهرا احمدی", "+989123456789"
FIRM = "پیمانکاری نمونه"
WORDS = f"چاله جلوی خانه است. {NAME}، 09123456789"


@pytest.fixture
def city(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        citizen = make_citizen(work, MOBILE, name=NAME)
        category = make_category(work, unit=waste)
        case = make_case(work, citizen=citizen, category=category, place="میدان ساعت", body=WORDS)
        users = [make_staff(work, "officer", unit=unit) for unit in (waste, waste, light)]
        officer, colleague, other = (identity(work, user) for user in users)
        return SimpleNamespace(
            code=case.code,
            case=case.id,
            citizen=citizen.id,
            light=light.id,
            users=users,
            officer=officer,
            colleague=colleague,
            other=other,
        )


def act(site, city, what, actor=None):
    with site.work(actor=actor or city.officer) as work:
        return what(work, work.get(CaseService).fetch(city.code, lock=True))


def make(site, city, *, actor=None, days=7, **more):
    """Make a link and return its token."""

    def made(work, case):
        service = work.get(ContractorService)
        last = service.usual_end + timedelta(days=days - 7)
        return service.make(case, name=FIRM, last_day=last, **more)[1]

    return act(site, city, made, actor)


@contextmanager
def visit(site):
    with site.work(actor=Identity.VISITOR) as work:
        yield work.get(ContractorPageService)


def opens(site, token):
    try:
        with visit(site) as jobs:
            return jobs.open(token).case.code
    except NotFound:
        return None


def say(site, token, outcome=DONE, **more):
    with visit(site) as jobs:
        return jobs.answer(token, outcome, **more).id


def links(site, city, actor=None):
    return act(site, city, lambda work, case: work.get(ContractorService).of(case), actor)


def answered(site, city, actor=None):
    """Return how many cases the view of the kartable lists."""
    with site.work(actor=actor or city.officer, write=False) as work:
        return len(work.get(InboxService).page("contracted", InboxQuery()).rows)


def picture():
    file = BytesIO()
    Image.new("RGB", (40, 30), "olive").save(file, "PNG")
    return file.getvalue()


def close(work, case):
    return work.get(CaseService).apply(case, "reject", public_text="انجام نمی‌شود.")


class TestEnd:
    def test_it_opens_one_case_until_its_end(self, site, city, clock):
        token = make(site, city)
        assert opens(site, token) == city.code
        clock.advance(days=6)
        assert opens(site, token) == city.code
        clock.advance(days=2)
        assert opens(site, token) is None

    def test_only_the_hash_of_the_token_is_stored(self, site, city):
        token = make(site, city, mobile="+989351112233")
        with site.work(write=False) as work:
            [link] = work.session.scalars(select(ContractorLink))
            assert link.token_hash == token_hash(token)
            [message] = work.session.scalars(
                select(OutboxMessage).where(OutboxMessage.kind == "contractor.link")
            )
            audit = work.session.scalars(select(AuditEvent)).all()
            events = work.session.scalars(select(CaseEvent)).all()
            kept = [message.text, message.fields, *(str(row.data) for row in (*audit, *events))]
            assert not [text for text in kept if token in text]

    def test_the_message_says_the_address(self, site, city, outbox):
        token = make(site, city, mobile="+989351112233")
        outbox.deliver()
        assert f"/job/{token}" in outbox.sent[-1].text

    def test_revoked(self, site, city):
        token = make(site, city)
        [shown] = links(site, city)
        act(site, city, lambda work, case: work.get(ContractorService).revoke(case, shown.link.id))
        assert opens(site, token) is None
        with pytest.raises(ReferralError):
            act(site, city, lambda work, case: work.get(ContractorService).revoke(case, shown.link.id))

    def test_the_case_closes_and_an_undo_brings_the_link_back(self, site, city):
        token = make(site, city)
        event = act(site, city, close).id
        assert opens(site, token) is None
        act(site, city, lambda work, case: work.get(UndoService).undo(case, event))
        assert opens(site, token) == city.code

    def test_a_case_that_is_opened_again_does_not_open_it(self, site, city):
        token = make(site, city)
        act(site, city, close)
        with site.work(write=False) as work:
            citizen = identity(work, work.session.get(User, city.citizen), "citizen")
        with site.work(actor=citizen) as work:
            case = work.get(CaseService).fetch_own(city.code, lock=True)
            work.get(CaseService).apply(case, "object", public_text="هنوز خراب است.")
        assert opens(site, token) is None

    def test_the_case_leaves_the_unit_and_comes_back(self, site, city):
        token = make(site, city)
        act(site, city, lambda work, case: work.get(KartableService).refer(case, city.light))
        assert opens(site, token) is None
        act(
            site,
            city,
            lambda work, case: work.get(KartableService).give_back(case, note="از ما نیست."),
            city.other,
        )
        assert opens(site, token) is None

    def test_a_referral_that_is_undone_keeps_it(self, site, city):
        token = make(site, city)
        event = act(site, city, lambda work, case: work.get(KartableService).refer(case, city.light)).id
        act(site, city, lambda work, case: work.get(UndoService).undo(case, event))
        assert opens(site, token) == city.code

    def test_a_colleague_of_the_unit_takes_it_along(self, site, city):
        token = make(site, city)
        say(site, token)
        assign = lambda work, case: work.get(AssignmentService).assign(case, city.colleague.user_id)  # noqa: E731
        act(site, city, assign)
        assert opens(site, token) == city.code
        assert answered(site, city, city.colleague) == 1

    def test_switched_off(self, site, city, monkeypatch):
        token = make(site, city)
        monkeypatch.setitem(site.settings["contractors"], "enabled", False)
        assert opens(site, token) is None
        with pytest.raises(Forbidden):
            make(site, city)

    def test_who_may_not_act_makes_none(self, site, city):
        with pytest.raises(NotFound):
            make(site, city, actor=city.other)

    def test_not_more_than_five_at_a_time(self, site, city):
        for _number in range(5):
            make(site, city)
        with pytest.raises(ReferralError):
            make(site, city)


class TestAnswer:
    def test_it_is_an_event_and_the_status_stays(self, site, city):
        token = make(site, city)
        before = act(site, city, lambda _work, case: case.status)
        say(site, token, note="آسفالت شد.")
        with site.work(actor=city.officer, write=False) as work:
            case = work.get(CaseService).fetch(city.code)
            event = work.get(CaseService).last_event(case)
            assert (case.status, event.type, event.public) == (before, CONTRACTED, False)
            assert (event.actor_id, event.realm, event.internal_text) == (None, "visitor", "آسفالت شد.")
            referral = work.session.scalars(select(Referral)).one()
            assert (referral.contracted, referral.read_at) == (True, None)
        assert answered(site, city) == 1

    def test_sent_twice_it_is_one_answer(self, site, city):
        token = make(site, city)
        first = say(site, token, once="k" * 22)
        with visit(site) as jobs:
            assert jobs.answer(token, DONE, once="k" * 22).id == first
            assert jobs.cases.was_repeated

    def test_a_second_answer_waits_for_the_unit(self, site, city):
        token = make(site, city)
        say(site, token)
        with pytest.raises(Refused):
            say(site, token, CANNOT, note="دسترسی نیست.")

    def test_it_is_sent_back_and_answered_again(self, site, city):
        token = make(site, city)
        say(site, token)
        [shown] = links(site, city)
        assert shown.is_done
        send_back = lambda work, case: work.get(ContractorService).send_back(  # noqa: E731
            case, shown.link.id, "لبه‌ها مانده است."
        )
        act(site, city, send_back)
        assert answered(site, city) == 0
        with visit(site) as jobs:
            assert jobs.open(token).sent_back == "لبه‌ها مانده است."
        with site.work(write=False) as work:
            told = select(OutboxMessage).where(OutboxMessage.kind == "contractor.sent_back")
            assert work.session.scalars(told).all() == []
        with pytest.raises(ReferralError):
            act(site, city, send_back)
        say(site, token, CANNOT, note="باران می‌بارد.")
        assert not links(site, city)[0].is_done
        assert answered(site, city) == 1

    def test_one_of_two_answers_is_settled(self, site, city):
        tokens = [make(site, city), make(site, city)]
        for token in tokens:
            say(site, token)
        revoke = lambda link: lambda work, case: work.get(ContractorService).revoke(case, link)  # noqa: E731
        for left, shown in ((1, links(site, city)[0]), (0, links(site, city)[1])):
            act(site, city, revoke(shown.link.id))
            assert answered(site, city) == left

    def test_an_answer_waits_after_the_end_of_its_link(self, site, city, clock):
        token = make(site, city)
        say(site, token)
        clock.advance(days=20)
        [shown] = links(site, city)
        assert (shown.is_open, shown.is_done) == (False, True)

    def test_a_link_of_another_case_is_not_there(self, site, city):
        make(site, city)
        [shown] = links(site, city)
        with site.work() as work:
            other = make_case(work).code
        with site.work(actor=Identity.SYSTEM) as work:
            case = work.get(CaseService).fetch(other, lock=True)
            with pytest.raises(NotFound):
                work.get(ContractorService).revoke(case, shown.link.id)

    def test_erasure_takes_link_and_words(self, site, city, clock):
        token = make(site, city, instruction="دستور کار")
        say(site, token, note="جلوی خانه")
        act(site, city, close)
        clock.advance(days=40)
        with site.work() as work:
            person = work.session.get(User, city.citizen)
            person.deleted_at = clock.now() - timedelta(days=31)
            work.get(ErasureService).erase(person)
        with site.work(write=False) as work:
            assert not work.session.scalars(select(ContractorLink)).all()
            events = work.session.scalars(select(CaseEvent)).all()
            assert not [event for event in events if event.internal_text or "contractor" in str(event.data)]


class TestPages:
    @pytest.fixture
    def page(self, city, sign_in):
        sign_in(city.users[0])
        return f"/kartable/cases/{city.code}"

    @pytest.fixture
    def link(self, app, page, anonymous):
        """The address of a link, made in the browser."""
        form = next(f for f in app.get(f"{page}/contractor").forms.values() if "name" in f.fields)
        form["name"], form["instruction"] = FIRM, "فقط شب‌ها کار کنید."
        made = form.submit()
        address = made.html.select_one("#link")["value"]
        assert made.html.select_one("[data-copy]")["data-copy"] == address
        return address[address.index("/job/") :]

    @pytest.fixture
    def anonymous(self, civic_environment):
        return App(civic_environment.app)

    @pytest.fixture
    def asking(self, site, monkeypatch):
        """Let closing ask for words and pictures, as reports do."""
        kind = kinds_of(site)["petitions"]
        steps = kind.workflow.transitions
        asked = tuple(replace(t, schema=FinishedWork if t.name == "finish" else None) for t in steps)
        changed = replace(kind, workflow=replace(kind.workflow, transitions=asked))
        monkeypatch.setitem(kinds_of(site), "petitions", changed)

    def test_the_contractor_sees_the_work_without_the_citizen(self, anonymous, link):
        page = anonymous.get(link)
        assert "میدان ساعت" in page.text
        assert "چاله" in page.text
        assert "فقط شب‌ها کار کنید." in page.text
        assert not [secret for secret in (NAME, "9123456789", "۹۱۲۳۴۵۶۷۸۹") if secret in page.text]
        assert page.headers["X-Robots-Tag"].startswith("noindex")
        assert page.headers["Referrer-Policy"] == "strict-origin"

    def test_done_with_pictures_and_confirmed_in_one_step(
        self, anonymous, app, asking, city, link, page, site
    ):
        act(site, city, lambda work, case: work.get(CaseService).apply(case, "accept"))
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"], form["note"] = DONE, "تمام شد."
        form["before_files"] = [Upload("before.png", picture())]
        form["after_files"] = [Upload("after.png", picture())]
        seen = form.submit().follow()
        assert not seen.html.select("form[data-on-site]")
        own = [image["src"] for image in seen.html.select("img.thumb") if image["src"].startswith(link)]
        assert len(own) == 2
        assert anonymous.get(own[0]).content_type.startswith("image/")
        listed = app.get("/kartable")
        assert FIRM not in listed.html.select_one("#answered-title").text
        assert listed.html.select_one(f"section.notice a[href='{page}']")
        shown = app.get(page)
        assert f"پیمانکار {FIRM}" in shown.html.select_one(".tl").text
        step = next(f for f in shown.forms.values() if "proof" in f.fields)
        assert step["proof"].checked
        step["public_text"] = ""
        refused = step.submit("then", value="stay", status=422)
        step = next(f for f in refused.forms.values() if "proof" in f.fields)
        assert step["proof"].checked
        step["public_text"] = "کار انجام شد."
        step.submit("then", value="stay").follow()
        with site.work(write=False) as work:
            rows = work.session.scalars(select(Attachment).where(Attachment.case_id == city.case)).all()
            kinds = sorted((row.purpose, row.audience, row.owner) for row in rows)
            assert kinds == [
                ("after", "citizen", ""),
                ("job_after", "staff", ""),
                ("job_before", "staff", ""),
            ]
            assert not work.get(CaseService).fetch(city.code).is_open
        anonymous.get(link, status=404)

    def test_cannot_be_done_needs_a_reason_and_nothing_is_lost(self, anonymous, link):
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"] = CANNOT
        form["before_files"] = [Upload("before.png", picture())]
        refused = form.submit(status=422)
        assert refused.html.select_one("#note-error")
        assert refused.html.select_one("[name=before]")
        again = next(f for f in refused.forms.values() if "outcome" in f.fields)
        again["note"] = "دریچه زیر خودرو است."
        again.submit(status=303)

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "x"])
    def test_a_time_of_the_device_that_cannot_be_read_counts_as_not_said(self, anonymous, link, moment):
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"], form["device_at"], form["device_place"] = DONE, moment, "nan,1e999"
        form.submit(status=303)

    def test_the_citizen_and_the_public_see_nothing_of_it(self, anonymous, app, city, link, sign_in, site):
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"], form["note"] = DONE, "سخن پیمانکار"
        form["after_files"] = [Upload("after.png", picture())]
        form.submit()
        with site.work(write=False) as work:
            key = work.session.scalars(select(Attachment.key).where(Attachment.purpose == "job_after")).one()
            citizen = identity(work, work.session.get(User, city.citizen), "citizen")
        anonymous.get(f"/attachments/{key}", status=404)
        sign_in(citizen)
        mine = app.get(f"/my/{city.code}")
        assert FIRM not in mine.text
        assert "سخن پیمانکار" not in mine.text
        app.get(f"/attachments/{key}", status=404)

    def test_a_link_that_opens_nothing_says_whom_to_call(self, anonymous, site):
        page = anonymous.get("/job/nothing", status=404)
        assert page.html.select_one("main a[href^='tel:']") or not site.branding.phone
        assert page.headers["X-Robots-Tag"].startswith("noindex")

    def test_pictures_of_other_cases_are_not_there(self, anonymous, link):
        anonymous.get(f"{link}/{'A' * 22}", status=404)

    def test_guessing_ends(self, anonymous):
        statuses = [
            anonymous.get(f"/job/{number:022}", expect_errors=True).status_int for number in range(25)
        ]
        assert statuses[0] == 404
        assert statuses[-1] == 429

    def test_it_is_sent_back_from_the_page(self, anonymous, app, link, page, outbox, site):
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"], form["note"] = CANNOT, "کلید نداریم."
        form.submit()
        back = next(f for f in app.get(page).forms.values() if f.action.endswith("/send-back"))
        refused = back.submit(status=422)
        assert refused.html.select_one("[data-contractor-answer] details[open]")
        back["note"], back["mobile"] = "کلید نزد نگهبان است.", "09351112233"
        back.submit().follow()
        assert "کلید نزد نگهبان است." in anonymous.get(link).text
        outbox.deliver()
        assert (outbox.sent[-1].recipient, outbox.sent[-1].kind) == ("+989351112233", "contractor.sent_back")
        with site.work(write=False) as work:
            [message] = work.session.scalars(
                select(OutboxMessage).where(OutboxMessage.kind == "contractor.sent_back")
            )
            assert "کلید" not in message.text

    def test_whoever_is_signed_in_the_contractor_answers(self, app, link, city, site):
        form = next(f for f in app.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"] = DONE
        form.submit(status=303)
        with site.work(write=False) as work:
            said = work.session.scalars(select(CaseEvent).where(CaseEvent.type == CONTRACTED)).one()
            assert (said.actor_id, said.realm) == (None, "visitor")

    def test_the_queue_gets_json(self, anonymous, link, site):
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"] = DONE
        fields = [*form.submit_fields(), ("queue_key", "q" * 22)]
        headers = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
        first = anonymous.post(link, fields, headers=headers)
        assert first.json == {"location": link, "repeated": False}
        assert anonymous.post(link, fields, headers=headers).json["repeated"]

    def test_no_log_contains_the_token(self, anonymous, caplog, link):
        caplog.set_level("DEBUG")
        anonymous.get(link)
        form = next(f for f in anonymous.get(link).forms.values() if "outcome" in f.fields)
        form["outcome"] = DONE
        form.submit()
        token = link.rsplit("/", 1)[1]
        ours = [record for record in caplog.records if record.name.startswith("civicportal")]
        assert not [record for record in ours if token in str(vars(record))]
