"""Requests to the addresses of webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from translationstring import TranslationString

from civicportal.core.outgoing.addresses import Network
from civicportal.core.outgoing.client import GuardedClient
from civicportal.domain.webhooks.signing import PREFIX


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """The result of one request.

    :ivar at: when it was sent.
    :ivar status: of the answer; None if there was none.
    :ivar error: why it failed; None for a success.
    :ivar answer: beginning of the answer's body, as it may be stored.
    :ivar retry_after: seconds for which the receiver wants to be left alone.
    """

    at: datetime
    status: int | None
    milliseconds: int
    error: TranslationString | None = None
    answer: str = ""
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver wants no events any more."""
        return self.status == 410

    @property
    def is_about_receiver(self) -> bool:
        """Return whether the next event would meet the same failure: no answer, too many requests, overload."""
        return self.error is not None and (self.status is None or self.status in (410, 429, 502, 503, 504))


class WebhookConnection(GuardedClient):
    """A connection to the address of a webhook, kept for several events.

    :param private: private networks that are allowed.
    :param public: whether public addresses are allowed.
    """

    def __init__(self, address: str, private: Sequence[Network], *, public: bool = True) -> None:
        super().__init__(private, public=public)
        self.address = address

    def send(
        self, headers: Mapping[str, str], body: bytes, at: datetime, secrets: Sequence[str] = ()
    ) -> SendResult:
        """Send one event; a failure is a result too.

        :param at: the present time.

        :param secrets: texts that must not be stored if the receiver repeats them.
        """
        answer = self.request("POST", self.address, headers, body)
        return SendResult(
            at=at,
            status=answer.status,
            milliseconds=answer.milliseconds,
            error=answer.error,
            answer=answer.excerpt(*secrets, *(secret.removeprefix(PREFIX) for secret in secrets)),
            retry_after=answer.retry_after,
        )
