"""What the services send fits, and what is told to nobody is not missed."""

import pytest

from civicportal.checks import look_over


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "meetings", "feedback", "announcements"]}}


def test_the_doctor_misses_no_text_and_finds_none_longer_than_it_is_meant_to_be(work):
    found = [finding for _name, finding in look_over(work) if finding.place.startswith(("message ", "kind "))]
    # The kind that the tests bring sends nothing of its own.
    found = [finding for finding in found if finding.place != "kind petitions"]
    assert [(finding.place, str(finding.text)) for finding in found] == []
