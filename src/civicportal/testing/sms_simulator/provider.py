"""State and behaviour of the provider, without HTTP."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

from civicportal.util.values import Values

TEHRAN = timezone(timedelta(hours=3, minutes=30))
LINE = 30001234
SANDBOX_TEMPLATE = 123456
MOST_RECIPIENTS = 100
LONGEST_VALUE = 25
"""UTF-16 units."""
_PLACE = re.compile(r"#([A-Za-z]\w*)#")

OK = (200, 1, "موفق")
#: HTTP status, provider status and message of each refusal.
NO_SUCH_MESSAGE = (400, 111, "ارسالی با این شناسه ثبت نشده است")
BAD_LINE = (400, 101, "شماره خط نامعتبر است")
NO_CREDIT = (400, 102, "اعتبار کافی نیست")
NO_TEXT = (400, 103, "متن خالی است")
BAD_MOBILE = (400, 104, "موبایل نادرست است")
TOO_MANY_MOBILES = (400, 105, "بیش از ۱۰۰ موبایل")
NO_MOBILES = (400, 107, "لیست موبایل خالی است")
NO_TEMPLATE = (400, 113, "قالب یافت نشد")
LONG_VALUE = (400, 114, "مقدار پارامتر بیش از ۲۵ نویسه است")
BLACKLISTED = (400, 115, "شماره در لیست سیاه سامانه است")
MISSING_PARAMETER = (400, 116, "نام یک یا چند پارامتر مقداردهی نشده است")
NOT_FOUND = (404, 0, "نشانی یافت نشد")

Answer = tuple[int, Values]


@dataclass(kw_only=True)
class Sms:
    """A message accepted by the provider.

    :ivar mobile: as sent: ``09…``.
    :ivar template_id: None for a free text.
    :ivar delivery_state: 1 delivered … 8 unclear, None if unknown.
    :ivar pack_id: of its bulk call, 32 digits; empty for a template.
    """

    message_id: int
    mobile: str
    text: str
    sent_at: datetime
    line: int = LINE
    template_id: int | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    delivery_state: int | None = None
    pack_id: str = ""

    def record(self) -> Values:
        """Return it in the format of reports.

        The mobile is a number without the leading zero.
        """
        delivered = self.delivery_state is not None
        return {
            "messageId": self.message_id,
            "mobile": int(self.mobile),
            "messageText": self.text,
            "sendDateTime": int(self.sent_at.timestamp()),
            "lineNumber": self.line,
            "cost": 1.0,
            "deliveryState": self.delivery_state,
            "deliveryDateTime": int(self.sent_at.timestamp()) + 5 if delivered else None,
        }


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A message from a person to a line."""

    number: int
    mobile: str
    text: str
    received_at: datetime

    def record(self) -> Values:
        """Return it in the format of the list of unread messages."""
        return {
            "receiveReturnId": self.number,
            "messageText": self.text,
            "number": LINE,
            "mobile": int(self.mobile),
            "receivedDateTime": int(self.received_at.timestamp()),
        }


class Provider:
    """The state of the web service.

    :ivar now: its clock, replaced by tests.
    :ivar sent: accepted messages, in order; a test may change ``delivery_state``.
    :ivar received: messages to the line, in order.
    :ivar unread: those that were not fetched.
    :ivar templates: approved texts, with placeholders as ``#NAME#``.
    :ivar template: returns the text of a template id; by default from ``templates``.
    :ivar delivers: delivery state of new messages.
    :ivar blacklist: refused mobiles (``09…``).
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.sent: list[Sms] = []
        self.received: list[Inbound] = []
        self.unread: deque[Inbound] = deque()
        self.templates: dict[int, str] = {SANDBOX_TEMPLATE: "کد تایید شما: #CODE#"}
        self.template: Callable[[int], str | None] = lambda number: self.templates.get(number)
        self.delivers: int | None = None
        self.blacklist: set[str] = set()
        self.credit = 1000.0

    def receive(self, mobile: str, text: str) -> Inbound:
        """Receive a message from a person to the line.

        :param mobile: ``09…``.
        """
        number = len(self.received) + 1
        message = Inbound(number=number, mobile=mobile, text=text, received_at=self.now())
        self.received.append(message)
        self.unread.append(message)
        return message

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: Values, *, sandbox: bool
    ) -> Answer:
        """Answer a request with a valid key.

        :param path: in lower case, without ``/v1/``.
        """
        match method, path.split("/"):
            case "POST", ["send", "verify"]:
                return self._verify(body, sandbox)
            case "POST", ["send", "bulk"]:
                return self._bulk(body, sandbox)
            case "GET", ["send", "live"]:
                return _page(self._records(query, today=True), query)
            case "GET", ["send", "archive"]:
                return _page(self._records(query, today=False), query)
            case "GET", ["send", "pack"]:
                return _page(self._packs(), query)
            case "GET", ["send", "pack", pack_id]:
                found = [sms.record() for sms in self.sent if sms.pack_id == pack_id.replace("-", "")]
                return _done(found) if found else _refused(NO_SUCH_MESSAGE)
            case "GET", ["send", number] if number.isdigit():
                found = [sms.record() for sms in self.sent if sms.message_id == int(number)]
                return _done(found[0]) if found else _refused(NO_SUCH_MESSAGE)
            case "GET", ["receive", "latest"]:
                count = min(int(query.get("count", 100)), 100, len(self.unread))
                return _done([self.unread.popleft().record() for _ in range(count)])
            case "GET", ["receive", "live"]:
                return _page(self._received(query), query)
            case "GET", ["credit"]:
                return _done(self.credit)
            case "GET", ["line"]:
                return _done([LINE])
        return _refused(NOT_FOUND)

    def _verify(self, body: Values, sandbox: bool) -> Answer:
        mobile, number = body["mobile"], body["templateId"]
        parameters = {item["name"]: item["value"] for item in body["parameters"]}
        text = self.template(number) if not sandbox or number == SANDBOX_TEMPLATE else None
        if not _is_mobile(mobile):
            return _refused(BAD_MOBILE)
        if text is None:
            return _refused(NO_TEMPLATE)
        if any(len(value.encode("utf-16-le")) > 2 * LONGEST_VALUE for value in parameters.values()):
            return _refused(LONG_VALUE)
        if not parameters.keys() >= set(_PLACE.findall(text)):
            return _refused(MISSING_PARAMETER)
        text = _PLACE.sub(lambda place: parameters[place[1]], text)
        if mobile in self.blacklist:
            return _refused(BLACKLISTED)
        if self.credit < 1:
            return _refused(NO_CREDIT)
        sms = self._take(mobile, text, sandbox, template_id=number, parameters=parameters)
        return _done({"messageId": sms.message_id, "cost": 1.0})

    def _bulk(self, body: Values, sandbox: bool) -> Answer:
        mobiles, text = body["mobiles"], body["messageText"]
        if body["lineNumber"] != LINE:
            return _refused(BAD_LINE)
        if not text:
            return _refused(NO_TEXT)
        if not mobiles:
            return _refused(NO_MOBILES)
        if len(mobiles) > MOST_RECIPIENTS:
            return _refused(TOO_MANY_MOBILES)
        if self.credit < len(mobiles):
            return _refused(NO_CREDIT)
        pack = uuid4()
        ids = [self._take_one(mobile, text, sandbox, pack.hex) for mobile in mobiles]
        taken = sum(1 for number in ids if number)
        return _done({"packId": str(pack), "messageIds": ids, "cost": float(taken)})

    def _take_one(self, mobile: str, text: str, sandbox: bool, pack_id: str) -> int | None:
        """Accept a message of a bulk call.

        :returns: its id, 0 for a blacklisted number, None for an invalid one.
        """
        if mobile in self.blacklist:
            return 0
        return self._take(mobile, text, sandbox, pack_id=pack_id).message_id if _is_mobile(mobile) else None

    def _take(
        self,
        mobile: str,
        text: str,
        sandbox: bool,
        *,
        template_id: int | None = None,
        parameters: dict[str, str] | None = None,
        pack_id: str = "",
    ) -> Sms:
        number = 89545112 + len(self.sent)
        sms = Sms(
            message_id=number,
            mobile=mobile,
            text=text,
            sent_at=self.now(),
            delivery_state=self.delivers,
            template_id=template_id,
            parameters=parameters or {},
            pack_id=pack_id,
        )
        if not sandbox:
            self.sent.append(sms)
            self.credit -= 1
        return sms

    def _packs(self) -> list[Values]:
        """Return today's bulk calls, latest first."""
        midnight, packs = self._midnight(), dict[str, list[Sms]]()
        for sms in self.sent:
            if sms.pack_id and sms.sent_at >= midnight:
                packs.setdefault(sms.pack_id, []).append(sms)
        return [
            {
                "packId": pack_id,
                "recipientCount": len(messages),
                "creationDateTime": int(messages[0].sent_at.timestamp()),
            }
            for pack_id, messages in reversed(packs.items())
        ]

    def _received(self, query: Mapping[str, str]) -> Sequence[Values]:
        """Return today's inbound messages, read or not, in a format without ids."""
        midnight = self._midnight()
        today = [
            {name: value for name, value in message.record().items() if name != "receiveReturnId"}
            for message in self.received
            if message.received_at >= midnight
        ]
        return today[::-1] if query.get("sortByNewest", "").lower() == "true" else today

    def _midnight(self) -> datetime:
        return self.now().astimezone(TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0)

    def _records(self, query: Mapping[str, str], *, today: bool) -> list[Values]:
        midnight = self._midnight()
        since, until = int(query.get("fromDate", 0)), int(query.get("toDate", 2**40))
        return [
            sms.record()
            for sms in self.sent
            if (sms.sent_at >= midnight) is today and since <= sms.sent_at.timestamp() <= until
        ]


def _is_mobile(mobile: str) -> bool:
    return len(mobile) == 11 and mobile.startswith("09") and mobile.isdigit()


def _page(records: Iterable[Values], query: Mapping[str, str]) -> Answer:
    size, number = int(query.get("pageSize", 100)), int(query.get("pageNumber", 1))
    return _done(list(records)[(number - 1) * size : number * size])


def _done(data: object) -> Answer:
    code, status, words = OK
    return code, {"status": status, "message": words, "data": data}


def _refused(reason: tuple[int, int, str]) -> Answer:
    code, status, words = reason
    return code, {"status": status, "message": words, "data": None}
