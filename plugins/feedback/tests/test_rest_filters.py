"""Filters of messages by other software."""

import pytest

from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases


@pytest.fixture
def listed(site, app, city):
    """List cases with the token of the officer and return their codes, or what is wrong."""
    headers = {"Authorization": f"Bearer {token_for(site, city.officer, 'cases:read')}"}

    def listed(query, *, status=200):
        found = app.get(f"/api/v1/cases?{query}", headers=headers, status=status).json
        if status != 200:
            return [one["parameter"] for one in found["errors"]]
        return {one["code"] for one in found["items"]}

    return listed


def test_messages_are_found_by_what_they_are_about(city, listed):
    bus, general = city.send(), city.send(unit=None, type="thanks")
    assert listed("feedback.type=thanks") == {general}
    assert listed("feedback.about=bus&kind=feedback") == {bus}
    assert listed("feedback.about=-") == {general}
    assert listed("feedback.about=pr") == set()
    assert listed("feedback.about=bus&feedback.type=thanks") == set()


def test_messages_are_found_by_the_opinion_of_a_unit(city, listed):
    asked, answered, _neither = city.send(), city.send(), city.send()
    city.ask(asked)
    city.ask(answered)
    city.opine(answered, "می‌توان نصب کرد.")
    assert listed("feedback.opinion=waiting") == {asked}
    assert listed("feedback.opinion=come&view=all") == {answered}
    city.step(answered, "answer", public_text=city.answer)
    assert listed("feedback.opinion=come") == set()


def test_a_value_that_does_not_exist_is_named(listed):
    for query in ("feedback.about=nowhere", "feedback.type=praise", "feedback.opinion=x"):
        assert listed(query, status=400) == [query.partition("=")[0]]
