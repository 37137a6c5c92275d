"""What each answer means, as a table."""

import json

import pytest
from civicportal_sms_ir.answers import NoSuchMessage, read, retry_after
from civicportal_sms_ir.client import fitting
from civicportal_sms_ir.exchange import HttpResponse
from civicportal_sms_ir.records import readable, received_of
from civicportal_sms_ir.statuses import STATUSES, TemplateOrLineRejected

from civicportal.api.notifications import (
    GatewayMisconfigured,
    PermanentFailure,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.testing import NOON

#: The codes that sms.ir documents.
DOCUMENTED = {0, *range(10, 17), 20, *range(101, 120), 123, 124}


def answer(code, content, **headers):
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    return HttpResponse(code=code, headers=headers, content=content)


def status(number, code=400, data=None):
    return answer(code, {"status": number, "message": "متن", "data": data})


def test_every_documented_status_has_a_meaning():
    assert set(STATUSES) == DOCUMENTED


@pytest.mark.parametrize("number", sorted(DOCUMENTED))
@pytest.mark.parametrize("code", [200, 400, 401, 500])
def test_the_status_decides_whatever_the_code(number, code):
    kind, words = STATUSES[number]
    with pytest.raises(kind, match=words):
        read(status(number, code), NOON)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (10, GatewayMisconfigured),
        (102, GatewayMisconfigured),
        (113, TemplateOrLineRejected),
        (104, PermanentFailure),
        (20, TransientFailure),
        (0, UncertainDelivery),
    ],
)
def test_some_meanings(number, kind):
    assert STATUSES[number][0] is kind


def test_success_needs_both():
    assert read(status(1, 200, {"messageId": 7}), NOON) == {"messageId": 7}
    with pytest.raises(UncertainDelivery):
        read(status(1, 500), NOON)


def test_an_unknown_status_is_tried_again():
    with pytest.raises(TransientFailure, match="status 121"):
        read(status(121), NOON)


def test_an_unknown_message_is_told_apart():
    with pytest.raises(NoSuchMessage):
        read(status(111), NOON)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\xff\xfe", b'{"status": 1, "da', b"[]", b"null", b"7", b"{}"]
)
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (200, UncertainDelivery),
        (302, GatewayMisconfigured),
        (400, PermanentFailure),
        (401, GatewayMisconfigured),
        (403, GatewayMisconfigured),
        (404, GatewayMisconfigured),
        (413, PermanentFailure),
        (429, TransientFailure),
        (500, UncertainDelivery),
        (502, UncertainDelivery),
        (504, UncertainDelivery),
    ],
)
def test_what_is_no_answer_of_the_provider_is_judged_by_its_code(content, code, kind):
    with pytest.raises(kind, match=str(code)):
        read(answer(code, content), NOON)


@pytest.mark.parametrize("number", ["1", 1.5, None, [1]])
def test_a_status_that_is_no_number_is_none(number):
    with pytest.raises(UncertainDelivery):
        read(answer(200, {"status": number, "message": "", "data": {"messageId": 7}}), NOON)


def test_a_moment_beyond_the_systems_clock_takes_no_other_message_with_it():
    good = {"mobile": 9123456789, "messageText": "سلام", "receivedDateTime": 1764410000}
    received = readable(received_of, [{**good, "receivedDateTime": 2**62}, good])
    assert [message.text for message in received] == ["سلام"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "90"}, 90),
        ({"Retry-After": "Sat, 30 May 2026 08:31:00 GMT"}, 60),
        ({"Retry-After": "Sat, 30 May 2026 08:00:00 GMT"}, 0),
        ({"X-Rate-Limit-Reset": "2026-05-30T08:40:00Z"}, 600),
        ({"X-Rate-Limit-Reset": "2026-05-30T08:40:00.0000000Z"}, 600),
        ({"X-Rate-Limit-Reset": "2026-05-30T08:40:00"}, None),
        ({"X-Rate-Limit-Reset": "soon"}, None),
        ({"Retry-After": "۹۰"}, None),
        ({"Retry-After": "Wed, 21 Oct 99999999999 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back(headers, seconds):
    assert retry_after(headers, NOON) == seconds


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("4059031274", "4059031274"),
        ("خط یک\nخط دو", "خط یک خط دو"),
        ("", "-"),
        (" \n ", "-"),
        ("ن" * 30, "ن" * 25),
        ("😀" * 13, "😀" * 12),
        ("ن" * 24 + " و", "ن" * 24),
    ],
)
def test_a_parameter_is_one_line_of_25_units(value, sent):
    assert fitting(value) == sent
