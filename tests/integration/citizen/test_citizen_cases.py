"""What citizens see of their cases and of those they follow, and the steps they take."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.undo import UndoService


def version_of(page: Any) -> str:
    return re.search(r'name="version" value="(\d+)"', page.text)[1]


def test_the_list_has_pages_and_own_cases_only(
    site: Any, as_citizen: Any, open_case: Any, neighbour: Any
) -> None:
    codes = [open_case() for _ in range(21)]
    foreign = open_case(citizen_id=neighbour.user_id)
    first = as_citizen.get("/my")
    assert codes[20] in first.text
    assert codes[0] not in first.text
    second = first.click(href=r"/my\?before=")
    assert codes[0] in second.text
    assert foreign not in first.text + second.text
    as_citizen.get(f"/my/{foreign}", status=404)


def test_the_list_begins_with_what_was_registered_last(site: Any, as_citizen: Any, open_case: Any) -> None:
    codes = [open_case() for _ in range(22)]
    with site.work() as work:
        cases = {case.code: case for case in work.session.scalars(select(Case))}
        for days, code in enumerate(codes):
            cases[code].created_at -= timedelta(days=days)
    first = as_citizen.get("/my")
    second = first.click(href=r"/my\?before=")
    shown = [
        link["href"].removeprefix("/my/")
        for page in (first, second)
        for link in page.html.select("main a.item-link")
    ]
    assert shown == codes


def test_an_empty_list_says_so(as_citizen: Any) -> None:
    assert 'class="empty"' in as_citizen.get("/my").text


def test_visitors_are_redirected_to_the_sign_in(browser: Any) -> None:
    assert browser.get("/my", status=303).headers["Location"].endswith("/login?next=/my")


def test_the_timeline_names_units_and_hides_what_is_internal(
    site: Any, as_citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    step(officer, code, "start", public_text="بازدید انجام شد", internal_text="پیمانکار کند است")
    with site.work(actor=officer) as work:
        service = work.get(CaseService)
        case = service.fetch(code)
        service.comment(case, "فقط میان ما")
        service.comment(case, "آسفالت سفارش داده شد", expert=True, public=True)
    page = as_citizen.get(f"/my/{code}").text
    assert "بازدید انجام شد" in page
    assert "آسفالت سفارش داده شد" in page
    assert "پیمانکار کند است" not in page
    assert "فقط میان ما" not in page
    assert officer.name not in page
    with site.work(write=False) as work:
        unit = work.session.scalars(select(Case.unit_id).where(Case.code == code)).one()
        assert unit is not None


def test_a_step_taken_back_never_happened(
    site: Any, as_citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    step(officer, code, "start", public_text="اشتباه شد")
    with site.work(actor=officer) as work:
        case = work.get(CaseService).fetch(code)
        undo = work.get(UndoService)
        undo.undo(case, undo.last(case).id)
    assert "اشتباه شد" not in as_citizen.get(f"/my/{code}").text


@pytest.fixture
def answered(as_citizen: Any, officer: Any, open_case: Any, step: Any) -> tuple[str, dict[str, Any]]:
    """Return the code of a case whose citizen was asked something, and the fields of the answer."""
    code = open_case()
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    page = as_citizen.get(f"/my/{code}")
    fields = {"csrf_token": as_citizen.token(), "version": version_of(page), "public_text": "روبه‌روی مدرسه"}
    return code, fields


def test_the_citizen_answers_with_a_picture_and_without_a_script(
    as_citizen: Any, answered: tuple[str, dict[str, Any]], picture: bytes
) -> None:
    code, fields = answered
    files = [("photos_files", "x.jpg", picture)]
    as_citizen.post(f"/my/{code}/answer", fields, upload_files=files, status=303)
    page = as_citizen.get(f"/my/{code}")
    assert "روبه‌روی مدرسه" in page.text
    assert "/attachments/" in page.text
    refused = as_citizen.post(f"/my/{code}/answer", fields, status=409)
    assert refused.status_int == 409


def test_a_form_keeps_its_words_while_many_pictures_arrive(
    as_citizen: Any, answered: tuple[str, dict[str, Any]], picture: bytes, busy: None
) -> None:
    code, fields = answered
    files = [("photos_files", "x.jpg", picture)]
    refused = as_citizen.post(f"/my/{code}/answer", fields, upload_files=files, status=503)
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.html.find("textarea", {"name": "public_text"}).text.strip() == "روبه‌روی مدرسه"
    assert refused.html.select("a[href*=photos]")
    as_citizen.post(f"/my/{code}/answer", fields, status=303)


def test_a_stale_form_keeps_what_was_written(
    site: Any, as_citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    fields = {"csrf_token": as_citizen.token(), "version": "1", "public_text": "روبه‌روی مدرسه"}
    page = as_citizen.post(f"/my/{code}/answer", fields, status=409)
    assert "روبه‌روی مدرسه" in page.text
    told = as_citizen.post(f"/my/{code}/answer", {**fields, "public_text": ""}, status=409)
    assert "در این میان" in told.text
    fields["version"] = version_of(page)
    as_citizen.post(f"/my/{code}/answer", {**fields, "public_text": ""}, status=422)
    as_citizen.post(f"/my/{code}/answer", fields, status=303)


def test_citizens_take_no_steps_of_staff(as_citizen: Any, open_case: Any) -> None:
    code = open_case()
    for name in ("close", "reopen", "nonsense"):
        as_citizen.post(f"/my/{code}/{name}", {"csrf_token": as_citizen.token()}, status=404)


def test_a_follower_reads_the_course_and_nothing_of_the_owner(
    site: Any, as_citizen: Any, as_neighbour: Any, neighbour: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case(body="نشانی خانه‌ام این است")
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    version = version_of(as_citizen.get(f"/my/{code}"))
    fields = {"csrf_token": as_citizen.token(), "version": version, "public_text": "روبه‌روی خانه‌ام"}
    as_citizen.post(f"/my/{code}/answer", fields, status=303)
    with site.work(actor=neighbour) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        work.get(FollowerService).follow(case)
        number = case.id
    page = as_neighbour.get(f"/my/followed/{number}").text
    assert "کدام سو؟" in page
    for private in (code, "نشانی خانه‌ام", "روبه‌روی خانه‌ام"):
        assert private not in page
    assert f"/my/followed/{number}" in as_neighbour.get("/my").text
    as_citizen.get(f"/my/followed/{number}", status=404)


def test_muting_one_case(site: Any, as_citizen: Any, citizen: Any, neighbour: Any, open_case: Any) -> None:
    code = open_case()

    def recipients() -> list[int]:
        with site.work(write=False) as work:
            case = work.session.scalars(select(Case).where(Case.code == code)).one()
            return list(work.get(FollowerService).recipients(case))

    with site.work(actor=neighbour) as work:
        work.get(FollowerService).follow(work.session.scalars(select(Case).where(Case.code == code)).one())
    assert recipients() == [citizen.user_id, neighbour.user_id]
    as_citizen.post(f"/my/{code}/notices", {"csrf_token": as_citizen.token()}, status=303)
    assert recipients() == [neighbour.user_id]
    fields = {"csrf_token": as_citizen.token(), "wanted": "true"}
    as_citizen.post(f"/my/{code}/notices", fields, status=303)
    assert recipients() == [citizen.user_id, neighbour.user_id]


def test_rating_on_the_page(site: Any, as_citizen: Any, officer: Any, open_case: Any, step: Any) -> None:
    code = open_case()
    step(officer, code, "start")
    assert 'class="rate"' not in as_citizen.get(f"/my/{code}").text
    step(officer, code, "close")
    token = as_citizen.token()
    assert 'role="alert"' in as_citizen.post(f"/my/{code}/rate", {"csrf_token": token}, status=422).text
    as_citizen.post(f"/my/{code}/rate", {"csrf_token": token, "stars": "6"}, status=422)
    as_citizen.post(f"/my/{code}/rate", {"csrf_token": token, "stars": "4", "words": ""}, status=303)
    page = as_citizen.get(f"/my/{code}")
    assert page.html.select_one('[name=stars][value="4"]').has_attr("checked")
    fields = {"csrf_token": token, "version": version_of(page), "reason": "هنوز هست"}
    as_citizen.post(f"/my/{code}/object", fields, status=303)
    assert 'class="rate"' not in as_citizen.get(f"/my/{code}").text
