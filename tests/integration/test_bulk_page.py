"""The form for a step of several cases, when services name their steps alike."""

import pytest

from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

RIGHTS = [f"{kind}:case:{verb}" for kind in ("feedback", "reports") for verb in ("view", "work", "refer")]
#: "Start the review" of a report and "Start to look at it" of a message.
REPORT, MESSAGE = "آغاز بررسی – گزارش شهری", "آغاز بررسی – انتقاد و پیشنهاد"


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "feedback"], "languages": ["fa", "en"]}}


@pytest.fixture
def codes(site, sign_in):
    """Return the codes of a report and of a message, in the kartable of the person who is signed in."""
    with site.work() as work:
        unit = make_unit(work, "pr")
        lamp = make_category(work, "lamp", kind="reports", unit=unit)
        found = [make_case(work, kind="reports", category=lamp).code, make_case(work, kind="feedback").code]
        officer = identity(work, make_staff(work, "officer", unit=unit, permissions=RIGHTS))
    sign_in(officer)
    return found


@pytest.fixture
def ask(app, codes):
    """Return a function that opens the form for a step of the first cases."""
    page = app.get("/kartable")
    token = page.html.select_one('input[name="csrf_token"]')["value"]

    def press(number):
        body = [("csrf_token", token), ("action", "step"), *(("code", code) for code in codes[:number])]
        return app.post("/kartable/bulk", body, status=200).html

    return press


def texts(page, selector):
    return [" ".join(one.text.split()) for one in page.select(selector)]


def test_steps_of_one_translated_title_name_their_service(ask):
    page = ask(2)
    titles = {f"{REPORT} (۱ از ۲)", f"{MESSAGE} (۱ از ۲)"}
    # With JavaScript the choice tells them apart, without it the heading and the button.
    assert titles <= set(texts(page, "[data-step-choice] option"))
    assert titles <= set(texts(page, "[data-step-panel] h3"))
    assert {REPORT, MESSAGE} <= set(texts(page, "[data-step-panel] form button"))
    options = texts(page, "[data-step-choice] option")
    assert len(options) == len(set(options))


def test_one_service_is_not_named(ask):
    assert "آغاز بررسی (۱ از ۱)" in texts(ask(1), "[data-step-choice] option")


def test_titles_that_differ_in_the_language_of_the_reader_stand_alone(app, ask):
    token = app.get("/kartable").html.select_one('input[name="csrf_token"]')["value"]
    app.post("/language", {"language": "en", "csrf_token": token}, status=303)
    page = ask(2)
    assert {"Start the review (1 of 2)", "Start to look at it (1 of 2)"} <= set(
        texts(page, "[data-step-choice] option")
    )
