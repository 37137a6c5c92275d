"""Forms of the pages of automations."""

import colander

from civicportal.domain.automation.services import STATES
from civicportal.domain.automation.triggers import AGES, TRIGGERS
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.kartable.choices import refuse_other_answer
from civicportal.domain.kartable.schemas import refuse_wrong_fields
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import TextAreaWidget, optional_choice
from civicportal.web.schema import Choice, CleanText, FiniteFloat, Flag, Node, Option, StrictSchema

YES, NO = "yes", "no"
LONGEST_AGE = 365
MANY_WORDS = 500
LONGEST_TEXT = 1500
UNITS = (Option(value="days", label=_("Office days")), Option(value="hours", label=_("Office hours")))
ACTIONS = ("set_urgent", "to_unit", "note", "message", "question", "tells")
"""Fields of which at least one has to be filled in."""


def _texts(rows: int = 3) -> TextAreaWidget:
    return TextAreaWidget(rows=rows)


class AutomationForm(StrictSchema):
    """An automation.

    A field ``fact_<name>`` is added for each fact of the site's services.
    """

    title = Node(CleanText(2, 100), title=_("Name"), description=_("It stands in the history of the cases."))
    trigger = Node(
        Choice(
            [Option(value=name, label=title) for name, title in TRIGGERS.items()],
        ),
        title=_("Event or age"),
    )
    age = Node(
        FiniteFloat(0, LONGEST_AGE),
        title=_("How long"),
        description=_("For an age. Only the office hours count, as in deadlines."),
        missing=None,
    )
    age_unit = Node(Choice(UNITS), title=_("Unit of time"), missing="days")
    backlog = Node(
        Flag(),
        title=_("Also cases that have reached the age already"),
        missing=False,
    )
    kind = optional_choice("kinds", _("Service"), _("All services"))
    status = optional_choice("statuses", _("Status"), _("Every status"))
    category = optional_choice("categories", _("Category"), _("All categories"))
    choice = optional_choice("choices", _("Answer to a question"), _("Does not matter"))
    unit = optional_choice("units", _("In the unit or those below it"), _("All units"))
    source = optional_choice(
        [Option(value=name, label=title) for name, title in SOURCES.items()],
        _("How it came"),
        _("Every way"),
    )
    urgent = optional_choice(
        [Option(value=YES, label=_("Urgent")), Option(value=NO, label=_("Not urgent"))],
        _("Urgency"),
        _("Does not matter"),
    )
    words = Node(
        CleanText(0, MANY_WORDS, multiline=True),
        title=_("Words"),
        description=_("One of them occurs in the case. Separate them by commas or lines."),
        missing="",
        widget=TextAreaWidget(rows=2, counter=False),
    )
    set_urgent = optional_choice(
        [Option(value=YES, label=_("Mark as urgent")), Option(value=NO, label=_("Take the mark away"))],
        _("Mark of urgency"),
        _("Leave it as it is"),
    )
    to_unit = optional_choice("units", _("Refer to the unit"), _("Do not refer"))
    to_user = optional_choice("people", _("Person of this unit"), _("The whole unit"))
    note = Node(
        CleanText(0, LONGEST_TEXT, multiline=True),
        title=_("Internal note"),
        description=_("Only staff read it; with a referral it is its note."),
        missing="",
        widget=_texts(2),
    )
    message = Node(
        CleanText(5, LONGEST_TEXT, multiline=True),
        title=_("Message to the citizen"),
        description=_("The citizen reads it on the page of the case and is told of it by SMS."),
        validator=refuse_wrong_fields,
        missing="",
        widget=_texts(),
    )
    question = Node(
        CleanText(5, LONGEST_TEXT, multiline=True),
        title=_("Question to the citizen"),
        description=_("The case waits for the answer, and its deadline with it."),
        validator=refuse_wrong_fields,
        missing="",
        widget=_texts(),
    )
    tells = Node(Flag(), title=_("Tell the webhooks that have ordered this event"), missing=False)
    active = Node(Flag(), title=_("The automation is switched on"), missing=False, switch=True)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse what does not fit together, each at its field."""
        error = colander.Invalid(node)
        trigger, kind = values["trigger"], values["kind"]
        if trigger in AGES and (values["age"] is None or (values["age"] == 0 and trigger != "overdue")):
            error["age"] = _("Please write how long.")
        if values["status"]:
            of_kind = values["status"].partition(":")[0]
            if kind and of_kind != kind:
                error["status"] = _("This status is one of another service.")
            kind = kind or of_kind
        if kind and values["category"] and node.bindings["kind_of"][values["category"]] != kind:
            error["category"] = _("This category is one of another service.")
        refuse_other_answer(node, values, error, kind)
        for name, kinds in node.bindings["fact_kinds"].items():
            if kind and values[f"fact_{name}"] and kind not in kinds:
                error[f"fact_{name}"] = _("This service does not know it.")
        if values["to_user"] and values["to_user"].partition("-")[0] != values["to_unit"]:
            error["to_user"] = _("This person is not of that unit.")
        if values["question"] and kind not in node.bindings["asking"]:
            error["question"] = _("Choose a service above whose citizens can be asked.")
        elif values["question"] and values["message"]:
            error["question"] = _("Write a message or a question, not both.")
        if not any(values[name] for name in ACTIONS):
            error["set_urgent"] = _("Choose at least one thing to do.")
        if error.children:
            raise error


class RunFilters(StrictSchema):
    """Filters of the log of an automation, in the URL."""

    state = optional_choice(
        [Option(value=name, label=title) for name, title in STATES.items()],
        _("State of the run"),
        _("Every state"),
    )
