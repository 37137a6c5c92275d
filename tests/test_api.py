"""What plugins are written against changes only where somebody sees it."""

from api_surface import SURFACE, surface


def test_the_api_is_the_one_that_was_agreed_on() -> None:
    """A change that is meant: ``python tests/api_surface.py``, and a line in the changelog."""
    assert surface() == SURFACE.read_text(encoding="utf-8")


def test_it_says_what_changes() -> None:
    assert "class Work(" in surface()
    assert "CaseService" in surface()
