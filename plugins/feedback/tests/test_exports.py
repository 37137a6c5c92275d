"""Export of messages: its content, and that it does not identify anonymous senders."""

import pytest

from civicportal.testing import export_rows, identity, make_staff

RIGHTS = [f"feedback:case:{verb}" for verb in ("view", "contact", "identity", "export")]


@pytest.fixture
def taker(city):
    with city.site.work() as work:
        return identity(work, make_staff(work, "taker", permissions=RIGHTS))


def rows(city, taker, columns=(), **filters):
    return list(export_rows(city.site, taker, "feedback.list", filters, columns))


def test_holds_the_words_and_what_they_are_about(city, taker):
    city.send(unit="bus")
    [row] = rows(city, taker)
    assert (row["body"], row["anonymous"], row["consent"]) == (city.body, False, False)
    assert row["about"] == "سازمان اتوبوسرانی"
    assert str(row["type"]) == "Suggestion"


def test_holds_what_the_filters_leave(city, taker):
    city.send(type="complaint")
    city.send(type="suggestion", by=city.other)
    assert len(rows(city, taker)) == 2
    assert len(rows(city, taker, type="complaint")) == 1
    assert rows(city, taker, stage="done") == []


def test_anonymous_messages_are_exported_without_a_person(city, taker):
    city.send_anonymously()
    [row] = rows(city, taker, ["citizen", "mobile", "anonymous"])
    assert row == {"citizen": "", "mobile": None, "anonymous": True}


def test_the_export_needs_its_right(city):
    city.send()
    assert rows(city, city.officer) == []


def test_figures_are_those_of_the_page(city, taker):
    city.send(type="complaint")
    city.send(type="suggestion", by=city.other)
    figures = city.site.exports["feedback.figures"]
    with city.site.work(actor=taker, write=False) as work:
        schema = figures.schema().bind(
            country=city.site.country, calendar=city.site.calendar, **figures.bindings(work)
        )
        values = {node.name: node.missing for node in schema.children}
        tables = figures.tables(work, values)
    by_title = {str(table.title): table for table in tables}
    name, number, _before = by_title["Key figures"].rows[0]
    assert (str(name), number) == ("Registered", 2)
    by_type = by_title["By kind of message"]
    assert sorted((str(row[0]), row[1]) for row in by_type.rows) == [("Complaint", 1), ("Suggestion", 1)]
