"""What ``site.toml`` says of sms.ir."""

from civicportal.api import Table, string


class SmsIrSettings(Table):
    """``[plugins.sms_ir]``.

    :ivar api_key: key of the web service, from the environment or a file.
    :ivar line: number of the line for free texts.
    """

    api_key = string("")
    line = string("")
