"""Provider faults lose and duplicate no message."""

import pytest

from civicportal.api.cases import CaseService
from civicportal.api.notifications import SendingGateService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    mark_alive,
)

BULK = "send/bulk"
CASES = 3
STEPS = ("accept", "finish")


@pytest.fixture
def stories(site, messages):
    """Return a function that lets some cases go their way, and what their citizens should be told, in order."""

    def stories():
        with site.work() as work:
            unit = make_unit(work)
            category = make_category(work, unit=unit)
            officer = identity(work, make_staff(work, unit=unit))
            citizens = [make_citizen(work, f"+9890000006{number:02}") for number in range(CASES)]
            codes = [make_case(work, citizen=one, category=category).code for one in citizens]
        for step in STEPS:
            for code in codes:
                with site.work(actor=officer) as work:
                    work.get(CaseService).apply(work.get(CaseService).fetch(code), step)
        return {
            f"0{citizen.mobile[3:]}": [row.text for row in messages.rows() if row.recipient == citizen.mobile]
            for citizen in citizens
        }

    return stories


def pass_time(site, clock, messages, minutes, step=1):
    """Let minutes pass with a worker that looks each time so many are gone."""
    for _ in range(0, minutes, step):
        mark_alive(site)
        messages.deliver()
        clock.advance(minutes=step)


def arrived(provider, wanted):
    return {
        mobile: [sms.text.split("\n")[0] for sms in provider.sent if sms.mobile == mobile]
        for mobile in wanted
    }


def first_lines(told):
    return {mobile: [text.split("\n")[0] for text in texts] for mobile, texts in told.items()}


@pytest.fixture
def civic_settings(sms_settings):
    """Everything goes over the line: the words need no panel."""
    return sms_settings(templates={})


@pytest.mark.parametrize("trouble", ["refuse", "500", "lost", "429", "bad_key"])
def test_an_hour_of_trouble(site, clock, messages, provider, stories, caplog, trouble):
    if trouble == "refuse":
        provider.refuse()
    else:
        provider.mode = trouble
    told = stories()
    pass_time(site, clock, messages, 60)
    asked = len(provider.entries(BULK))
    if trouble == "refuse":
        provider.listen()
    else:
        provider.mode = "ok"
    pass_time(site, clock, messages, 150, step=15)
    assert {row.state for row in messages.rows()} == {"sent"}
    assert arrived(provider, told) == first_lines(told)
    alerts = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len(alerts) == 1, alerts
    # While the gate is closed one message a minute tries whether it is open again.
    assert asked <= 5 + 61


def test_a_mended_key_needs_no_waiting(site, clock, messages, provider, stories):
    provider.mode = "bad_key"
    told = stories()
    pass_time(site, clock, messages, 2)
    provider.mode = "ok"
    with site.work() as work:
        work.get(SendingGateService).open_again()
    clock.advance(seconds=30)
    messages.deliver()
    assert arrived(provider, told) == first_lines(told)


@pytest.mark.usefixtures("impatient")
def test_a_provider_that_hangs_holds_up_no_one_else(site, clock, messages, provider):
    provider.script.append("hang")
    messages.queue(recipient="+989000000001")
    messages.queue(recipient="+989000000002")
    messages.deliver()
    assert messages.states() == ["unknown", "sent"]
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent", "sent"]
    assert [sms.mobile for sms in provider.sent] == ["09000000002", "09000000001"]
