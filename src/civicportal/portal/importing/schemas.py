"""Forms of the pages of imports."""

from collections.abc import Mapping, Sequence

import colander
from translationstring import TranslationString

from civicportal.portal.importing.editing import TITLES, FieldChoices
from civicportal.portal.importing.fields import ENTITIES, FIELDS, OPTIONS
from civicportal.portal.importing.mapping import ImportSection
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import FileWidget, RadioWidget, SelectWidget, TextWidget
from civicportal.web.schema import Choice, CityDate, CleanText, Node, Option, StrictSchema

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".ndjson", ".zip")
ORDERS = [
    Option(value="ymd", label=_("Year, month, day")),
    Option(value="dmy", label=_("Day, month, year")),
    Option(value="mdy", label=_("Month, day, year")),
]
OPTION_TITLES: Mapping[str, TranslationString] = {
    "unattended": _("An open case that no one would work on"),
    "bad_mobile": _("A wrong mobile number"),
    "missing_attachment": _("A missing picture"),
}
OPTION_VALUES: Mapping[str, TranslationString] = {
    "reject": _("The line is not imported"),
    "list": _("Imported, and put on the list of unattended cases"),
    "drop": _("Imported without its citizen"),
    "warn": _("Imported without the picture"),
}


class UploadForm(StrictSchema):
    """Files of an earlier system. The files themselves are in fields of their own."""

    source = Node(
        CleanText(1, 60),
        title=_("Name of the earlier system"),
        description=_("Keep it for all its files: with its number it identifies a case."),
    )
    kind = Node(
        Choice("kinds"), title=_("What its cases are"), widget=SelectWidget(empty=_("Choose one of the list"))
    )
    tables = Node(
        CleanText(0, 1),
        title=_("Files"),
        missing="",
        marked_required=True,
        description=_(
            "CSV, Excel (.xlsx) or JSON Lines, at most 10 files and 40 MB together. A ZIP archive may hold larger "
            "tables, and the pictures that they name."
        ),
        widget=FileWidget(accept=",".join(SUFFIXES), many=True),
    )
    mapping = Node(
        CleanText(0, 1),
        title=_("Mapping file"),
        missing="",
        description=_("If you have a mapping.toml already. Otherwise one is suggested."),
        widget=FileWidget(accept=".toml"),
    )


class ServerForm(StrictSchema):
    """An Open311 server of an earlier system."""

    address = Node(
        CleanText(1, 500),
        title=_("Address of the server"),
        widget=TextWidget(
            type="url",
            inputmode="url",
            css_class="ltr",
            autocomplete="off",
            placeholder="https://city.example/open311/v2",
        ),
    )
    jurisdiction = Node(
        CleanText(0, 100),
        title=_("Jurisdiction"),
        missing="",
        description=_("Its jurisdiction_id, if the server serves several cities."),
        widget=TextWidget(css_class="ltr", autocomplete="off"),
    )
    first_day = Node(
        CityDate(),
        title=_("Registered from"),
        missing=None,
        description=_("Empty for all since 2015."),
    )
    last_day = Node(CityDate(), title=_("Registered until"), missing=None)
    source = Node(
        CleanText(0, 60),
        title=_("Name of the earlier system"),
        missing="",
        description=_(
            "Keep it for all its files: with its number it identifies a case. By default the host of the address."
        ),
    )
    kind = Node(
        Choice("kinds"), title=_("What its cases are"), widget=SelectWidget(empty=_("Choose one of the list"))
    )
    mapping = Node(
        CleanText(0, 1),
        title=_("Mapping file"),
        missing="",
        description=_("If you have a mapping.toml already. Otherwise one is suggested."),
        widget=FileWidget(accept=".toml"),
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a last day before the first one."""
        if values["first_day"] and values["last_day"] and values["last_day"] < values["first_day"]:
            error = colander.Invalid(node)
            error["last_day"] = _("This is before the first day.")
            raise error


class PicturesForm(StrictSchema):
    """More archives of pictures for an import."""

    tables = Node(
        CleanText(0, 1),
        title=_("ZIP archives"),
        missing="",
        marked_required=True,
        description=_("40 MB together at a time; come back for more."),
        widget=FileWidget(accept=".zip", many=True),
    )


class MappingForm(StrictSchema):
    """A mapping file instead of the present one."""

    mapping = Node(
        CleanText(0, 1),
        title=_("Mapping file"),
        missing="",
        marked_required=True,
        widget=FileWidget(accept=".toml"),
    )


def entity_schema(names: Sequence[str]) -> StrictSchema:
    """Return the form in which each file is said to be of an entity; its fields are ``file_0`` and so on.

    :param names: of the files.
    """
    options = [Option(value=entity, label=TITLES[entity]) for entity in ENTITIES]
    schema = StrictSchema()
    for number, name in enumerate(names):
        schema.add(Node(Choice(options), name=f"file_{number}", title=name, widget=SelectWidget()))
    return schema


def column_schema(
    section: ImportSection, fields: Mapping[str, TranslationString | str], headers: Sequence[str]
) -> StrictSchema:
    """Return the form of the columns of an entity.

    The fields ``<field>_column_1`` and so on are joined to one text; ``<field>_default`` is the text of an empty one.

    :param fields: the fields with their titles.
    :param headers: of the files.
    """
    written = [header for columns in section.columns.values() for header in columns]
    options = [Option(value=one, label=one) for one in dict.fromkeys([*headers, *written])]
    schema = StrictSchema()
    if section.entity in ("cases", "categories"):
        schema.add(Node(Choice("kinds"), name="kind", title=_("What its cases are"), widget=SelectWidget()))
    schema.add(
        Node(Choice(ORDERS), name="order", title=_("Order of the parts of a date"), widget=SelectWidget())
    )
    for name in fields:
        for number in range(1, column_count(section, name) + 1):
            title = _("Column") if number == 1 else _("Joined with")
            empty = _("None")
            schema.add(
                Node(
                    Choice(options),
                    name=f"{name}_column_{number}",
                    title=title,
                    missing="",
                    widget=SelectWidget(empty=empty),
                )
            )
        schema.add(Node(CleanText(0, 200), name=f"{name}_default", title=_("If empty"), missing=""))
    if section.entity == "cases":
        for name, values in OPTIONS.items():
            choices = [Option(value=value, label=OPTION_VALUES[value]) for value in values]
            schema.add(
                Node(Choice(choices), name=f"option_{name}", title=OPTION_TITLES[name], widget=RadioWidget())
            )
    return schema


def column_count(section: ImportSection, name: str) -> int:
    """Return how many columns of a field can be chosen."""
    return max(2, len(section.columns.get(name, ())))


def is_required(entity: str, name: str) -> bool:
    """Return whether a field must have a column or a text."""
    return name in FIELDS[entity] and FIELDS[entity][name].required


def value_schema(fields: Sequence[FieldChoices], labels: Mapping[str, str]) -> StrictSchema:
    """Return the form of the meanings of texts; its fields are ``text_<field>_<text>`` by number.

    :param labels: what is shown of the texts, by the names of the form's fields.
    """
    schema = StrictSchema()
    for name, field, _choice in value_names(fields):
        schema.add(
            Node(
                Choice(list(field.options)),
                name=name,
                title=labels[name],
                missing="",
                widget=SelectWidget(empty=_("Not mapped"), typeahead=len(field.options) > 12),
            )
        )
    return schema


def value_names(fields: Sequence[FieldChoices]) -> "list[tuple[str, FieldChoices, int]]":
    """Return the names of the form's fields, each with its field and the number of its text."""
    return [
        (f"text_{number}_{place}", field, place)
        for number, field in enumerate(fields)
        for place in range(len(field.choices or ()))
    ]
