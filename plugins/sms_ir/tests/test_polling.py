"""Polling of a provider that refuses or is down."""

import pytest
from civicportal_sms_ir.credit import poll_credit
from civicportal_sms_ir.deliveries import poll_deliveries
from civicportal_sms_ir.inbound import poll_inbound, poll_missed

POLLS = [poll_inbound, poll_missed, poll_deliveries, poll_credit]


def warnings(caplog):
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def delivered(clock, messages, provider):
    """One message waits for its delivery to be asked about."""
    messages.queue()
    messages.deliver()
    clock.advance(minutes=1)
    return len(provider.entries())


@pytest.mark.parametrize("poll", POLLS)
def test_an_hour_of_a_wrong_key_is_a_dozen_requests_and_one_complaint(
    site, clock, provider, caplog, delivered, poll
):
    provider.mode = "bad_key"
    for _ in range(120):
        poll(site)
        clock.advance(seconds=30)
    assert len(provider.entries()) - delivered == 12
    assert len(warnings(caplog)) == 1
    provider.mode = "ok"
    clock.advance(minutes=5)
    poll(site)
    assert provider.entries()[-1]["status"] == 1


@pytest.mark.parametrize("poll", [poll_inbound, poll_missed, poll_credit])
def test_a_provider_that_is_down_is_asked_each_time_and_complained_of_once(
    site, clock, provider, caplog, poll
):
    provider.mode = "500"
    for _ in range(10):
        poll(site)
        clock.advance(seconds=30)
    assert len(provider.entries()) == 10
    assert len(warnings(caplog)) == 1
