"""The list of requests as a file: their times, and numbers of people only by right."""

import pytest

from civicportal.testing import export_rows, identity, make_staff

RIGHTS = ["meetings:case:view", "meetings:case:export"]


@pytest.fixture
def taker(office):
    """Return a function that creates an officer with further rights."""

    def taker(*verbs):
        rights = [*RIGHTS, *(f"meetings:case:{verb}" for verb in verbs)]
        with office.site.work() as work:
            return identity(work, make_staff(work, "_".join(("taker", *verbs)), permissions=rights))

    return taker


def rows(office, taker, columns=(), **filters):
    return list(export_rows(office.site, taker, "meetings.list", filters, columns))


def test_holds_the_requests_that_wait_or_those_of_a_status(office, taker):
    waiting, scheduled = office.ask(), office.ask(by=office.citizens[1])
    office.schedule(scheduled)
    found = rows(office, taker(), ["code", "appointment"])
    assert found == [{"code": waiting, "appointment": None}]
    [row] = rows(office, taker("work"), ["code", "appointment"], status="scheduled")
    assert row == {"code": scheduled, "appointment": office.moment()}
    assert len(rows(office, taker("refer"), status="all")) == 2


def test_the_file_says_that_it_holds_only_what_waits(office, taker):
    export = office.site.exports["meetings.list"]
    said = [(str(label), str(words)) for label, words in export.unsaid({"status": None, "citizen": None})]
    assert said == [("Status", "Waiting for a time")]
    assert list(export.unsaid({"status": "all"})) == []
    assert list(export.unsaid({"citizen": 7})) == []


def test_who_waits_longest_comes_first_as_on_the_page(office, taker, clock):
    codes = []
    for citizen in office.citizens[:2]:
        codes.append(office.ask(by=citizen))
        clock.advance(minutes=5)
    assert [row["code"] for row in rows(office, taker(), ["code"])] == codes
    found = rows(office, taker("work"), ["code"], status="all", sort="oldest")
    assert [row["code"] for row in found] == codes[::-1]


@pytest.mark.parametrize(
    ("verbs", "wanted"),
    [
        ((), {"name": None, "national_code": None}),
        (("contact",), {"name": "مریم رضایی", "national_code": None}),
        (("identity",), {"name": None, "national_code": "049*****99"}),
    ],
)
def test_people_stand_in_it_only_by_right_and_masked(office, taker, verbs, wanted):
    office.ask()
    [row] = rows(office, taker(*verbs), ["name", "national_code"])
    assert {name: value and value.strip("\u2066\u2069") for name, value in row.items()} == wanted
