"""What is refused before anything else is answered in a language that its reader knows."""

import re

import pytest

UNREADABLE = "x=%00"
"""A query that is no text."""
PERSIAN = re.compile(r"[^A-Za-z]+")


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}}


def test_a_page_has_the_language_of_the_site(app):
    page = app.get(f"/?{UNREADABLE}", status=400, headers={"Accept-Language": "en"})
    assert (page.html.html["lang"], page.html.html["dir"]) == ("fa", "rtl")
    for text in (
        page.html.title,
        page.html.h1,
        page.html.select_one("p.muted"),
        page.html.select_one("a.btn"),
    ):
        assert PERSIAN.fullmatch(text.text), text


@pytest.mark.parametrize(
    ("accepted", "is_persian"), [(None, True), ("fa", True), ("en", False), ("de", True)]
)
def test_a_problem_has_the_language_of_the_caller(app, accepted, is_persian):
    headers = {"Accept-Language": accepted} if accepted else {}
    problem = app.get(f"/api/v1/me?{UNREADABLE}", status=400, headers=headers).json
    assert bool(PERSIAN.fullmatch(problem["title"])) is is_persian
