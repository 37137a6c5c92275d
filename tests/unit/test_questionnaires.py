"""Which answers a questionnaire allows."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import colander
import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.domain.questionnaires.answers import (
    AnswersInvalid,
    AnswerValue,
    AskedQuestion,
    OfferedChoice,
    asked_of,
    check_answers,
    read_answer,
)
from civicportal.util.calendar import CityCalendar
from civicportal.util.countries import get_country

KEYS = ("a", "b", "c")


@st.composite
def questionnaires(draw: st.DrawFn) -> list[AskedQuestion]:
    """Questions of all sorts, some retired, which depend on earlier ones at random."""
    found: list[AskedQuestion] = []
    for number in range(draw(st.integers(1, 6))):
        datatype = draw(st.sampled_from(["singlevaluelist", "multivaluelist", "string"]))
        lists = [one for one in found if one.is_list]
        before = draw(st.sampled_from(lists)) if lists and draw(st.booleans()) else None
        choices = [
            OfferedChoice(id=n, key=key, label=key, stop=draw(st.sampled_from(["", "", "call"])))
            for n, key in enumerate(KEYS)
        ]
        found.append(
            AskedQuestion(
                id=number + 1,
                key=f"q{number}",
                datatype=datatype,
                label="?",
                variable=datatype != "string" or draw(st.booleans()),
                required=draw(st.booleans()),
                active=draw(st.integers(0, 4)) > 0,
                after=before.key if before else "",
                after_keys=tuple(draw(st.sets(st.sampled_from(KEYS), min_size=1))) if before else (),
                choices=tuple(choices) if datatype != "string" else (),
            )
        )
    return found


def values_of(question: AskedQuestion) -> st.SearchStrategy[AnswerValue]:
    if question.datatype == "string":
        return st.sampled_from(["lamp 7", "x"])
    if question.datatype == "singlevaluelist":
        return st.sampled_from(KEYS)
    return st.lists(st.sampled_from(KEYS), min_size=1, unique=True)


def allows(questions: list[AskedQuestion], answers: dict[str, AnswerValue]) -> bool:
    """The rules once more, question by question, as a clerk at a counter would go through them."""
    counted: dict[str, AnswerValue] = {}
    left = dict(answers)
    for one in questions:
        given_before = counted.get(one.after, [])
        chosen = {given_before} if isinstance(given_before, str) else set(given_before)  # type: ignore[call-overload]
        if not one.active or (one.after and not chosen & set(one.after_keys)):
            continue
        if not one.variable:
            continue
        if one.key not in left:
            if one.required:
                return False
            continue
        value = counted[one.key] = left.pop(one.key)
        picked = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        if any(choice.stop and choice.key in picked for choice in one.choices):
            return False
    return not left


def accepted(
    questions: list[AskedQuestion], answers: dict[str, AnswerValue]
) -> dict[str, AnswerValue] | None:
    try:
        return check_answers(questions, answers)
    except AnswersInvalid as invalid:
        if not set(invalid.errors) <= {one.key for one in questions}:
            raise
        return None


@given(st.data())
def test_the_answers_taken_are_exactly_those_that_the_questions_allow(data: st.DataObject) -> None:
    questions = data.draw(questionnaires())
    answers = {
        one.key: data.draw(values_of(one)) for one in questions if data.draw(st.booleans(), label=one.key)
    }
    taken = accepted(questions, answers)
    assert (taken is not None) is allows(questions, answers)
    assert taken in (None, answers)


@given(st.data())
def test_a_question_is_never_asked_without_the_one_on_which_it_depends(data: st.DataObject) -> None:
    questions = data.draw(questionnaires())
    answers = {one.key: data.draw(values_of(one)) for one in questions}
    asked = [one.key for one in asked_of(questions, answers)]
    assert all(not one.after or one.after in asked for one in questions if one.key in asked)


def read(datatype: str, given_value: object) -> object:
    calendar = CityCalendar(
        kind="jalali",
        timezone=ZoneInfo("Asia/Tehran"),
        weekend=frozenset({4}),
        hours=(time(7, 30), time(14)),
    )
    question = AskedQuestion(
        id=1,
        key="q",
        datatype=datatype,
        label="?",
        choices=(
            OfferedChoice(id=1, key="a", label="A"),
            OfferedChoice(id=2, key="b", label="B", active=False),
        ),
    )
    return read_answer(
        question, given_value, lambda node: node.bind(country=get_country("ir"), calendar=calendar)
    )


@pytest.mark.parametrize(
    ("datatype", "text", "value"),
    [
        ("number", "۱۲٫۵", 12.5),
        ("number", 7, 7.0),
        ("string", "  تیر   ۱۲ ", "تیر ۱۲"),
        ("text", "a\r\nb", "a\nb"),
        ("datetime", "۱۴۰۵/۰۹/۱۰", date(2026, 12, 1)),
        ("datetime", "۱۴۰۵/۰۹/۱۰ ۸:۳۰", datetime(2026, 12, 1, 5, 0, tzinfo=UTC)),
        ("datetime", "2026-12-01", date(2026, 12, 1)),
        ("datetime", "2026-12-01T08:30:00+03:30", datetime(2026, 12, 1, 5, 0, tzinfo=UTC)),
        ("singlevaluelist", "a", "a"),
        ("multivaluelist", ["a", "a"], ["a"]),
        ("string", "   ", None),
        ("multivaluelist", [], None),
    ],
)
def test_texts_and_json_become_answers(datatype: str, text: object, value: object) -> None:
    assert read(datatype, text) == value


@pytest.mark.parametrize(
    ("datatype", "text"),
    [
        ("number", "twelve"),
        ("number", "1e13"),
        ("number", float("nan")),
        ("number", 10**13),
        ("number", True),
        ("string", "x" * 201),
        ("string", 5),
        ("text", "x" * 1001),
        ("datetime", "2026-02-30"),
        ("datetime", "2026-12-01T08:30:00"),
        ("datetime", "1405/13/01"),
        ("datetime", "1405/09/10 25:00"),
        ("singlevaluelist", "b"),
        ("singlevaluelist", ["a", "a"]),
        ("multivaluelist", ["a", "c"]),
        ("multivaluelist", [{"a": 1}]),
    ],
)
def test_what_the_datatype_does_not_allow_is_refused(datatype: str, text: Any) -> None:
    with pytest.raises(colander.Invalid):
        read(datatype, text)
