"""The case as a conversation: questions on top, notes, withdrawals, and an end to following."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, Follower
from civicportal.domain.cases.services import CaseService
from civicportal.domain.privacy.erasure import ErasureService
from civicportal.domain.privacy.export import PersonalDataService
from civicportal.util.errors import Forbidden

WORDS = "امروز بزرگ‌تر شده است"


def version_of(page: Any) -> str:
    return re.search(r'name="version" value="(\d+)"', page.text)[1]


def find(work: Any, code: str) -> Case:
    return work.session.scalars(select(Case).where(Case.code == code)).one()


@pytest.fixture
def asked(open_case: Any, officer: Any, step: Any) -> str:
    """Return the code of a case with an open question, older than another one."""
    code = open_case()
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    return code


class TestQuestion:
    def test_it_stands_on_top_with_its_form(self, as_citizen: Any, asked: str) -> None:
        page = as_citizen.get(f"/my/{asked}")
        card = page.html.select_one("#question")
        assert "کدام سو؟" in card.text
        assert "ادارهٔ معابر" in card.text
        assert card.select_one("form textarea[name=public_text]")
        assert page.html.select_one(".two-col section") == card
        assert len(page.html.select("form[action$='/answer']")) == 1

    def test_its_case_comes_first_and_is_marked(
        self, site: Any, as_citizen: Any, open_case: Any, asked: str
    ) -> None:
        with site.work() as work:
            find(work, asked).created_at -= timedelta(days=90)
        others = [open_case() for _number in range(21)]
        first = as_citizen.get("/my")
        links = [link["href"] for link in first.html.select("main a.item-link")]
        assert links[:2] == [f"/my/{asked}", f"/my/{others[-1]}"]
        assert "منتظر پاسخ شما" in first.html.select("main li")[0].text
        second = first.click(href=r"/my\?before=")
        links += [link["href"] for link in second.html.select("main a.item-link")]
        assert links == [f"/my/{code}" for code in (asked, *reversed(others))]

    def test_with_many_of_them_every_case_is_listed_once(
        self, as_citizen: Any, officer: Any, open_case: Any, step: Any
    ) -> None:
        codes = [open_case() for _number in range(25)]
        for code in codes[:20]:
            step(officer, code, "start")
            step(officer, code, "ask", public_text="کدام سو؟")
        page = as_citizen.get("/my")
        listed = [link["href"] for link in page.html.select("main a.item-link")]
        while page.html.select("a[href^='/my?before=']"):
            page = page.click(href=r"/my\?before=")
            listed += [link["href"] for link in page.html.select("main a.item-link")]
        assert sorted(listed) == sorted(f"/my/{code}" for code in codes)

    def test_it_stands_on_the_home_page_of_its_citizen(
        self, as_citizen: Any, as_neighbour: Any, asked: str
    ) -> None:
        page = as_citizen.get("/")
        assert page.html.select_one(
            f"section[aria-labelledby=questions-title] a[href='/my/{asked}#question']"
        )
        assert "questions-title" not in as_neighbour.get("/").text

    def test_answered_it_is_gone(self, as_citizen: Any, asked: str) -> None:
        page = as_citizen.get(f"/my/{asked}")
        fields = {
            "csrf_token": as_citizen.token(),
            "version": version_of(page),
            "public_text": "روبه‌روی مدرسه",
        }
        as_citizen.post(f"/my/{asked}/answer", fields, status=303)
        assert not as_citizen.get(f"/my/{asked}").html.select_one("#question")
        assert "questions-title" not in as_citizen.get("/").text

    def test_a_refused_answer_stays_in_its_card(self, as_citizen: Any, asked: str) -> None:
        page = as_citizen.get(f"/my/{asked}")
        fields = {"csrf_token": as_citizen.token(), "version": version_of(page), "public_text": ""}
        refused = as_citizen.post(f"/my/{asked}/answer", fields, status=422)
        assert refused.html.select_one("#question .err-summary")


@pytest.mark.both_databases
class TestNote:
    def test_it_is_added_with_a_picture_and_shown_as_the_citizens(
        self, site: Any, as_citizen: Any, as_officer: Any, open_case: Any, picture: bytes
    ) -> None:
        code = open_case()
        as_officer.get(f"/kartable/cases/{code}")
        page = as_citizen.get(f"/my/{code}")
        fields = {"csrf_token": as_citizen.token(), "version": version_of(page), "words": WORDS}
        files = [("photos_files", "x.jpg", picture)]
        as_citizen.post(f"/my/{code}/note", fields, upload_files=files, status=303)
        course = as_citizen.get(f"/my/{code}").html.select_one("ol.tl")
        assert WORDS in course.text
        assert "یادداشت شما" in course.text
        assert course.select("img")
        assert "unread" in str(as_officer.get("/kartable").html.find("table"))
        shown = as_officer.get(f"/kartable/cases/{code}").html
        notice = shown.select_one("section[aria-labelledby=said-title]")
        assert WORDS in notice.text
        assert "یادداشت شهروند" in notice.text
        assert notice.select("img")
        with site.work(write=False) as work:
            assert find(work, code).status == "registered"

    def test_the_officer_has_it_as_new(
        self, site: Any, citizen: Any, officer: Any, as_officer: Any, open_case: Any
    ) -> None:
        code = open_case()
        as_officer.get(f"/kartable/cases/{code}")
        with site.work(actor=citizen) as work:
            service = work.get(CaseService)
            service.add_note(service.fetch_own(code, lock=True), WORDS)
        with site.work(actor=officer, write=False) as work:
            referral = work.get(AccessService).action_referral(find(work, code))
            assert referral.read_at is None

    def test_an_empty_one_is_refused(self, as_citizen: Any, open_case: Any) -> None:
        code = open_case()
        fields = {"csrf_token": as_citizen.token(), "words": " "}
        page = as_citizen.post(f"/my/{code}/note", fields, status=422)
        assert page.html.select_one("#note[open] .err-summary")

    def test_sent_twice_it_counts_once(self, site: Any, as_citizen: Any, open_case: Any) -> None:
        code = open_case()
        fields = {"csrf_token": as_citizen.token(), "words": WORDS}
        for _again in range(2):
            as_citizen.post(f"/my/{code}/note", fields, status=303)
        with site.work(write=False) as work:
            notes = select(CaseEvent).where(CaseEvent.type == "noted")
            assert len(work.session.scalars(notes).all()) == 1

    def test_sent_twice_with_pictures_it_counts_once(
        self, site: Any, as_citizen: Any, open_case: Any, picture: bytes
    ) -> None:
        code = open_case()
        fields = {"csrf_token": as_citizen.token(), "words": WORDS}
        files = [("photos_files", "x.jpg", picture)]
        for _again in range(2):
            as_citizen.post(f"/my/{code}/note", fields, upload_files=files, status=303)
        with site.work(write=False) as work:
            notes = select(CaseEvent).where(CaseEvent.type == "noted")
            assert len(work.session.scalars(notes).all()) == 1
        # The same words without the picture are another note.
        as_citizen.post(f"/my/{code}/note", fields, status=303)
        with site.work(write=False) as work:
            assert len(work.session.scalars(notes).all()) == 2

    def test_there_are_only_so_many_an_hour(self, as_citizen: Any, open_case: Any) -> None:
        code = open_case()
        fields = {"csrf_token": as_citizen.token()}
        for number in range(10):
            as_citizen.post(f"/my/{code}/note", {**fields, "words": f"{WORDS} {number}"}, status=303)
        as_citizen.post(f"/my/{code}/note", {**fields, "words": WORDS}, status=429)

    def test_a_closed_case_takes_none(
        self, site: Any, citizen: Any, as_citizen: Any, officer: Any, open_case: Any, step: Any
    ) -> None:
        code = open_case()
        step(officer, code, "close")
        assert not as_citizen.get(f"/my/{code}").html.select_one("#note")
        page = as_citizen.post(
            f"/my/{code}/note", {"csrf_token": as_citizen.token(), "words": WORDS}, status=422
        )
        assert WORDS in page.text
        with site.work(actor=citizen) as work, pytest.raises(Refused):
            service = work.get(CaseService)
            service.add_note(service.fetch_own(code, lock=True), WORDS)

    def test_only_its_citizen_adds_one(
        self, site: Any, as_neighbour: Any, neighbour: Any, officer: Any, open_case: Any
    ) -> None:
        code = open_case()
        as_neighbour.post(
            f"/my/{code}/note", {"csrf_token": as_neighbour.token(), "words": WORDS}, status=404
        )
        for actor in (neighbour, officer):
            with site.work(actor=actor) as work, pytest.raises(Forbidden):
                work.get(CaseService).add_note(find(work, code), WORDS)

    def test_followers_do_not_hear_of_it(
        self, site: Any, citizen: Any, neighbour: Any, as_neighbour: Any, open_case: Any
    ) -> None:
        code = open_case()
        with site.work(actor=neighbour) as work:
            work.get(FollowerService).follow(find(work, code))
        with site.work(actor=citizen) as work:
            service = work.get(CaseService)
            case = service.fetch_own(code, lock=True)
            service.add_note(case, WORDS)
            number = case.id
        page = as_neighbour.get(f"/my/followed/{number}")
        assert WORDS not in page.text
        assert len(page.html.select("ol.tl li")) == 1


@pytest.mark.both_databases
class TestNoteOfFollower:
    """Followers of a case may know more about it."""

    @pytest.fixture
    def number(self, site: Any, neighbour: Any, open_case: Any) -> int:
        """Return the id of a case that the neighbour follows."""
        code = open_case()
        with site.work(actor=neighbour) as work:
            case = find(work, code)
            work.get(FollowerService).follow(case)
            return case.id

    @pytest.fixture
    def added(self, as_neighbour: Any, number: int, picture: bytes) -> int:
        """Return the id of that case with a note and a picture of the neighbour."""
        form = as_neighbour.get(f"/my/followed/{number}").forms
        form = next(one for one in form.values() if one.action.endswith("/note"))
        form["words"] = WORDS
        fields = [(name, value) for name, value in form.submit_fields() if name != "photos_files"]
        as_neighbour.post(form.action, fields, upload_files=[("photos_files", "x.jpg", picture)], status=303)
        return number

    def code(self, site: Any, number: int) -> str:
        with site.work(write=False) as work:
            return str(work.session.get(Case, number).code)

    def test_its_author_sees_it_with_its_picture(self, as_neighbour: Any, added: int) -> None:
        course = as_neighbour.get(f"/my/followed/{added}").html.select_one("ol.tl")
        assert WORDS in course.text
        assert "یادداشت شما" in course.text
        assert "به این درخواست" in course.text
        as_neighbour.get(course.select_one("img")["src"], status=200)

    def test_staff_have_it_as_new_and_named(self, site: Any, as_officer: Any, added: int) -> None:
        page = as_officer.get(f"/kartable/cases/{self.code(site, added)}").html
        notice = page.select_one("section[aria-labelledby=said-title]")
        assert WORDS in notice.text
        assert "یادداشت شهروند پیگیر" in notice.text
        as_officer.get(notice.select_one("img")["src"], status=200)

    def test_the_citizen_of_the_case_sees_neither(
        self, site: Any, as_citizen: Any, as_neighbour: Any, added: int
    ) -> None:
        page = as_citizen.get(f"/my/{self.code(site, added)}")
        assert WORDS not in page.text
        assert not page.html.select("main img[src*=attachments]")
        picture = as_neighbour.get(f"/my/followed/{added}").html.select_one("ol.tl img")["src"]
        as_citizen.get(picture, status=404)

    def test_published_it_stays_with_staff_and_its_author(
        self, site: Any, officer: Any, as_neighbour: Any, browser: Any, added: int
    ) -> None:
        picture = as_neighbour.get(f"/my/followed/{added}").html.select_one("ol.tl img")["src"]
        with site.work(actor=officer) as work:
            service = work.get(CaseService)
            service.publish(service.fetch(self.code(site, added), lock=True), True)
        browser.get(picture, status=404)
        as_neighbour.get(picture, status=200)

    def test_an_empty_one_is_refused(self, as_neighbour: Any, number: int) -> None:
        fields = {"csrf_token": as_neighbour.token(), "words": " "}
        page = as_neighbour.post(f"/my/followed/{number}/note", fields, status=422)
        assert page.html.select_one("#note[open] .err-summary")

    def test_a_closed_case_takes_none(
        self, site: Any, officer: Any, as_neighbour: Any, number: int, step: Any
    ) -> None:
        step(officer, self.code(site, number), "close")
        assert not as_neighbour.get(f"/my/followed/{number}").html.select_one("#note")
        fields = {"csrf_token": as_neighbour.token(), "words": WORDS}
        assert WORDS in as_neighbour.post(f"/my/followed/{number}/note", fields, status=422).text

    def test_who_does_not_follow_adds_none(self, as_citizen: Any, as_neighbour: Any, number: int) -> None:
        as_neighbour.post(f"/my/followed/{number}/stop", {"csrf_token": as_neighbour.token()}, status=303)
        for browser in (as_citizen, as_neighbour):
            fields = {"csrf_token": browser.token(), "words": WORDS}
            browser.post(f"/my/followed/{number}/note", fields, status=404)

    def test_it_is_in_the_archive_of_its_author_without_the_code_of_the_case(
        self, site: Any, neighbour: Any, added: int
    ) -> None:
        with site.work(write=False) as work:
            service, author = work.get(PersonalDataService), work.session.get(User, neighbour.user_id)
            rows, pictures = service.rows(author), service.pictures(author)
        assert [row["text"] for row in rows["notes_on_followed_cases"]] == [WORDS]
        assert [name.partition("-")[0] for _key, name in pictures] == ["notes_on_followed_cases"]
        assert self.code(site, added) not in json.dumps(rows, ensure_ascii=False)

    def test_it_is_not_in_the_archive_of_the_citizen_of_the_case(
        self, site: Any, citizen: Any, added: int
    ) -> None:
        with site.work(write=False) as work:
            service, owner = work.get(PersonalDataService), work.session.get(User, citizen.user_id)
            assert WORDS not in json.dumps(service.rows(owner), ensure_ascii=False)
            assert service.pictures(owner) == []

    def test_it_is_erased_with_its_author(self, site: Any, neighbour: Any, added: int) -> None:
        with site.work() as work:
            pictures = work.get(ErasureService).erase(work.session.get(User, neighbour.user_id))
        assert len(pictures) == 1
        with site.work(write=False) as work:
            note = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "noted")).one()
            assert (note.internal_text, note.actor_name) == ("", "")
            assert not work.session.scalars(select(Attachment)).all()


class TestWithdrawal:
    def test_it_is_confirmed_on_a_page_and_closes_the_case(
        self, site: Any, as_citizen: Any, open_case: Any
    ) -> None:
        code = open_case()
        page = as_citizen.get(f"/my/{code}").click(href=f"/my/{code}/withdraw")
        form = next(one for one in page.forms.values() if one.action.endswith("/withdraw"))
        form["public_text"] = "خودش درست شد"
        form.submit().follow(status=200)
        with site.work(write=False) as work:
            case = find(work, code)
            assert (case.status, case.stage) == ("withdrawn", "rejected")
            assert work.get(AccessService).action_referral(case) is None
        page = as_citizen.get(f"/my/{code}")
        assert "خودش درست شد" in page.html.select_one("ol.tl").text
        assert as_citizen.get(f"/my/{code}/withdraw", status=303).location.endswith(f"/my/{code}")

    def test_what_needs_no_confirmation_has_no_page(self, as_citizen: Any, asked: str) -> None:
        for name in ("answer", "close", "nonsense"):
            as_citizen.get(f"/my/{asked}/{name}", status=303)

    def test_others_cannot_withdraw_it(self, as_neighbour: Any, open_case: Any) -> None:
        code = open_case()
        as_neighbour.get(f"/my/{code}/withdraw", status=404)
        as_neighbour.post(f"/my/{code}/withdraw", {"csrf_token": as_neighbour.token()}, status=404)


class TestFollowed:
    @pytest.fixture
    def number(self, site: Any, neighbour: Any, case_with_picture: Any) -> int:
        """Return the id of a case that the neighbour follows."""
        code, _key = case_with_picture(public=False)
        with site.work(write=False) as work:
            return find(work, code).id

    def test_words_and_pictures_are_shown_when_they_are_public(
        self, site: Any, officer: Any, as_neighbour: Any, number: int
    ) -> None:
        with site.work() as work:
            work.session.get(Case, number).body = "چاله‌ای در پیاده‌رو"
        page = as_neighbour.get(f"/my/followed/{number}")
        assert "چاله‌ای در پیاده‌رو" not in page.text
        assert not page.html.select("main img[src*=attachments]")
        with site.work(actor=officer) as work:
            service = work.get(CaseService)
            service.publish(service.fetch(work.session.get(Case, number).code, lock=True), True)
        page = as_neighbour.get(f"/my/followed/{number}")
        assert "چاله‌ای در پیاده‌رو" in page.text
        assert page.html.select("main img[src*=attachments]")

    def test_one_may_stop(self, site: Any, as_neighbour: Any, neighbour: Any, number: int) -> None:
        page = as_neighbour.get(f"/my/followed/{number}")
        form = next(one for one in page.forms.values() if one.action.endswith("/stop"))
        form.submit().follow(status=200)
        as_neighbour.get(f"/my/followed/{number}", status=404)
        with site.work(write=False) as work:
            assert work.session.get(Follower, (number, neighbour.user_id)) is None
