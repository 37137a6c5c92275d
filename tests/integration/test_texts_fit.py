"""Messages of the services fit, also in a city with a long name, and changes without a message are intended."""

import pytest

from civicportal.core.checks import collect_findings
from civicportal.domain.notifications.texts import TextService

#: A name of twelve letters and its joints, a telephone number with its area, a host as municipalities have them.
CITIES = {
    "fa": {"short_name": "علی‌آباد کتول", "public_url": "https://my.aliabad.ir", "phone": "01734221010"},
    "en": {
        "short_name": "Wolverhampton",
        "public_url": "https://my.wolverhampton.gov.uk",
        "phone": "01902551155",
    },
}


@pytest.fixture(params=CITIES)
def civic_settings(request):
    city = CITIES[request.param]
    return {
        "site": {
            "plugins": ["reports", "meetings", "feedback", "announcements", "parking_permits"],
            "locale": request.param,
            "short_name": city["short_name"],
            "public_url": city["public_url"],
        },
        "contact": {"phone": city["phone"]},
    }


def test_the_doctor_misses_no_text_and_finds_none_longer_than_it_is_meant_to_be(work):
    found = [
        finding for _name, finding in collect_findings(work) if finding.place.startswith(("message", "kind "))
    ]
    # The kind that the tests bring sends nothing of its own.
    found = [finding for finding in found if finding.place != "kind petitions"]
    assert [(finding.place, str(finding.text), finding.text.mapping) for finding in found] == []


def test_every_text_has_what_an_own_wording_must_have(work):
    texts = work.get(TextService)
    words = {key: texts.default(text) for key, text in work.site.messages.items()}
    flaws = [key for key, text in words.items() if texts.flaw(key, text)]
    assert flaws == []
    # What stands alone in these texts is not told by another message.
    asked = {key: texts.missing_parts(key, "") for key in words}
    assert {key for key, parts in asked.items() if "{TRACK}" in parts} == {
        "reports.registered",
        "meetings.registered",
        "feedback.registered",
        "parking_permits.applied",
        "petitions.registered",
    }
    assert {key for key, parts in asked.items() if "{CODE}" in parts} == {
        key for key in words if key.startswith("otp.")
    }
    assert asked["contractor.link"] == ["https://{HOST}/job/{LINK}"]
