"""Questions and answers as values: which answers a questionnaire allows, without a database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import colander
from translationstring import TranslationString

from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.web.schema import Choice, CleanText, FiniteFloat, ListOf, Node, Option
from civicportal.web.schema.codes import CityMoment

MOST_QUESTIONS = 20
"""Questions of one category that are asked."""
MOST_CHOICES = 30
"""Choices of one question that are offered."""
LONGEST_STRING = 200
LONGEST_TEXT = 1000
LARGEST_NUMBER = 1e12

DATATYPES = {
    "singlevaluelist": _("One choice"),
    "multivaluelist": _("Several choices"),
    "string": _("A line of text"),
    "text": _("A longer text"),
    "number": _("A number"),
    "datetime": _("A date, with or without a time"),
}
"""The datatypes of Open311, with their titles."""
LISTS = ("singlevaluelist", "multivaluelist")

#: An answer by its datatype: a text, a number, a day or an aware time, the key of a choice, keys of choices.
AnswerValue = str | float | date | datetime | Sequence[str]

TOO_MANY_CHOICES = _("A question offers at most ${count} choices.", mapping={"count": MOST_CHOICES})
SAME_TEXT = _("Two choices have the same text.")
NOT_ASKED = _("This question is not asked here.")
NOT_NUMBER = _("A number is expected here.")
NOT_TEXT = _("A text is expected here.")
NOT_LIST = _("A list of keys of choices is expected here.")
NOT_TIME = _("A day or a time like 2026-03-21 or 2026-03-21T08:30:00+03:30 is expected here.")
CHANGED = _("The answers do not fit the questions of this category: please check them, and send it again.")


@dataclass(frozen=True, kw_only=True)
class OfferedChoice:
    """A choice of a question.

    :ivar stop: the message for a citizen who chooses it, and whose report is then not taken; empty for an ordinary one.
    """

    id: int
    key: str
    label: str
    stop: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class AskedQuestion:
    """A question of a category, in one language.

    :ivar variable: False for a text that is shown without an answer.
    :ivar public: the answer may be shown to everybody once the case is published.
    :ivar after: key of the earlier question on which it depends; empty for none.
    :ivar after_keys: it is asked if that question has one of these choices.
    :ivar choices: all, retired ones included; see :attr:`offered`.
    """

    id: int
    key: str
    datatype: str
    label: str
    hint: str = ""
    variable: bool = True
    required: bool = False
    public: bool = False
    active: bool = True
    after: str = ""
    after_keys: tuple[str, ...] = ()
    choices: tuple[OfferedChoice, ...] = field(default=())

    @property
    def offered(self) -> tuple[OfferedChoice, ...]:
        """Return the choices that are offered."""
        return tuple(choice for choice in self.choices if choice.active)

    @property
    def is_list(self) -> bool:
        """Return whether it has choices."""
        return self.datatype in LISTS

    @property
    def name(self) -> str:
        """Return the name of its field in forms."""
        return f"q{self.id}"

    def node(self) -> colander.SchemaNode:
        """Return the field that reads its answer; :func:`check_answers` decides whether one is required."""
        options = [Option(value=choice.key, label=choice.label) for choice in self.offered]
        types: dict[str, colander.SchemaType] = {
            "string": CleanText(0, LONGEST_STRING),
            "text": CleanText(0, LONGEST_TEXT, multiline=True),
            "number": FiniteFloat(-LARGEST_NUMBER, LARGEST_NUMBER),
            "datetime": CityMoment(),
            "singlevaluelist": Choice(options),
            "multivaluelist": ListOf(Choice(options), max=MOST_CHOICES),
        }
        return Node(
            types[self.datatype],
            name=self.name,
            title=self.label,
            description=self.hint,
            missing=None,
            marked_required=self.required,
        )

    def is_asked(self, answers: Mapping[str, AnswerValue]) -> bool:
        """Return whether it is asked after the answers to earlier questions, by their keys."""
        given = answers.get(self.after)
        return not self.after or any(key in self.after_keys for key in chosen_keys(given))


class AnswersInvalid(Refused):
    """Answers that a questionnaire does not allow.

    :ivar errors: reason by the key of the question.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(CHANGED)
        self.errors = errors

    @property
    def pointers(self) -> dict[str, str]:
        """Return the reasons by their places in the body of a call."""
        escaped = {key: key.replace("~", "~0").replace("/", "~1")[:100] for key in self.errors}
        return {f"#/answers/{escaped[key]}": reason for key, reason in self.errors.items()}


def chosen_keys(value: AnswerValue | None) -> tuple[str, ...]:
    """Return the keys of the choices of an answer to a list."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def read_answer(
    question: AskedQuestion, given: object, bind: Callable[[colander.SchemaNode], colander.SchemaNode]
) -> AnswerValue | None:
    """Return the answer in a text or JSON value, or a list of them; None for nothing.

    :param bind: binds the field to country and calendar of the site.
    :raises colander.Invalid: for a value that the datatype does not allow.
    """
    value: AnswerValue | None = bind(question.node()).deserialize(colander.null if given is None else given)
    return value


def wrong_json(question: AskedQuestion, value: object) -> str:
    """Return why a JSON value has not the type of the datatype; empty if it has."""
    if value is None:
        return ""
    if question.datatype == "number":
        return "" if type(value) in (int, float) else NOT_NUMBER
    if question.datatype == "multivaluelist":
        return "" if isinstance(value, list) and all(isinstance(one, str) for one in value) else NOT_LIST
    if not isinstance(value, str):
        return NOT_TEXT
    return "" if question.datatype != "datetime" or CityMoment.ISO.fullmatch(value) else NOT_TIME


def asked_of(questions: Sequence[AskedQuestion], answers: Mapping[str, AnswerValue]) -> list[AskedQuestion]:
    """Return the questions that are asked with these answers, in order.

    An answer to a question that is not asked does not count for the later ones.
    """
    found, counted = list[AskedQuestion](), dict[str, AnswerValue]()
    for question in questions:
        if question.active and question.is_asked(counted):
            found.append(question)
            if question.variable and question.key in answers:
                counted[question.key] = answers[question.key]
    return found


def check_answers(
    questions: Sequence[AskedQuestion], answers: Mapping[str, AnswerValue]
) -> dict[str, AnswerValue]:
    """Return the answers in the order of their questions.

    :param questions: of the category.
    :param answers: values of the right types by the keys of their questions.
    :raises AnswersInvalid: for an answer to a question that is not asked, a missing answer to a required one, and a
        choice with which a report is not taken.
    """
    asked = {question.key: question for question in asked_of(questions, answers) if question.variable}
    errors: dict[str, str] = {key: NOT_ASKED for key in answers if key not in asked}
    for key, question in asked.items():
        if question.required and key not in answers:
            errors[key] = _missing(question)
        elif stop := stop_of(question, answers.get(key)):
            errors[key] = stop
    if errors:
        raise AnswersInvalid(errors)
    return {key: answers[key] for key in asked if key in answers}


def stop_of(question: AskedQuestion, value: AnswerValue | None) -> str:
    """Return the message of a choice with which a report is not taken; empty if there is none."""
    if not question.is_list:
        return ""
    keys = chosen_keys(value)
    return next((choice.stop for choice in question.offered if choice.stop and choice.key in keys), "")


def _missing(question: AskedQuestion) -> TranslationString:
    text: TranslationString = question.node().missing_msg
    return text
