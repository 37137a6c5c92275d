"""Answers in XML are read as those in JSON, and an attack by XML ends before it begins."""

import json

import pytest
from civicportal_reports.open311.documents import document
from civicportal_reports.open311_client import answers
from civicportal_reports.open311_client.answers import DEEPEST, MOST_ELEMENTS, NotReadable, read
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20).map(str.strip)
TEXTS = st.none() | WORDS.filter(bool)
REQUESTS = st.lists(
    st.fixed_dictionaries({"service_request_id": st.from_regex(r"[0-9]{1,9}", fullmatch=True)}).flatmap(
        lambda one: st.fixed_dictionaries({"description": TEXTS, "status_notes": TEXTS}).map(
            lambda more: {**one, **more}
        )
    ),
    max_size=4,
)


@given(requests=REQUESTS)
def test_both_forms_say_the_same(requests):
    by_form = {form: read(form, document(form, "service_requests", requests)) for form in ("json", "xml")}
    assert by_form["xml"] == by_form["json"] == requests


def test_a_definition_and_its_values():
    definition = {
        "service_code": "bin",
        "attributes": [
            {
                "code": "full",
                "datatype": "singlevaluelist",
                "values": [{"key": "yes", "name": "بله"}, {"key": "no", "name": "خیر"}],
            },
            {"code": "note", "datatype": "text", "values": []},
        ],
    }
    assert read("xml", document("xml", "service_definition", definition)) == definition


ENTITIES = """<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<service_requests><request><service_request_id>&c;</service_request_id></request></service_requests>"""
FILE = """<!DOCTYPE a [<!ENTITY file SYSTEM "file:///etc/passwd">]>
<service_requests><request><service_request_id>&file;</service_request_id></request></service_requests>"""
FETCHED = """<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><service_requests/>"""
DEEP = f"<service_requests>{'<request>' * 100_000}{'</request>' * 100_000}</service_requests>"
BROKEN = ("", "<", "<a>", "<a></b>", "<a>&nbsp;</a>", '<?xml version="1.0" encoding="none"?><a/>', "\0<a/>")


@pytest.mark.parametrize("text", [ENTITIES, FILE, FETCHED, DEEP, *BROKEN])
def test_what_is_not_plain_xml_is_refused(text):
    with pytest.raises(NotReadable):
        read("xml", text.encode())


def test_levels_as_many_as_may_be():
    inner = f"{'<a>' * (DEEPEST - 1)}x{'</a>' * (DEEPEST - 1)}"
    assert read("xml", f"<service_requests>{inner}</service_requests>".encode())
    with pytest.raises(NotReadable):
        read("xml", f"<service_requests><a>{inner}</a></service_requests>".encode())


def test_a_small_text_does_not_become_a_large_tree():
    few = MOST_ELEMENTS // 100
    assert len(read("xml", f"<service_requests>{'<a/>' * few}</service_requests>".encode())) == few
    with pytest.raises(NotReadable):
        read("xml", f"<service_requests>{'<a/>' * MOST_ELEMENTS}</service_requests>".encode())


def test_numbers_too_long_and_nested_json_are_refused():
    for body in (b"[" * 200_000, b"nonsense", json.dumps("x").encode()[:-1]):
        with pytest.raises(NotReadable):
            read("json", body)


def test_every_form_has_a_title():
    assert set(answers.FORMS) == {"json", "xml"}
