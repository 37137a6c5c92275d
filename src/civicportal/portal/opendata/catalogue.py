"""The catalogue as DCAT-AP 3, for harvesters: Turtle and JSON-LD of one description."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from translationstring import TranslationString

from civicportal.portal.opendata.datasets import OpenDataset
from civicportal.portal.opendata.formats import FORMATS
from civicportal.portal.opendata.models import DataBuild, DataFile
from civicportal.util.i18n import _
from civicportal.web.feeds import absolute

if TYPE_CHECKING:
    from civicportal.web.request import Request

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"
#: Names of the European authority table; other languages by their ISO 639-1 code in that of the Library of Congress.
LANGUAGES = {"ar": "ARA", "de": "DEU", "en": "ENG", "fa": "FAS", "fr": "FRA", "tr": "TUR"}


_OPEN_DATA = _("Open data")
_ABOUT = _("Public data of the portal of the city: cases, figures, units and categories.")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_IRI = ":/?#[]@!$&'()*+,;=%~"


class RdfLiteral(NamedTuple):
    """A value with a language or a datatype."""

    text: str
    language: str = ""
    datatype: str = ""


@dataclass(frozen=True)
class RdfNode:
    """A resource with its properties; a blank node without an address.

    :ivar kind: its class, such as ``dcat:Dataset``.
    """

    kind: str
    address: str = ""
    properties: Sequence[tuple[str, "RdfNode | RdfLiteral"]] = field(default_factory=tuple)


_THEMES = RdfNode(
    "skos:ConceptScheme",
    f"{AUTHORITY}/data-theme",
    (("dct:title", RdfLiteral("Data theme", "en")),),
)
_THEME = RdfNode(
    "skos:Concept",
    f"{AUTHORITY}/data-theme/GOVE",
    (("skos:prefLabel", RdfLiteral("Government and public sector", "en")), ("skos:inScheme", _THEMES)),
)


def describe(
    request: "Request",
    datasets: Sequence[OpenDataset],
    files: Mapping[str, Sequence[DataFile]],
    built: DataBuild | None,
) -> RdfNode:
    """Return the description of the catalogue."""
    return _Description(request, files, built).catalogue(datasets)


class _Description:
    def __init__(
        self, request: "Request", files: Mapping[str, Sequence[DataFile]], built: DataBuild | None
    ) -> None:
        self.request, self.files, self.built = request, files, built
        site = request.site
        self.page = absolute(request, request.route_path("open_data"))
        self.languages = list(dict.fromkeys((site.locale, *site.languages)))
        table = site.settings["open_data"]
        name = RdfLiteral(table["licence_name"])
        self.licence = RdfNode("dct:LicenseDocument", table["licence"], (("dct:title", name),))
        branding = site.branding_in(site.locale)
        owner = RdfLiteral(branding.contact.get("organization") or branding.name, site.locale)
        self.publisher = RdfNode("foaf:Agent", f"{self.page}#publisher", (("foaf:name", owner),))
        contact: list[tuple[str, RdfNode | RdfLiteral]] = [("vcard:fn", owner)]
        if email := branding.contact.get("email"):
            contact.append(("vcard:hasEmail", RdfNode("", f"mailto:{email}")))
        contact.append(("vcard:hasURL", RdfNode("", self.page)))
        self.contact = RdfNode("vcard:Kind", properties=contact)

    def catalogue(self, datasets: Sequence[OpenDataset]) -> RdfNode:
        names = [
            RdfLiteral(
                f"{self._say(_OPEN_DATA, language)} · {self.request.site.branding_in(language).name}",
                language,
            )
            for language in self.languages
        ]
        properties: list[tuple[str, RdfNode | RdfLiteral]] = [
            *(("dct:title", one) for one in names),
            *(("dct:description", one) for one in self._texts(_ABOUT)),
            ("dct:publisher", self.publisher),
            ("dct:license", self.licence),
            ("foaf:homepage", RdfNode("foaf:Document", self.page)),
            ("dcat:themeTaxonomy", _THEMES),
            *(("dct:language", _language(one)) for one in self.languages),
        ]
        if self.built and self.built.finished_at:
            properties.append(("dct:modified", _moment(self.built.finished_at)))
        if place := self._place():
            properties.append(("dct:spatial", place))
        properties += [("dcat:dataset", self._dataset(one)) for one in datasets]
        return RdfNode("dcat:Catalog", f"{self.page}#catalogue", properties)

    def _dataset(self, one: OpenDataset) -> RdfNode:
        files = self.files.get(one.name, ())
        how_often = "MONTHLY" if one.release else "DAILY"
        properties: list[tuple[str, RdfNode | RdfLiteral]] = [
            *(("dct:title", text) for text in self._texts(one.title)),
            *(("dct:description", text) for text in self._texts(one.description)),
            ("dct:identifier", RdfLiteral(one.name)),
            ("dct:publisher", self.publisher),
            ("dcat:contactPoint", self.contact),
            ("dcat:landingPage", RdfNode("foaf:Document", f"{self.page}#{one.name}")),
            (
                "foaf:page",
                RdfNode("foaf:Document", absolute(self.request, self.request.route_path("open_data_fields"))),
            ),
            ("dct:accrualPeriodicity", RdfNode("dct:Frequency", f"{AUTHORITY}/frequency/{how_often}")),
            ("dct:accessRights", RdfNode("dct:RightsStatement", f"{AUTHORITY}/access-right/PUBLIC")),
            ("dcat:theme", _THEME),
            *(("dct:language", _language(code)) for code in self.languages[:1]),
        ]
        if files:
            properties.append(("dct:modified", _moment(max(file.changed_at for file in files))))
        if one.located and (place := self._place()):
            properties.append(("dct:spatial", place))
        properties += [("dcat:distribution", self._distribution(one, file)) for file in files]
        return RdfNode("dcat:Dataset", f"{self.page}#{one.name}.dataset", properties)

    def _distribution(self, one: OpenDataset, file: DataFile) -> RdfNode:
        form = FORMATS[file.format]
        path = self.request.route_path("open_data_file", dataset=one.name, format=file.format)
        address = RdfNode("", absolute(self.request, path))
        media = form.content_type.partition(";")[0]
        checksum = RdfNode(
            "spdx:Checksum",
            properties=(
                ("spdx:algorithm", RdfNode("", f"{PREFIXES['spdx']}checksumAlgorithm_sha256")),
                ("spdx:checksumValue", RdfLiteral(file.sha256, datatype="xsd:hexBinary")),
            ),
        )
        return RdfNode(
            "dcat:Distribution",
            f"{self.page}#{one.name}.{file.format}",
            (
                *(
                    ("dct:title", RdfLiteral(f"{text.text} ({form.title})", text.language))
                    for text in self._texts(one.title)
                ),
                ("dcat:accessURL", address),
                ("dcat:downloadURL", address),
                ("dct:license", self.licence),
                ("dct:format", RdfNode("dct:MediaTypeOrExtent", f"{AUTHORITY}/file-type/{form.file_type}")),
                (
                    "dcat:mediaType",
                    RdfNode("dct:MediaType", f"https://www.iana.org/assignments/media-types/{media}"),
                ),
                ("dcat:byteSize", RdfLiteral(str(file.size), datatype="xsd:nonNegativeInteger")),
                ("spdx:checksum", checksum),
                ("dct:modified", _moment(file.changed_at)),
            ),
        )

    def _place(self) -> RdfNode | None:
        city_map = self.request.site.map
        if city_map is None:
            return None
        south, west, north, east = city_map.bounds
        corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
        ring = ", ".join(f"{lon:.5f} {lat:.5f}" for lon, lat in corners)
        box = RdfLiteral(f"POLYGON(({ring}))", datatype="geo:wktLiteral")
        return RdfNode("dct:Location", f"{self.page}#city", (("dcat:bbox", box),))

    def _texts(self, text: TranslationString) -> list[RdfLiteral]:
        return [RdfLiteral(self._say(text, language), language) for language in self.languages]

    def _say(self, text: TranslationString, language: str) -> str:
        return str(self.request.site.localizer(language).translate(text))


def _moment(moment: datetime) -> RdfLiteral:
    return RdfLiteral(moment.astimezone(UTC).isoformat(timespec="seconds"), datatype="xsd:dateTime")


def _language(code: str) -> RdfNode:
    known = LANGUAGES.get(code)
    address = f"{AUTHORITY}/language/{known}" if known else f"http://id.loc.gov/vocabulary/iso639-1/{code}"
    return RdfNode("dct:LinguisticSystem", address)


# -- writing -------------------------------------------------------------------------------------------------


def as_json_ld(node: RdfNode) -> str:
    """Return the description as JSON-LD."""
    return json.dumps({"@context": PREFIXES, **_json(node)}, ensure_ascii=False, indent=1)


def _json(value: RdfNode | RdfLiteral) -> dict[str, object]:
    if isinstance(value, RdfLiteral):
        more = {"@language": value.language, "@type": value.datatype}
        return {"@value": value.text, **{key: one for key, one in more.items() if one}}
    found: dict[str, object] = {}
    if value.address:
        found["@id"] = value.address
    if value.kind:
        found["@type"] = value.kind
    for predicate, one in value.properties:
        values = found.setdefault(predicate, [])
        assert isinstance(values, list)
        values.append(_json(one))
    return found


def as_turtle(node: RdfNode) -> str:
    """Return the description as Turtle."""
    parts = [f"@prefix {prefix}: <{address}> ." for prefix, address in PREFIXES.items()]
    seen = set[str]()
    for one in _named(node):
        if one.address not in seen and (one.kind or one.properties):
            seen.add(one.address)
            parts.append(f"{_iri(one.address)} {_statements(one)} .")
    return "\n\n".join(parts) + "\n"


def _named(node: RdfNode) -> Iterator[RdfNode]:
    """Yield a resource and those that it refers to, without blank nodes."""
    if node.address:
        yield node
    for _predicate, value in node.properties:
        if isinstance(value, RdfNode):
            yield from _named(value)


def _statements(node: RdfNode) -> str:
    lines = [f"a {node.kind}"] if node.kind else []
    lines += [f"{predicate} {_term(value)}" for predicate, value in node.properties]
    return " ;\n    ".join(lines)


def _term(value: RdfNode | RdfLiteral) -> str:
    if isinstance(value, RdfNode):
        return _iri(value.address) if value.address else f"[ {_statements(value)} ]"
    text = f'"{value.text.translate(_ESCAPED)}"'
    if value.language:
        return f"{text}@{value.language}"
    return f"{text}^^{value.datatype}" if value.datatype else text


def _iri(address: str) -> str:
    return f"<{quote(address, safe=_IRI)}>"
