"""Plain descriptions of the data sets, for people and for programs that read text."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.portal.opendata.datasets import OpenDataset
from civicportal.portal.opendata.formats import formats_of
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.web.request import Request

KINDS: Mapping[str, TranslationString] = {
    "text": _("text"),
    "integer": _("whole number"),
    "number": _("number"),
    "day": _("day (ISO 8601, Gregorian)"),
    "moment": _("time (ISO 8601, UTC)"),
    "flag": _("true or false"),
}


def fields_text(request: "Request", datasets: Iterable[OpenDataset]) -> str:
    """Return the description of all columns as Markdown."""
    say = request.translate
    table = request.site.settings["open_data"]
    name = request.site.branding_in(request.locale_name).name
    parts = [
        f"# {say(_('Open data'))} · {name}",
        say(_("Licence:")) + f" {table['licence_name']} <{table['licence']}>",
        say(
            _(
                "The files are built every night. CSV files are UTF-8 with a byte order mark, with commas and CRLF "
                "(RFC 4180), and a line with the names of the columns. An empty value is unknown or not published."
            )
        ),
    ]
    for one in datasets:
        parts += [f"## {say(one.title)} (`{one.name}`)", say(one.description)]
        parts.append(
            "\n".join(
                f"- {form.title}: <{request.route_url('open_data_file', dataset=one.name, format=form.name)}>"
                for form in formats_of(one)
            )
        )
        parts.append(
            "\n".join(
                f"- `{column.name}` ({say(KINDS[column.kind])}{_unit(say(column.unit))}): {say(column.description)}"
                for column in one.columns
            )
        )
        if one.located:
            parts.append(
                say(
                    _(
                        "GeoJSON and GeoParquet have the cell or area as a polygon (longitude, latitude; WGS 84), null for a wider place."
                    )
                )
            )
    return "\n\n".join(parts) + "\n"


def _unit(name: str) -> str:
    return f", {name}" if name else ""
