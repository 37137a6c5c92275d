"""Who said what: each text of a case's history names its author."""

from typing import Any

from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.services import CaseService

ANSWER, OBJECTION = "روبه‌روی مدرسه", "هنوز آب جمع می‌شود"


def story(site: Any, citizen: Any, officer: Any, code: str, step: Any) -> None:
    """Ask the citizen, close the case, and object to it."""
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    with site.work(actor=citizen) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch_own(code), "answer", public_text=ANSWER)
    step(officer, code, "close", public_text="پر شد")
    with site.work(actor=citizen) as work:
        work.get(RatingService).object(work.get(CaseService).fetch_own(code), OBJECTION)


def said(page: Any) -> dict[str, str]:
    """Return the texts of a page's timeline with their authors."""
    found = {}
    for bubble in page.html.select("ol.tl .bubble"):
        text, author = bubble.select("p")
        found[text.text.strip()] = author.text.strip()
    return found


def test_the_citizen_reads_who_said_what(
    site: Any, as_citizen: Any, citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    story(site, citizen, officer, code, step)
    page = as_citizen.get(f"/my/{code}")
    assert said(page) == {
        OBJECTION: "اعتراض شما",
        "پر شد": "ادارهٔ معابر",
        ANSWER: "پاسخ شما",
        "کدام سو؟": "ادارهٔ معابر",
    }
    assert "به درخواست شما دوباره باز شد" in page.html.find("ol", class_="tl").text


def test_staff_read_who_said_what(
    site: Any, as_officer: Any, citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    story(site, citizen, officer, code, step)
    page = as_officer.get(f"/kartable/cases/{code}")
    texts = said(page)
    assert texts[OBJECTION] == "اعتراض شهروند"
    assert texts[ANSWER] == "پاسخ شهروند"
    assert "به درخواست شهروند دوباره باز شد" in page.html.find("ol", class_="tl").text


def test_others_read_neither_answer_nor_objection(
    site: Any, browser: Any, citizen: Any, officer: Any, open_case: Any, step: Any
) -> None:
    code = open_case()
    story(site, citizen, officer, code, step)
    form = {"csrf_token": browser.token(), "code": code, "proof": "0001"}
    page = browser.post("/track", form, status=303).follow()
    assert set(said(page)) == {"پر شد", "کدام سو؟"}
    assert "به درخواست شهروند دوباره باز شد" in page.text
