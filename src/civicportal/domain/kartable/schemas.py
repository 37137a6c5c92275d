"""Forms of the kartable."""

import colander

from civicportal.domain.cases.attachments import MOST
from civicportal.domain.cases.narrowing import holder_choice
from civicportal.domain.cases.paging import SORTS
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.kartable.contractors import CANNOT, DONE
from civicportal.domain.kartable.ready_texts import unknown_fields
from civicportal.domain.kartable.team import TEAM_SORTS
from civicportal.domain.notifications.texts import brace_flaw
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import (
    HiddenWidget,
    MobileWidget,
    RadioWidget,
    SelectWidget,
    TextAreaWidget,
    optional_choice,
)
from civicportal.web.schema import (
    Choice,
    CityDate,
    CleanText,
    Flag,
    KeyList,
    Mobile,
    Node,
    Option,
    RowId,
    StrictSchema,
)

SHORTEST_REASON = 5
"""Characters of the reason why work cannot be done."""
SORT_TITLES = {sort.name: sort.title for sort in SORTS.values()}


class InboxFilters(StrictSchema):
    """Filters of the list, in its URL."""

    q = Node(CleanText(0, 100), title=_("Words"), missing="")
    kind = optional_choice("kinds", _("Service"), _("All services"))
    status = optional_choice("statuses", _("Status"), _("Every status"))
    category = optional_choice("categories", _("Category"), _("All categories"))
    holder = holder_choice(_("My kartable"))
    first = Node(CityDate(), title=_("Registered from"), missing=None)
    last = Node(CityDate(), title=_("Registered until"), missing=None, after="first")
    citizen = Node(RowId(), title=_("Cases of one citizen"), missing=None, widget=HiddenWidget())
    sort = Node(Choice([(name, SORT_TITLES[name]) for name in SORTS]), title=_("Sort by"), missing="deadline")


class ReferralSchema(StrictSchema):
    """The addressee of a referral, a copy or an inquiry."""

    unit = Node(
        Choice(lambda bindings: bindings["units"]), title=_("Unit"), widget=SelectWidget(typeahead=True)
    )
    user = Node(
        Choice(lambda bindings: bindings["people"]()),
        title=_("Person of this unit"),
        missing=None,
        widget=SelectWidget(empty=_("The whole unit"), typeahead=True),
    )
    note = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("Note to the recipient"),
        description=_("Only staff read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )


class AssignmentSchema(StrictSchema):
    """The officer of the unit to whom a case is assigned, or the whole unit."""

    to = Node(
        Choice("colleagues"), title=_("Hand to"), widget=SelectWidget(empty=_("Choose…"), typeahead=True)
    )
    note = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("Note to the recipient"),
        description=_("Only staff read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )


class TeamQuery(StrictSchema):
    """Search and order of the list of a team, in the URL."""

    q = Node(CleanText(0, 100), title=_("Name of an officer"), missing="")
    sort = Node(Choice([*TEAM_SORTS.items()]), title=_("Sort by"), missing=None)


class HandOnSchema(AssignmentSchema):
    """The cases of a colleague that are assigned to others."""

    which = Node(
        Choice([("all", _("All open cases")), ("overdue", _("Only the overdue ones"))]),
        title=_("Which cases"),
        widget=RadioWidget(),
    )


class ContractorSchema(StrictSchema):
    """A link for a contractor.

    The binding ``last`` is the latest possible day.
    """

    name = Node(
        CleanText(2, 100),
        title=_("Contractor"),
        description=_("Name of the firm or the person. It stands in the history of the case."),
    )
    mobile = Node(
        Mobile(),
        title=_("Mobile number"),
        description=_(
            "If you fill it in, the link is sent there by SMS. The number is not kept with the link."
        ),
        missing=None,
        widget=MobileWidget(),
    )
    ends = Node(
        CityDate(),
        title=_("Opens until the end of"),
        description=_(
            "It ends earlier when you revoke it, when the case is closed, or when it leaves your unit."
        ),
        validator=colander.deferred(
            lambda _node, bindings: colander.Range(bindings["first"], bindings["last"])
        ),
    )
    instruction = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("Instruction"),
        description=_("The contractor reads this. Write no name and no number of the citizen."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )


class SentBack(StrictSchema):
    """The reason for which work is sent back to its contractor."""

    note = Node(
        CleanText(2, LONGEST_WORDS, multiline=True),
        title=_("What is still to be done?"),
        description=_("The contractor reads this at the link."),
        widget=TextAreaWidget(rows=3),
    )
    mobile = Node(
        Mobile(),
        title=_("Mobile number of the contractor"),
        description=_(
            "If you fill it in, an SMS tells the contractor to open the link again. It is not kept."
        ),
        missing=None,
        widget=MobileWidget(),
    )


class ContractorAnswer(StrictSchema):
    """What a contractor says about the work.

    :ivar device_at: time of the device in UTC (ISO 8601), ``device_place`` its position, ``latitude,longitude``; anything
        else counts as none.
    """

    before = Node(KeyList(MOST), title=_("Pictures before the work"), missing=())
    after = Node(KeyList(MOST), title=_("Pictures after the work"), missing=())
    outcome = Node(
        Choice(
            [
                Option(value=DONE, label=_("Done")),
                Option(value=CANNOT, label=_("Cannot be done"), hint=_("Write the reason below.")),
            ]
        ),
        title=_("What became of the work?"),
        widget=RadioWidget(),
    )
    note = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("Note"),
        description=_("Only staff of the unit read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )
    device_at = Node(CleanText(0, 40), missing="", hidden=True)
    device_place = Node(CleanText(0, 40), missing="", hidden=True)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse work that cannot be done without a reason."""
        if values["outcome"] == CANNOT and len(values["note"]) < SHORTEST_REASON:
            error = colander.Invalid(node)
            error["note"] = _("Please write why it cannot be done.")
            raise error


class ReturnNote(StrictSchema):
    """The reason for which a case is returned to its sender."""

    note = Node(CleanText(2, LONGEST_WORDS, multiline=True), title=_("Note to the recipient"))


class Comment(StrictSchema):
    """An internal note, or an expert's opinion."""

    text = Node(CleanText(2, LONGEST_WORDS, multiline=True), title=_("Text"), widget=TextAreaWidget(rows=4))
    sort = Node(
        Choice(
            [
                Option(value="note", label=_("Internal note"), hint=_("Only staff read this.")),
                Option(
                    value="expert",
                    label=_("Expert comment"),
                    hint=_("Staff read this; the citizen too, if you tick the box below."),
                ),
            ]
        ),
        title=_("Who reads it"),
        widget=RadioWidget(),
    )
    public = Node(
        Flag(),
        title=_("The citizen reads it too"),
        description=_("It stands in the history of the request, and the citizen is told."),
        missing=False,
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a note that is both internal and public."""
        if values["public"] and values["sort"] == "note":
            error = colander.Invalid(node)
            error["public"] = _("An internal note is never shown to the citizen: choose the expert comment.")
            raise error


class InternalNote(StrictSchema):
    """An internal note for several cases."""

    text = Node(
        CleanText(2, LONGEST_WORDS, multiline=True),
        title=_("Text"),
        description=_("Only staff read this."),
        widget=TextAreaWidget(rows=4),
    )


class PublicTextSchema(StrictSchema):
    """The public text of a case."""

    words = Node(
        CleanText(5, 5000, multiline=True),
        title=_("Description as everybody reads it"),
        description=_("Without the name, numbers and address of the sender. The original stays as it is."),
        widget=TextAreaWidget(rows=6),
    )


class CorrectionSchema(StrictSchema):
    """The correction of a case."""

    subject = Node(CleanText(3, 200), title=_("Subject"))
    category = Node(Choice(lambda bindings: bindings["categories"]), title=_("Category"))
    move = Node(
        Flag(),
        title=_("Move it to the unit of this category too"),
        description=_("By the routing rules, as for a new case."),
        missing=False,
    )
    deadline = Node(
        Flag(),
        title=_("Recompute the deadline"),
        description=_("With the days of this category, from the registration."),
        missing=False,
    )
    notify = Node(
        Flag(),
        title=_("Tell the citizen"),
        description=_("By SMS; without the tick only staff see the correction in the history."),
        missing=False,
    )


class InquiryAnswer(StrictSchema):
    """The answer to an inquiry."""

    text = Node(
        CleanText(2, LONGEST_WORDS, multiline=True),
        title=_("Your answer to the inquiry"),
        description=_("Only staff read this."),
        widget=TextAreaWidget(rows=3),
    )


class JobResult(StrictSchema):
    """What a unit reports of a job that is done, or that cannot be done."""

    result = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("Result"),
        description=_("Only staff read this. If the job cannot be done, write why."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )
    photos = Node(
        KeyList(MOST),
        title=_("Pictures of the work"),
        description=_("The citizen sees them too when the case closes by itself."),
        missing=(),
    )


class SplitSchema(StrictSchema):
    """The answer to the citizen after the last job; :func:`split_schema` adds the jobs."""

    public_text = Node(
        CleanText(5, LONGEST_WORDS, multiline=True),
        title=_("Answer to the citizen when all jobs are done"),
        description=_("With it the case then closes by itself. Without it, it comes back to you."),
        missing="",
        widget=TextAreaWidget(rows=4),
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a job without its unit or its task."""
        error = colander.Invalid(node)
        for row in range(1, len(values) // 3 + 1):
            unit, task, due = (values[f"{name}_{row}"] for name in ("unit", "task", "due"))
            if not (unit or task or due):
                continue
            if not unit:
                error[f"unit_{row}"] = _("Please choose the unit.")
            if not task:
                error[f"task_{row}"] = _("Please write what is to be done.")
        if error.children:
            raise error


def split_schema(rows: int, required: int) -> SplitSchema:
    """Return the form that splits a case, which needs the binding ``units``.

    :param rows: number of jobs that can be written.
    :param required: how many of them must be.
    """
    schema = SplitSchema()
    for row in range(1, rows + 1):
        optional = row > required
        nodes = (
            Node(
                Choice("units"),
                name=f"unit_{row}",
                title=_("Unit"),
                missing=None if optional else colander.required,
                widget=SelectWidget(empty=_("Choose…"), typeahead=True),
            ),
            Node(
                CleanText(2, LONGEST_WORDS, multiline=True),
                name=f"task_{row}",
                title=_("What is to be done"),
                missing="" if optional else colander.required,
                widget=TextAreaWidget(rows=2),
            ),
            Node(CityDate(), name=f"due_{row}", title=_("Due by"), missing=None),
        )
        for node in nodes:
            schema.children.insert(len(schema.children) - 1, node)
    return schema


def refuse_wrong_fields(node: colander.SchemaNode, text: str) -> None:
    """Refuse a text with unknown placeholders, or with braces that are not around one.

    :raises colander.Invalid: names them.
    """
    unknown = unknown_fields(text)
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        raise colander.Invalid(node, _("Nothing fills in these fields: ${names}", mapping={"names": names}))
    if stray := brace_flaw(text, "CODE"):
        raise colander.Invalid(node, stray)


class ReadyTextSchema(StrictSchema):
    """A ready text, and the transitions that offer it."""

    place = Node(Choice(lambda bindings: bindings["places"]), title=_("Offered for"))
    category = Node(
        Choice(lambda bindings: bindings["categories"]),
        title=_("Topic"),
        description=_("With a topic it is offered only for cases of it, before the other texts."),
        missing=None,
        empty=_("All topics"),
    )
    title = Node(CleanText(2, 100), title=_("Title"), description=_("What staff choose it by."))
    text = Node(
        CleanText(5, 1500, multiline=True),
        title=_("Text"),
        description=_("The citizen reads this, once an officer has taken it over and sent it."),
        validator=refuse_wrong_fields,
    )
    active = Node(Flag(), title=_("It is offered"), missing=False)

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a topic of another service."""
        kind = values["place"].partition(":")[0]
        topics = node["category"].typ.options(node["category"])
        chosen = next((one for one in topics if one.value == values["category"]), None)
        if chosen is not None and chosen.group != node.bindings["titles"].get(kind):
            error = colander.Invalid(node)
            error["category"] = _("This topic belongs to another service. Choose one of the service above.")
            raise error
