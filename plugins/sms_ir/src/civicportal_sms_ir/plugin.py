"""The gateway of sms.ir: its settings."""

import colander

from civicportal.api import hookimpl
from civicportal_sms_ir.schemas import SmsIrSettings


@hookimpl
def register_settings() -> colander.SchemaNode:
    """Return the schema of ``[plugins.sms_ir]``."""
    return SmsIrSettings()
