"""Schemas of the entries of ``data/*.toml``."""

import re

import colander
from sqlalchemy import String
from sqlalchemy.orm import InstrumentedAttribute

from civicportal.domain.accounts.models import Role
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.schemas import LONGEST_AGE, LONGEST_TEXT, MANY_WORDS, UNITS
from civicportal.domain.automation.triggers import TRIGGERS
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Category, Holiday, Unit
from civicportal.domain.questionnaires.answers import DATATYPES, MOST_CHOICES
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.domain.questionnaires.schemas import INFO, QuestionRules
from civicportal.portal.admin.icons import TINTS
from civicportal.portal.admin.schemas import LONGEST_DEADLINE, fits_sms
from civicportal.portal.help.models import HelpQuestion
from civicportal.util.toml_types import FreeTable, Table, boolean, number, string, strings
from civicportal.util.values import Values

_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_DAYS = colander.Range(0.1, LONGEST_DEADLINE)
_LONGEST_ANSWER = 4000


def _is_key(node: colander.SchemaNode, value: str) -> None:
    if not _KEY.fullmatch(value):
        raise colander.Invalid(node, "must be Latin letters, digits, underscores and dashes, 40 at most")


def _is_code(node: colander.SchemaNode, value: str) -> None:
    if not _CODE.fullmatch(value):
        raise colander.Invalid(
            node, "must be small Latin letters, digits and underscores, and begin with a letter"
        )


def _text(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    default: object = colander.required,
) -> colander.SchemaNode:
    """Return a node for a text that fits into its column; without a default it may not be empty."""
    kind = column.type
    longest = kind.length if isinstance(kind, String) else None
    is_required = default is colander.required
    return string(default, validator=colander.Length(1 if is_required else None, longest))


def _short_name() -> colander.SchemaNode:
    return string("", validator=fits_sms)


class TextsOfLanguages(FreeTable):
    """Texts in further languages: ``translations.en.name = "Waste"``."""

    def validator(self, node: colander.SchemaNode, languages: Values) -> None:
        """Refuse what is no table of texts; whether a language is known depends on the site."""
        for locale, texts in languages.items():
            if not isinstance(texts, dict):
                raise colander.Invalid(node, f"{locale} must be a table, not {type(texts).__name__}")
            for name, text in texts.items():
                if not isinstance(text, str if name != "synonyms" else list):
                    raise colander.Invalid(
                        node, f"{locale}.{name} cannot be a value of the type {type(text).__name__}"
                    )


def _translations() -> TextsOfLanguages:
    return TextsOfLanguages(missing={})


class UnitSeed(Table):
    """``data/units.toml``, ``[[units]]``: a unit of the municipality; a unit follows the one it belongs to.

    :ivar key: by which the other files and ``site.fallback_unit`` name it; it does not change.
    :ivar name: as staff and citizens read it.
    :ivar short: for text messages, at most 25 letters; the beginning of the name where it is missing.
    :ivar parent: key of the unit it belongs to.
    :ivar phone: which citizens read on the page of their case.
    :ivar translations: ``translations.en = { name = "…", short = "…" }``.
    """

    key = string(validator=_is_key)
    name = _text(Unit.name)
    short = _short_name()
    parent = string(None)
    phone = _text(Unit.phone, "")
    translations = _translations()


class CategorySeed(Table):
    """``data/categories.toml``, ``[[categories]]`` and ``[[categories.children]]``: a subject of cases, on two levels.

    :ivar key: by which the other files name it; it does not change.
    :ivar kind: the kind of case, such as "reports"; a ``kind`` at the top of the file counts for all of them.
    :ivar parent: key of its root; a child of a category has that one.
    :ivar name: as citizens choose it.
    :ivar short: for text messages, at most 25 letters; the beginning of the name where it is missing.
    :ivar unit: key of the responsible unit; the fallback unit where it is missing and no routing rule applies.
    :ivar days: office days within which a case should be closed; none where it is missing.
    :ivar icon: one of the [icons](icons.md); subcategories share that of their root.
    :ivar tint: colour of the icon: grey, green, turquoise, saffron, blue, violet or red.
    :ivar hint: a sentence that helps citizens to choose.
    :ivar synonyms: words by which people search for it.
    :ivar public: whether the box for publication is ticked at first; the officer decides in each case.
    :ivar translations: ``translations.en = { name = "…", short = "…", hint = "…", synonyms = ["…"] }``.
    """

    key = string(validator=_is_key)
    kind = _text(Category.kind)
    parent = string(None)
    name = _text(Category.name)
    short = _short_name()
    unit = string(None)
    days = number(None, validator=_DAYS)
    icon = _text(Category.icon, "dots")
    tint = string("", validator=colander.OneOf(tuple(TINTS)))
    hint = _text(Category.hint, "")
    synonyms = strings(())
    public = boolean(False)
    translations = _translations()


class ChoiceSeed(Table):
    """``[[questions.choices]]`` of ``data/category_questions.toml``: a choice of a question.

    :ivar key: by which conditions, rules and other software know it; it does not change.
    :ivar label: as citizens choose it.
    :ivar stop: a report with this choice is not taken; the message says what to do instead, for instance whom to call.
    :ivar translations: ``translations.en = { label = "…", stop = "…" }``.
    """

    key = string(validator=_is_code)
    label = _text(QuestionChoice.label)
    stop = _text(QuestionChoice.stop, "")
    translations = _translations()


class QuestionSeed(QuestionRules, Table):
    """``data/category_questions.toml``, ``[[questions]]``: a question about new cases of a category.

    :ivar kind: the kind of case of the category; a ``kind`` at the top of the file counts for all of them.
    :ivar category: key of the category.
    :ivar key: by which rules and other software know it; it does not change.
    :ivar label: the question, or a text to read.
    :ivar hint: help for the answer.
    :ivar datatype: the sort of answer, as Open311 names them; where it is missing, only the text is shown.
    :ivar required: whether a report needs an answer.
    :ivar public: whether everybody may read the answer once the case is published; only with choices.
    :ivar after: key of an earlier question with choices, on which it depends.
    :ivar after_choices: keys of the choices of that question after which it is asked.
    :ivar choices: of the datatypes ``singlevaluelist`` and ``multivaluelist``.
    :ivar translations: ``translations.en = { label = "…", hint = "…" }``.
    """

    required_field = "required"

    kind = _text(Category.kind)
    category = string()
    key = string(validator=_is_code)
    label = _text(CategoryQuestion.label)
    hint = _text(CategoryQuestion.hint, "")
    datatype = string(None, validator=colander.OneOf(tuple(DATATYPES)))
    must_answer = boolean(False, name="required")
    public = boolean(False)
    after = string(None)
    after_choices = strings(())
    choices = colander.SchemaNode(
        colander.Sequence(), ChoiceSeed(), missing=(), validator=colander.Length(max=MOST_CHOICES)
    )
    translations = _translations()

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse what does not fit the sort of answer, and half a condition."""
        super().validator(node, {**values, "datatype": values["datatype"] or INFO})
        if bool(values["after"]) != bool(values["after_choices"]):
            raise colander.Invalid(node["after_choices"], "after and after_choices belong together")


class RoleSeed(Table):
    """``data/roles.toml``, ``[roles.KEY]``: a set of rights.

    :ivar title: as administrators read it.
    :ivar permissions: [names](permissions.md); a star at the end stands for all that begin like that, such as
        ``reports:*``, when it is loaded.
    :ivar translations: ``translations.en = { title = "…" }``.
    """

    title = _text(Role.title)
    permissions = strings()
    translations = _translations()


class AnswerSeed(Table):
    """``answer = { category = "…", question = "…", choice = "…" }`` of rules: an answer that the case must have.

    :ivar category: key of the category that asks.
    :ivar question: key of the question.
    :ivar choice: key of the choice.
    """

    category = string()
    question = string()
    choice = string()


class RoutingSeed(FreeTable):
    """``data/routing.toml``, ``[[routing]]``: a rule that decides the unit of a new case; the first that applies.

    Any other key is a fact of the case that must be equal, such as ``district = "…"``.

    :ivar key: by which ``site apply`` names it.
    :ivar title: what the rule says, for administrators.
    :ivar kind: the kind of case; every one where it is missing.
    :ivar category: key of the category; a root includes its subcategories.
    :ivar answer: an answer that the case must have.
    :ivar unit: key of the unit that gets the case.
    :ivar deadline_days: office days until the deadline; those of the category where it is missing.
    """

    key = string(validator=_is_key)
    title = _text(RoutingRule.title, "")
    kind = string(None)
    category = string(None)
    answer = AnswerSeed(missing=None)
    unit = string()
    deadline_days = number(None, validator=_DAYS)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse facts that are no texts."""
        known = {child.name for child in node.children}
        for name, value in values.items():
            if name not in known and not isinstance(value, str):
                raise colander.Invalid(node, f"{name}: the fact of a case is a string")


class AutomationSeed(Table):
    """``data/automations.toml``, ``[automations.KEY]``: what the portal does with cases by itself: when, if, then.

    :ivar title: as it stands in the history of the cases.
    :ivar active: whether it is switched on; a new one is where it is missing.
    :ivar trigger: when it runs.
    :ivar age: for "age", "status_age" and "overdue": after how long, in office time.
    :ivar age_unit: of the age.
    :ivar backlog: whether cases count that have the age already.
    :ivar kind: if the case is of this kind.
    :ivar status: if it has this status; it needs the ``kind``.
    :ivar category: if it is of this category, by its key; a root includes its subcategories.
    :ivar answer: if it has this answer.
    :ivar unit: if it is in this unit or one below it, by its key.
    :ivar source: if it came this way.
    :ivar urgent: if it is urgent, or is not.
    :ivar facts: if these facts of the case are equal: ``facts = { district = "…" }``.
    :ivar words: if one of these occurs in it, with commas or line breaks between them.
    :ivar set_urgent: then it is marked as urgent, or the mark is taken away.
    :ivar to_unit: then it is referred to this unit, by its key.
    :ivar note: then staff read this.
    :ivar message: then the citizen reads this, with the [placeholders](../use/automations.md) of ready texts.
    :ivar question: then the citizen is asked this, and the case waits for the answer.
    :ivar tells: then the webhooks that have ordered the event are told.
    """

    title = string(validator=colander.Length(2, 100))
    active = boolean(None)
    trigger = string(validator=colander.OneOf(tuple(TRIGGERS)))
    age = number(None, validator=colander.Range(0, LONGEST_AGE))
    age_unit = string("days", validator=colander.OneOf(tuple(unit.value for unit in UNITS)))
    backlog = boolean(False)
    kind = string(None)
    status = _text(Automation.status, None)
    category = string(None)
    answer = AnswerSeed(missing=None)
    unit = string(None)
    source = string(None, validator=colander.OneOf(tuple(SOURCES)))
    urgent = boolean(None)
    facts = FreeTable(missing={})
    words = string("", validator=colander.Length(max=MANY_WORDS))
    set_urgent = boolean(None)
    to_unit = string(None)
    note = string("", validator=colander.Length(max=LONGEST_TEXT))
    message = string("", validator=colander.Length(max=LONGEST_TEXT))
    question = string("", validator=colander.Length(max=LONGEST_TEXT))
    tells = boolean(False)


class WordingSeed(Table):
    """``data/messages.toml``, ``[messages]``: own wordings, each after the name of a [message](messages.md).

    :ivar text: with placeholders of that message, and in any case with its code or link.
    """

    text = string(validator=colander.Length(1))


class HelpSeed(Table):
    """``data/questions.toml``, ``[questions.KEY]``: a frequent question on ``/help``.

    :ivar question: as a citizen would ask it.
    :ivar answer: of the city; an empty line begins a paragraph.
    :ivar language: in which it is written; that of the site where it is missing.
    :ivar active: whether citizens see it.
    """

    question = _text(HelpQuestion.question)
    answer = string(validator=colander.Length(1, _LONGEST_ANSWER))
    language = string(None)
    active = boolean(True)


class HolidaySeed(Table):
    """``data/calendar.toml``, ``[[holidays]]``: a day off.

    :ivar date: in the calendar of the site, year first: "1405-01-01".
    :ivar title: of the day.
    :ivar estimated: a remark for those who keep the file: the day depends on the moon.
    :ivar translations: ``translations.en = { title = "…" }``.
    """

    date = string()
    title = _text(Holiday.name, "")
    estimated = boolean(False)
    translations = _translations()
