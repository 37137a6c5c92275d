"""A case of ours as a request of GeoReport v2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from translationstring import TranslationString

from civicportal.api.cases import Attachment, AttachmentService, Case, CaseService
from civicportal.api.database import Service
from civicportal.api.forms import Values
from civicportal.api.people import User
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import NotFound, Site
from civicportal.api.publishing import PublicTexts
from civicportal.api.submission import QuestionnaireService
from civicportal_reports.i18n import _
from civicportal_reports.models import Report
from civicportal_reports.open311_client.models import RemoteRule, RemoteServer
from civicportal_reports.open311_client.remote import Files, Parameters
from civicportal_reports.places import joined

LONGEST_TEXT = 4000
"""Characters of a description; source: GeoReport v2, POST Service Request."""
MOST_PICTURES = 4
PICTURES = {
    "addresses": _("Their addresses (media_url), as the standard says"),
    "files": _("The files (media[]), as newer servers take them"),
    "none": _("None"),
}


class CannotCompose(Exception):
    """A case cannot be sent as it is.

    :ivar reason: for administrators.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class ComposedRequest:
    """A request that is ready to be sent.

    :ivar mark: our reference in its description, by which it is found there.
    :ivar files: keys and content types of pictures.
    """

    fields: Parameters
    mark: str
    files: Sequence[tuple[str, str]] = ()


class ComposingService(Service):
    """Make requests for other servers.

    Without the setting for personal data a server gets what the public may know: the text without names and numbers,
    pictures that are published, and answers that were chosen, not typed.
    """

    def compose(self, case: Case, server: RemoteServer, rule: RemoteRule) -> ComposedRequest:
        """Return the request for a case.

        :raises CannotCompose: when something that the server demands is missing.
        """
        mark = self.mark(case)
        words = case.body if server.personal else str(self.work.get(PublicTexts).body(case))
        text = f"{words[: LONGEST_TEXT - len(mark) - 2].rstrip()}\n\n{mark}".strip()
        fields = [("service_code", rule.service_code), *self._place(case, server), ("description", text)]
        if server.personal:
            fields += self._person(case)
        fields += self._attributes(case, server, rule)
        pictures = self._pictures(case, server)
        if server.pictures == "addresses":
            # Only published pictures have an address that others can open.
            base = self.work.site.public_url
            shown = [
                f"{base}/attachments/{one.key}"
                for one in pictures
                if one.audience == "public" and case.public
            ]
            fields += [("media_url", address) for address in shown if base]
            pictures = []
        files = [(one.key, one.content_type) for one in pictures]
        return ComposedRequest(fields=fields, mark=mark, files=files)

    def mark(self, case: Case) -> str:
        """Return our reference: the address of the case's public page, never its tracking code."""
        site = self.work.site
        return f"{site.public_url}/reports/{case.id}" if site.public_url else f"{site.short_name} #{case.id}"

    def _place(self, case: Case, server: RemoteServer) -> Parameters:
        report: Report | None = self.work.get(CaseService).detail(case)
        point = [("lat", str(report.lat)), ("long", str(report.lon))] if report and report.point else []
        written = case.place if server.personal else str(self.work.get(PublicTexts).place(case))
        address = (joined(self.work, report.street, report.district) if report else "") or written
        if server.personal and case.place:
            address = case.place
        if not point and not address:
            raise CannotCompose(_("The case has no place."))
        return [*point, *([("address_string", address)] if address else [])]

    def _person(self, case: Case) -> Parameters:
        citizen = self.session.get(User, case.citizen_id) if case.citizen_id else None
        if citizen is None:
            return []
        first, _space, last = citizen.name.partition(" ")
        found = (("first_name", first), ("last_name", last), ("phone", citizen.mobile or ""))
        return [(name, value) for name, value in found if value]

    def _attributes(self, case: Case, server: RemoteServer, rule: RemoteRule) -> Parameters:
        answers = {one.question.key: one for one in self.work.get(QuestionnaireService).of(case)}
        fields = list[tuple[str, str]]()
        for attribute in rule.definition:
            code = str(attribute["code"])
            chosen = rule.attributes.get(code, {})
            answer = answers.get(str(chosen.get("question") or ""))
            values: Sequence[str] = []
            if answer is not None and (server.personal or answer.question.is_list):
                labels = {choice.key: choice.label for choice in answer.question.choices}
                values = _translated(attribute, answer.value, answer.words, labels)
            values = values or list(filter(None, [str(chosen.get("value") or "")]))
            if not values and attribute["required"]:
                raise CannotCompose(
                    _(
                        "The server demands “${title}”, for which there is no value.",
                        mapping={"title": str(attribute["title"])},
                    )
                )
            several = attribute["type"] == "multivaluelist"
            fields += [(f"attribute[{code}]{'[]' if several else ''}", one) for one in values]
        return fields

    def _pictures(self, case: Case, server: RemoteServer) -> list[Attachment]:
        if server.pictures == "none":
            return []
        found = [one for one in self.work.get(AttachmentService).of_case(case) if one.purpose == "before"]
        if server.personal:
            allowed = [one for one in found if one.audience != "staff"]
        else:
            allowed = [one for one in found if one.audience == "public" and case.public]
        return sorted(allowed, key=lambda one: one.id)[:MOST_PICTURES]


def files_of(site: Site, request: ComposedRequest) -> Files:
    """Return the pictures of a request; one whose file is gone is left out."""
    files = list[tuple[str, str, str, bytes]]()
    for number, (key, content_type) in enumerate(request.files, 1):
        try:
            content = PictureFiles(site).read(key)
        except NotFound:
            continue
        ending = content_type.rpartition("/")[2]
        files.append(("media[]", f"picture-{number}.{ending}", content_type, content))
    return files


def _translated(attribute: Values, value: object, words: str, labels: Mapping[str, str]) -> list[str]:
    """Return an answer of ours as values of an attribute: of a list those with the same key or name."""
    if not attribute["values"]:
        return [words] if words else []
    given = (
        [value]
        if isinstance(value, str)
        else [str(one) for one in value]
        if isinstance(value, list | tuple)
        else []
    )
    known = {name.casefold(): key for key, name in attribute["values"]}
    known |= {key.casefold(): key for key, _name in attribute["values"]}
    found = [known.get(one.casefold()) or known.get(labels.get(one, "").casefold(), "") for one in given]
    return [one for one in found if one]
