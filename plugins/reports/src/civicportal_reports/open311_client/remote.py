"""Calls of GeoReport v2 to a server of others.

What comes back is read with suspicion: sizes, types and lengths are checked, and what is none of ours is dropped.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar, cast
from urllib.parse import quote, urlencode

from translationstring import TranslationString

from civicportal.api.forms import Values
from civicportal.api.outgoing import DeliveryQueue
from civicportal.api.plugins import Site
from civicportal_reports.i18n import _
from civicportal_reports.open311.documents import FORMATS
from civicportal_reports.open311.schemas import MOST, moment
from civicportal_reports.open311_client.answers import NotReadable, read

MOST_BYTES = 5_000_000
"""Bytes of an answer that are read."""
SEND_SECONDS = 25.0
"""For a new request, which may have pictures; with the look for a lost one it stays within a lease."""
MOST_ATTRIBUTES = 60
MOST_SERVICES = 1000
MOST_VALUES = 300
Parameters = Sequence[tuple[str, str]]
#: Name of the field, name of the file, content type, content.
Files = Sequence[tuple[str, str, str, bytes]]
T = TypeVar("T")


class RemoteError(Exception):
    """A call has failed.

    :ivar reason: for administrators.
    :ivar status: of the answer; None if there was none.
    :ivar is_final: the same call would be refused again.
    :ivar is_doubtful: the server may have done what was asked nevertheless.
    :ivar retry_after: seconds for which the server wants to be left alone.
    """

    def __init__(
        self,
        reason: TranslationString,
        *,
        status: int | None = None,
        is_final: bool = False,
        is_doubtful: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(str(reason))
        self.reason, self.status = reason, status
        self.is_final, self.is_doubtful = is_final, is_doubtful
        self.retry_after = retry_after


class LostKey(RemoteError):
    """The key of a server cannot be decrypted, so it cannot be called."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The key of this server can no longer be decrypted. Write it again in the settings of the server."
            )
        )


@dataclass(frozen=True, kw_only=True)
class RemoteAddress:
    """Where a server is, and what identifies the portal there.

    :ivar form: a key of ``FORMS``: in which it answers.
    """

    address: str
    jurisdiction: str
    api_key: str
    form: str = "json"


@dataclass(frozen=True, kw_only=True)
class RemoteRequest:
    """A request as a server describes it.

    :ivar status: "open", "closed", or empty for other words.
    """

    id: str
    status: str
    notes: str
    description: str


@dataclass(frozen=True, kw_only=True)
class RemoteUpdate:
    """An update of a request.

    :ivar at: None if the server gives no valid time.
    """

    id: str
    request_id: str
    status: str
    text: str
    at: datetime | None


class GeoReportClient:
    """Call one server; use it outside transactions, in a ``with`` statement."""

    def __init__(self, site: Site, server: RemoteAddress) -> None:
        self._server = server
        self._site = site
        self._client = DeliveryQueue.Client.of(site, most=MOST_BYTES)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._client.close()

    def services(self) -> list[Values]:
        """Return the services: ``code``, ``name``, ``metadata``, ``type``.

        :raises RemoteError: when the server does not answer as it should.
        """
        found: list[Values] = [
            {
                "code": code,
                "name": _text(item.get("service_name"), 200) or code,
                "metadata": str(item.get("metadata")).lower() == "true",
                "type": _text(item.get("type"), 20),
            }
            for item in _items(self._get("services"))
            if (code := _id(item.get("service_code")))
        ]
        return found[:MOST_SERVICES]

    def definition(self, code: str) -> list[Values]:
        """Return the attributes of a service: ``code``, ``title``, ``type``, ``required``, ``values`` (pairs).

        :raises RemoteError: when the server does not answer as it should.
        """
        answer = self._get(f"services/{quote(code, safe='')}")
        described = answer[0] if isinstance(answer, list) and answer else answer
        listed = described.get("attributes") if isinstance(described, dict) else None
        return [
            {
                "code": name,
                "title": _text(item.get("description"), 300) or name,
                "type": _text(item.get("datatype"), 20),
                "required": str(item.get("required")).lower() == "true",
                "values": [
                    [key, _text(value.get("name"), 200) or key]
                    for value in _items(item.get("values"))[:MOST_VALUES]
                    if (key := _text(value.get("key"), 200))
                ],
            }
            for item in _items(listed)[:MOST_ATTRIBUTES]
            if (name := _id(item.get("code"))) and str(item.get("variable")).lower() != "false"
        ]

    def create(self, fields: Parameters, files: Files = ()) -> tuple[str, str]:
        """Send a new request, and return its number there and its token; one of them, or both, may be empty.

        :raises RemoteError: when it was refused, or it is not known whether it has arrived.
        """
        answer = self._post("requests", fields, files)
        if not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
            raise RemoteError(
                _("The server has not said which number the report has there."), is_doubtful=True
            )
        found = answer[0]
        return _id(found.get("service_request_id")), _id(found.get("token"))

    def update(self, fields: Parameters) -> None:
        """Send an update of a request.

        :raises RemoteError: when it was refused, or it is not known whether it has arrived.
        """
        self._post("servicerequestupdates", fields)

    def request_of(self, token: str) -> str:
        """Return the number that a token stands for; empty if there is none yet, or the server does not know it.

        :raises RemoteError: when the server does not answer as it should.
        """
        try:
            found = _items(self._get(f"tokens/{quote(token, safe='')}"))
        except RemoteError as error:
            if error.status not in (404, 410):
                raise
            return ""
        return _id(found[0].get("service_request_id")) if found else ""

    def requests(self, ids: Sequence[str]) -> list[RemoteRequest]:
        """Return requests by their numbers; those that the server does not know are left out.

        :raises RemoteError: when the server does not answer as it should.
        """
        try:
            return self._requests([("service_request_id", ",".join(ids))])
        except RemoteError as error:
            if error.status != 404:
                raise
        if len(ids) == 1:
            return []
        # Some refuse the whole list for one that they do not know.
        return [found for one in ids for found in self.requests([one])]

    def latest(self, service_code: str, start: datetime, end: datetime) -> tuple[list[RemoteRequest], bool]:
        """Return the requests of a service in a time, and whether these are certainly all.

        :raises RemoteError: when the server does not answer as it should.
        """
        found = self._requests(
            [("service_code", service_code), ("start_date", _moment(start)), ("end_date", _moment(end))]
        )
        return found, len(found) < MOST

    def updates(self, start: datetime, end: datetime, page: int = 1) -> list[RemoteUpdate]:
        """Return a page of the updates of a time.

        :raises RemoteError: when the server does not answer as it should; 404 if it offers no updates.
        """
        more = [("page", str(page))] if page > 1 else []
        answer = self._get(
            "servicerequestupdates", [("start_date", _moment(start)), ("end_date", _moment(end)), *more]
        )
        return [
            RemoteUpdate(
                id=update_id,
                request_id=request_id,
                status=_text(item.get("status"), 40).lower(),
                text=_text(item.get("description"), 2000),
                at=_time(item.get("updated_datetime")),
            )
            for item in _items(answer)
            if (update_id := _id(item.get("update_id")))
            and (request_id := _id(item.get("service_request_id")))
        ]

    # -- calls ----------------------------------------------------------------------------------------------

    def _requests(self, parameters: Parameters) -> list[RemoteRequest]:
        answer = self._get("requests", parameters)
        found = [
            RemoteRequest(
                id=number,
                status=status
                if (status := _text(item.get("status"), 20).lower()) in ("open", "closed")
                else "",
                notes=_text(item.get("status_notes"), 300),
                description=_text(item.get("description"), 5000),
            )
            for item in _items(answer)
            if (number := _id(item.get("service_request_id")))
        ]
        # Nonsense must not look as if the server no longer knew our requests.
        if not isinstance(answer, list) or (answer and not found):
            raise RemoteError(_("The server did not answer as the standard says."))
        return found

    def _common(self) -> list[tuple[str, str]]:
        return [("jurisdiction_id", self._server.jurisdiction)] if self._server.jurisdiction else []

    def _get(self, what: str, parameters: Parameters = ()) -> object:
        query = urlencode([*self._common(), *parameters])
        # A server may show what a program has sent itself before others see it, as this portal does.
        headers = {"authorization": f"Bearer {self._server.api_key}"} if self._server.api_key else {}
        return self._call("GET", what, headers, query=query)

    def _post(self, what: str, fields: Parameters, files: Files = ()) -> object:
        sent = [*self._common(), *fields]
        if self._server.api_key:
            sent.append(("api_key", self._server.api_key))
        if files:
            content_type, body = multipart(sent, files)
        else:
            content_type = "application/x-www-form-urlencoded; charset=utf-8"
            body = urlencode(sent).encode()
        return self._call("POST", what, {"content-type": content_type}, body)

    def _call(
        self, method: str, what: str, headers: Mapping[str, str], body: bytes = b"", query: str = ""
    ) -> object:
        form, seconds = self._server.form, SEND_SECONDS if method == "POST" else 0
        sent = {"accept": FORMATS[form], "user-agent": "civicportal", **headers}
        if method == "POST":
            sent["content-length"] = str(len(body))
        address = f"{self._server.address}/{what}.{form}{'?' if query else ''}{query}"
        answer = self._client.request(method, address, sent, body, seconds=seconds)
        is_new = method == "POST"
        if answer.error is not None:
            raise RemoteError(
                self._reason(answer),
                status=answer.status,
                is_final=answer.status in (400, 404, 405, 406, 410, 413, 415, 422),
                is_doubtful=is_new and answer.was_sent and _may_be_done(answer.status),
                retry_after=answer.retry_after,
            )
        if not answer.is_whole:
            raise RemoteError(_("The answer of the server is too long or was cut off."), is_doubtful=is_new)
        try:
            return read(form, answer.body)
        except NotReadable:
            told = (
                _("The server did not answer in JSON.")
                if form == "json"
                else _("The server did not answer in XML.")
            )
            raise RemoteError(told, is_doubtful=is_new) from None

    def _reason(self, answer: DeliveryQueue.Client.Answer) -> TranslationString:
        assert answer.error is not None
        told = answer.excerpt(self._server.api_key)
        try:
            errors = read(self._server.form, answer.body)
            told = "; ".join(_text(one.get("description"), 200) for one in _items(errors)) or told
        except NotReadable:
            pass
        if not told.strip() or told.lstrip().startswith("<"):
            return answer.error
        shown = DeliveryQueue.Client.Answer(status=None, body=told[:300].encode()).excerpt(
            self._server.api_key
        )
        reason = self._site.localizer().translate(answer.error)
        return _("${reason} It says: ${words}", mapping={"reason": reason, "words": shown})


def multipart(fields: Parameters, files: Files) -> tuple[str, bytes]:
    """Return the content type and the body of a form with files."""
    boundary = secrets.token_hex(16)
    parts = list[bytes]()
    for name, value in fields:
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode()
        )
        parts.append(value.encode() + b"\r\n")
    for name, file, content_type, content in files:
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(file)}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n".encode()
        )
        parts.append(content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _may_be_done(status: int | None) -> bool:
    """Return whether a request with this answer, or without any, may have been stored."""
    return status is None or (status >= 500 and status != 503)


def _items(value: object) -> list[Mapping[str, object]]:
    return (
        [cast(Mapping[str, object], item) for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )


def _text(value: object, most: int) -> str:
    """Return a text or a number as a text of one line at most so long; an empty one for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in str(value)).strip()
    return text[:most]


def _id(value: object) -> str:
    """Return a number or a code; an empty text for what cannot be one."""
    text = _text(value, 200)
    return text if len(text) <= 100 and "\n" not in text and "," not in text else ""


def _time(value: object) -> datetime | None:
    try:
        return moment(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def in_groups(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the values in groups of at most so many."""
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]
