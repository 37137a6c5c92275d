import io
import json
import logging

import pytest

from civicportal.core.logging import JsonFormatter, MaskingFilter, mask


@pytest.fixture
def log():
    """A logger of its own, and a function that returns the lines it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(MaskingFilter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to 09121236789.", "to 0912***6789."),
        ("+989121236789", "+98912***6789"),
        ("00989121236789", "0098912***6789"),
        ("9121236789", "912***6789"),
        ("۰۹۱۲۱۲۳۶۷۸۹", "۰۹۱۲***۶۷۸۹"),
        ("to +447911123456", "to +44***3456"),
        ("to +999712345678.", "to +99***5678."),
        ("code 123456", "code ******"),
        ("کد ۱۲۳۴۵۶ است", "کد ****** است"),
        ("id 0499370899", "id **********"),
        ("049-937089-9", "**********"),
        ("Authorization: Bearer cpt_" + "aZ9" * 15 + "x", "Authorization: Bearer cpt_***"),
        ("q=09121236789&c=123456", "q=0912***6789&c=******"),
    ],
)
def test_what_is_personal_is_masked(text, masked):
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text", ["200", "12345", "1234567", "0.123456", "2026-11-25 00:30:28", "abc", "123456789012", "v1.2.3"]
)
def test_other_numbers_stay(text):
    assert mask(text) == text


def test_arguments_and_extra_fields_are_masked(log):
    logger, lines = log
    logger.warning(
        "sent %s to %s",
        123456,
        "09121236789",
        extra={"mobile": "09121236789", "status": 200, "request_id": "ab"},
    )
    (line,) = lines()
    assert line["message"] == "sent ****** to 0912***6789"
    assert (line["mobile"], line["status"], line["request_id"]) == ("0912***6789", 200, "ab")
    assert (line["level"], line["logger"]) == ("WARNING", "test")
    assert line["ts"].endswith("+00:00")


def test_errors_are_masked_too(log):
    logger, lines = log
    try:
        raise ValueError("no user 09121236789")
    except ValueError:
        logger.exception("failed")
    (line,) = lines()
    assert "no user 0912***6789" in line["exception"]
    assert "Traceback" in line["exception"]


def test_one_record_is_one_line_whatever_is_in_it(log):
    logger, lines = log
    logger.info('a\n{"level": "forged"}\r\n\u2028%s', "\x1b[2J\ud800")
    (line,) = lines()
    assert line["level"] == "INFO"
    assert "forged" in line["message"]


def test_a_wrong_format_loses_no_line(log):
    logger, lines = log
    logger.info("%d", "09121236789")
    logger.info("100 %", 1)
    assert "0912***6789" in lines()[0]["message"]
    assert lines()[1]["message"].startswith("100 %")
