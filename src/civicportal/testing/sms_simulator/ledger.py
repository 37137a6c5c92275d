"""The ledger of requests and inbound messages."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from civicportal.testing.sms_simulator.provider import Inbound, Provider, Sms
from civicportal.util.values import Values


class Ledger:
    """A file of JSON lines.

    :ivar path: created if missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def write(self, entry: Values) -> None:
        """Append a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False, default=datetime.isoformat) + "\n")

    def clear(self) -> None:
        """Delete all lines."""
        self.path.write_text("", encoding="utf-8")

    def entries(self, path: str = "") -> list[Values]:
        """Return the lines.

        :param path: only those with this path: ``send/verify``.
        """
        # Another process may be writing the last one.
        *lines, _begun = self.path.read_text(encoding="utf-8").split("\n")
        return [entry for entry in map(json.loads, lines) if not path or entry["path"] == path]

    def recall(self, provider: Provider) -> None:
        """Restore the state of a provider from an earlier run."""
        shown: set[int] = set()
        for entry in self.entries():
            provider.sent += [Sms(**_timed(values, "sent_at")) for values in entry.get("sent", ())]
            provider.received += [
                Inbound(**_timed(values, "received_at")) for values in entry.get("received", ())
            ]
            shown.update(entry.get("shown", ()))
        provider.unread.extend(message for message in provider.received if message.number not in shown)


def written(messages: Iterable[Sms | Inbound]) -> list[Values]:
    """Return messages in the format of the ledger."""
    return [asdict(message) for message in messages]


def _timed(values: Values, name: str) -> Values:
    return {**values, name: datetime.fromisoformat(values[name])}
