"""The provider of a demo: a simulator.

The server runs it. The worker, another process, finds its URL in a file beside the demo's other files, and uses it like
the real one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from translationstring import TranslationString

from civicportal.api.database import Work
from civicportal.api.demo import PhoneMessage
from civicportal.api.notifications import NotificationService
from civicportal.api.plugins import Site
from civicportal.testing.sms_simulator import API_KEY, LINE, Mode, SmsSimulator
from civicportal_sms_ir.i18n import _
from civicportal_sms_ir.settings import UNREACHABLE, Settings, Template
from civicportal_sms_ir.wording import FIRST_NUMBER, panel_words, parameters_of

ARRIVED = 1
CREDIT = 5000.0
MOST_MESSAGES = 40
MODES = {
    "ok": _("answers well"),
    "hang": _("does not answer"),
    "lost": _("sends, but its answers are lost"),
    "500": _("is out of order"),
    "429": _("wants fewer requests"),
    "bad_key": _("refuses the key"),
    "no_credit": _("says that the credit is used up"),
    "html": _("is hidden by the page of a proxy"),
}


def folder_of(site: Site) -> Path:
    """Return the folder of the simulator's ledger and URL."""
    return Path(site.settings["site"]["files"]).resolve().parent / "sms_ir"


def settings_of(site: Site) -> Settings:
    """Return the settings of a demo."""
    address = folder_of(site) / "address"
    table = site.plugin_settings["sms_ir"]
    return Settings(
        api_key=API_KEY,
        line=LINE,
        base_url=address.read_text() if address.is_file() else UNREACHABLE,
        templates={
            f"{key}@{locale}": Template(number=number, parameters=parameters_of(site, key))
            for number, (key, locale) in _numbered(site).items()
        },
        sandbox=False,
        opt_out=table["opt_out"],
        low_credit=table["low_credit"],
    )


def forget(site: Site) -> None:
    """Delete the messages of an earlier demo."""
    (folder_of(site) / "ledger.jsonl").unlink(missing_ok=True)


@contextmanager
def run(site: Site) -> Iterator["SimulatedPhones"]:
    """Run the simulator, and yield its telephones."""
    folder = folder_of(site)
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    simulator = SmsSimulator(folder / "ledger.jsonl", keep=True)
    try:
        simulator.template = _panel_of(site)
        simulator.delivers, simulator.credit = ARRIVED, CREDIT
        simulator.now = site.clock.now
        address.write_text(simulator.url)
        yield SimulatedPhones(simulator, site)
    finally:
        address.unlink(missing_ok=True)
        simulator.close()


class SimulatedPhones:
    """The telephones that show the simulator's messages."""

    modes: Mapping[str, TranslationString] = MODES

    def __init__(self, simulator: SmsSimulator, site: Site) -> None:
        self.simulator = simulator
        self._country = site.country

    @property
    def mode(self) -> str:
        """Return the current behaviour of the provider."""
        return self.simulator.mode

    def behave(self, mode: str) -> None:
        """Change the behaviour of the provider."""
        self.simulator.behave(cast("Mode", mode))

    def counts(self, work: Work) -> Mapping[str, int]:
        """Return the number of messages by telephone number, the one with the latest message first."""
        counts: dict[str, int] = {}
        for sms in reversed(self.simulator.sent):
            counts[sms.mobile] = counts.get(sms.mobile, 0) + 1
        return {self._country.normalize_mobile(mobile): number for mobile, number in counts.items()}

    def messages(self, work: Work, number: str) -> Sequence[PhoneMessage]:
        """Return the messages of a telephone, latest first."""
        mobile = self._country.display_mobile(number)
        found = [
            PhoneMessage(text=sms.text, at=sms.sent_at) for sms in self.simulator.sent if sms.mobile == mobile
        ]
        found += [
            PhoneMessage(text=message.text, at=message.received_at, own=True)
            for message in self.simulator.received
            if message.mobile == mobile
        ]
        return sorted(found, key=lambda message: message.at)[: -MOST_MESSAGES - 1 : -1]

    def answer(self, work: Work, number: str, text: str) -> None:
        """Send a message from a telephone to the city's number."""
        self.simulator.receive(self._country.display_mobile(number), text)


def _numbered(site: Site) -> dict[int, tuple[str, str]]:
    """Return (key of a text, language) by template id."""
    pairs = [(key, locale) for key in sorted(site.messages) for locale in site.languages]
    return dict(enumerate(pairs, FIRST_NUMBER))


def _panel_of(site: Site) -> Callable[[int], str | None]:
    """Return a panel in which each text of the site is a template."""
    numbered = _numbered(site)

    def template(number: int) -> str | None:
        if number not in numbered:
            return None
        key, locale = numbered[number]
        with site.work(write=False) as work:
            texts = work.get(NotificationService).texts
            return panel_words(texts.wording(key, locale) or "", texts.values(key, {}))

    return template
