"""Hook implementations of the sms_ir plugin."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import colander
from pyramid.config import Configurator

from civicportal.api.database import Work
from civicportal.api.notifications import Message, Receipt, SendError
from civicportal.api.plugins import Finding, Job, PluginModels, Site, hookimpl
from civicportal_sms_ir import credit, deliveries, doctor, inbound, sending
from civicportal_sms_ir.models import SmsIrBase
from civicportal_sms_ir.schemas import SmsIrSettings
from civicportal_sms_ir.settings import is_in_use, refuse_unfit

JOBS = (
    Job(name="sms_ir.missed", every=timedelta(minutes=10), lane="messages", run=inbound.poll_missed),
    Job(name="sms_ir.deliveries", every=timedelta(minutes=1), run=deliveries.poll_deliveries),
    Job(name="sms_ir.credit", every=timedelta(minutes=15), run=credit.poll_credit),
    Job(name="sms_ir.forget", at="01:50", run=deliveries.forget_deliveries),
)

if TYPE_CHECKING:
    from civicportal_sms_ir.demo import SimulatedPhones


@hookimpl
def register_settings() -> colander.SchemaNode:
    """Return the schema of ``[plugins.sms_ir]``."""
    return SmsIrSettings()


@hookimpl
def register_models() -> PluginModels:
    """Return the plugin's tables."""
    folder = Path(str(files("civicportal_sms_ir") / "migrations"))
    return PluginModels(prefix="sms_ir", metadata=SmsIrBase.metadata, migrations=folder)


@hookimpl
def includeme(config: Configurator) -> None:
    """Refuse to start with invalid settings; there are no pages."""
    refuse_unfit(config.registry.site)


@hookimpl
def register_jobs(site: Site) -> Iterable[Job]:
    """Return the polling jobs, if the site sends with sms.ir."""
    refuse_unfit(site)
    if not is_in_use(site):
        return ()
    # Users of a demo telephone wait for the answer.
    pause = timedelta(seconds=1 if site.is_demo else 30)
    return (Job(name="sms_ir.inbound", every=pause, lane="messages", run=inbound.poll_inbound), *JOBS)


@hookimpl
def send_message(message: Message, site: Site) -> Receipt:
    """Send a message with sms.ir."""
    return sending.send(message, site)


@hookimpl
def send_messages(messages: Sequence[Message], site: Site) -> Sequence[Receipt | SendError]:
    """Send one text to several people with sms.ir."""
    return sending.send_at_once(messages, site)


@hookimpl
def demo_phones(site: Site) -> "AbstractContextManager[SimulatedPhones]":
    """Run a simulator of sms.ir on this machine."""
    from civicportal_sms_ir import demo

    return demo.run(site)


@hookimpl
def load_demo(site: Site) -> None:
    """Delete the messages of an earlier demo."""
    from civicportal_sms_ir import demo

    demo.forget(site)


@hookimpl
def check_site(work: Work) -> Iterable[Finding]:
    """Return findings about the account, the templates and delivery."""
    return doctor.findings(work)
