"""Forms about members, roles and deputies."""

import colander

from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import (
    CheckboxWidget,
    HiddenWidget,
    MobileWidget,
    RadioWidget,
    TextAreaWidget,
    TextWidget,
    optional_choice,
)
from civicportal.web.schema import (
    Choice,
    CityDate,
    CleanText,
    Flag,
    Identifier,
    ListOf,
    Mobile,
    Node,
    Option,
    RowId,
    StrictSchema,
)

LONGEST_NAME = 120
MOST_RIGHTS = 1000
SCOPES = ("", "_2", "_3")
"""Suffixes of the role fields of an invitation."""
STATES = {
    "active": _("Active"),
    "unseen": _("Never signed in"),
    "disabled": _("Disabled"),
    "deleted": _("Deleted"),
}
WAYS = {
    "unit": _("They go back before the whole unit"),
    "colleague": _("A colleague takes them over"),
    "keep": _("They stay where they are"),
}


def _username() -> Node:
    return Node(
        Identifier(3, 60),
        title=_("User name"),
        description=_("Latin letters, digits, dot, hyphen and underscore."),
        widget=TextWidget(autocomplete="off", css_class="ltr d-block w-100"),
    )


class MemberFilters(StrictSchema):
    """Filters of the list of members.

    They are in the URL, so they never contain a full number.
    """

    who = Node(Choice(["staff", "citizens"]), missing="staff")
    q = Node(CleanText(0, 100), title=_("Words"), missing="")
    state = optional_choice(
        [Option(value=name, label=title) for name, title in STATES.items()],
        _("Status"),
        _("All but the deleted"),
    )
    role = optional_choice("roles", _("Access level"), _("All access levels"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    citizen = Node(RowId(), missing=None)


class RoleGiven(StrictSchema):
    """A role for a person, and its scope."""

    seen = Node(CleanText(0, 40), missing="", widget=HiddenWidget())
    role = Node(Choice(lambda bindings: bindings["roles"]), title=_("Access level"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    category = optional_choice("categories", _("Category"), _("All categories"))


class InvitationEntry(StrictSchema):
    """An invitation with up to three roles."""

    name = Node(
        CleanText(2, LONGEST_NAME), title=_("First and last name"), widget=TextWidget(autocomplete="off")
    )
    username = _username()
    mobile = Node(Mobile(), title=_("Mobile number"), widget=MobileWidget(autocomplete="off"))
    role = Node(Choice(lambda bindings: bindings["roles"]), title=_("Access level"))
    unit = optional_choice("units", _("Unit"), _("All units"))
    category = optional_choice("categories", _("Category"), _("All categories"))
    role_2 = optional_choice("roles", _("Access level"), _("None"))
    unit_2 = optional_choice("units", _("Unit"), _("All units"))
    category_2 = optional_choice("categories", _("Category"), _("All categories"))
    role_3 = optional_choice("roles", _("Access level"), _("None"))
    unit_3 = optional_choice("units", _("Unit"), _("All units"))
    category_3 = optional_choice("categories", _("Category"), _("All categories"))


class MemberMobile(StrictSchema):
    """A new mobile number of a member of staff."""

    mobile = Node(
        Mobile(),
        title=_("New mobile number"),
        description=_("Codes for signing in go there from now on. Make sure it is theirs."),
        widget=MobileWidget(autocomplete="off"),
    )


class CitizenName(StrictSchema):
    """The name of a citizen."""

    name = Node(
        CleanText(2, LONGEST_NAME), title=_("First and last name"), widget=TextWidget(autocomplete="off")
    )


class StaffNames(CitizenName):
    """Name and user name of a member of staff."""

    username = _username()


class CaseTransferEntry(StrictSchema):
    """The new owner of a person's open cases."""

    way = Node(
        Choice([Option(value=name, label=title) for name, title in WAYS.items()]),
        title=_("Open cases in their hands"),
        widget=RadioWidget(),
    )
    heir = optional_choice("heirs", _("Colleague"), _("Choose…"))
    note = Node(
        CleanText(0, 500, multiline=True),
        title=_("Note to the recipient"),
        description=_("Only staff read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a handover to a colleague without naming one."""
        if values["way"] == "colleague" and values["heir"] is None:
            error = colander.Invalid(node)
            error["heir"] = _("Please choose one.")
            raise error


class Absence(StrictSchema):
    """A deputy and the days of absence."""

    deputy = Node(Choice(lambda bindings: bindings["people"]), title=_("Deputy"))
    first = Node(CityDate(), title=_("First day"))
    last = Node(CityDate(), title=_("Last day"))


class NewRole(StrictSchema):
    """A new role, optionally with the rights of another."""

    title = Node(CleanText(2, LONGEST_NAME), title=_("Name of the access level"))
    like = optional_choice("roles", _("Rights like those of"), _("No rights yet"))


class RoleEntry(StrictSchema):
    """A role's name and rights."""

    seen = Node(CleanText(1, 40), widget=HiddenWidget())
    title = Node(CleanText(2, LONGEST_NAME), title=_("Name of the access level"))
    permissions = Node(
        ListOf(Choice(lambda bindings: bindings["permissions"]), max=MOST_RIGHTS),
        title=_("Rights"),
        missing=(),
    )


class RoleDeletion(StrictSchema):
    """Confirmation of deleting a role that people hold."""

    seen = Node(CleanText(1, 40), widget=HiddenWidget())
    sure = Node(Flag(), title=_("Delete this access level"), widget=CheckboxWidget())
