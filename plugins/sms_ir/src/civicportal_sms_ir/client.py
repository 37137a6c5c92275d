"""Client of sms.ir's REST API v1."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from civicportal.api.notifications import PermanentFailure, SmsLength, TransientFailure, UncertainDelivery
from civicportal.api.plugins import Site
from civicportal_sms_ir.answers import NoSuchMessage, read
from civicportal_sms_ir.exchange import HttpRequest, exchange
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.records import (
    Pack,
    Received,
    Record,
    every,
    line_of,
    pack_of,
    readable,
    received_of,
    record_of,
)
from civicportal_sms_ir.schemas import is_loopback
from civicportal_sms_ir.settings import Settings

PAGE_SIZE = 100
LONGEST_VALUE = 25
"""Maximum UTF-16 units of a template parameter."""


class SmsIr:
    """The web service.

    Every call raises TransientFailure, GatewayMisconfigured or PermanentFailure; one that sends also UncertainDelivery.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._settings = Settings.of(site)

    def verify(self, mobile: str, template_id: int, parameters: Mapping[str, str]) -> str | None:
        """Send a template and return the id of the message.

        :param mobile: E.164.
        :param parameters: by their names in the panel; truncated if too long.
        """
        body = {
            "mobile": _national(mobile),
            "templateId": template_id,
            "parameters": [{"name": name, "value": fitting(value)} for name, value in parameters.items()],
        }
        data = self._call("POST", "send/verify", body=body, sends=True)
        return _number(data, "messageId")

    def bulk(self, line: int, text: str, mobiles: list[str]) -> list[str | None]:
        """Send one text to up to 100 people.

        :returns: "0" for a blacklisted number, None for an invalid one.
        """
        body = {
            "lineNumber": line,
            "messageText": text,
            "mobiles": [_national(mobile) for mobile in mobiles],
            "sendDateTime": None,
        }
        data = self._call("POST", "send/bulk", body=body, sends=True)
        try:
            numbers = [None if number is None else str(int(number)) for number in data["messageIds"]]
        except (KeyError, TypeError, ValueError):
            raise UncertainDelivery(_("it says sent, but not what")) from None
        if len(numbers) != len(mobiles):
            raise UncertainDelivery(_("it says sent, but not to whom"))
        return numbers

    def message(self, message_id: str) -> Record | None:
        """Return a message by id, else None."""
        try:
            return every(record_of, [self._call("GET", f"send/{int(message_id)}")])[0]
        except NoSuchMessage:
            return None

    def live(self, page: int) -> list[Record]:
        """Return up to 100 messages sent today."""
        query = {"pageSize": PAGE_SIZE, "pageNumber": page}
        return every(record_of, self._call("GET", "send/live", query=query))

    def archive(self, first: datetime, last: datetime, page: int) -> list[Record]:
        """Return up to 100 messages sent before today."""
        query = {"fromDate": int(first.timestamp()), "toDate": int(last.timestamp())}
        query |= {"pageSize": PAGE_SIZE, "pageNumber": page}
        return every(record_of, self._call("GET", "send/archive", query=query))

    def packs(self, page: int) -> list[Pack]:
        """Return up to 100 of today's bulk calls."""
        query = {"pageSize": PAGE_SIZE, "pageNumber": page}
        return every(pack_of, self._call("GET", "send/pack", query=query))

    def pack(self, pack_id: str) -> list[Record]:
        """Return the messages of a bulk call."""
        return every(record_of, self._call("GET", f"send/pack/{quote(pack_id, safe='')}"))

    def receive_latest(self) -> list[Received]:
        """Return up to 100 unread inbound messages.

        The provider never returns them here again.
        """
        return readable(received_of, self._call("GET", "receive/latest", query={"count": PAGE_SIZE}))

    def receive_live(self, page: int) -> list[Received]:
        """Return up to 100 messages received today, read or not, newest first."""
        query: dict[str, int | str] = {"pageSize": PAGE_SIZE, "pageNumber": page, "sortByNewest": "true"}
        return readable(received_of, self._call("GET", "receive/live", query=query))

    def credit(self) -> float:
        """Return the remaining credit, in messages."""
        data = self._call("GET", "credit")
        if not isinstance(data, int | float):
            raise TransientFailure(_("an answer that is no number"))
        return float(data)

    def lines(self) -> list[int]:
        """Return the numbers of the account's lines."""
        return every(line_of, self._call("GET", "line"))

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, int | str] | None = None,
        sends: bool = False,
    ) -> Any:
        request = HttpRequest(
            method=method,
            url=f"{self._settings.base_url}/v1/{path}",
            headers={"X-API-KEY": self._settings.api_key, "Accept": "application/json"},
            body=body,
            query=query,
            direct=is_loopback(self._settings.base_url),
        )
        try:
            return read(exchange(request), self._site.clock.now())
        except UncertainDelivery as error:
            if sends:
                raise
            # A reading request can be repeated.
            raise TransientFailure(error.words) from error


def fitting(value: str) -> str:
    """Return a value as a parameter: one line, truncated, never empty."""
    return SmsLength.cut(" ".join(value.split()), LONGEST_VALUE).strip() or "-"


def is_iranian(mobile: str) -> bool:
    """Return whether the provider can reach this number; E.164."""
    return mobile.startswith("+98")


def _national(mobile: str) -> str:
    if not is_iranian(mobile):
        raise PermanentFailure(_("not an Iranian mobile number"))
    return "0" + mobile.removeprefix("+98")


def _number(data: object, name: str) -> str | None:
    number = data.get(name) if isinstance(data, dict) else None
    return str(number) if isinstance(number, int) and number > 0 else None
