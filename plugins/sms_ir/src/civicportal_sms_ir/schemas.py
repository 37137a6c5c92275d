"""What ``site.toml`` says of sms.ir."""

from civicportal.api import SettingsTable, setting_string


class SmsIrSettings(SettingsTable):
    """``[plugins.sms_ir]``.

    :ivar api_key: key of the web service, from the environment or a file.
    :ivar line: number of the line for free texts.
    """

    api_key = setting_string("")
    line = setting_string("")
