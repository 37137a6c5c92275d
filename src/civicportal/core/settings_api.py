"""The table ``[api]`` of ``site.toml``."""

import colander

from civicportal.util.toml_types import Table, boolean, number, string


class ApiTable(Table):
    """``[api]``: programs that use the portal. An administrator can change the first two on the settings page.

    :ivar enabled: whether there is an API; without it no token opens anything.
    :ivar personal: who may make tokens for programs of their own: "staff", "everybody", or "none".
    :ivar days: days that a personal token is valid, if its maker chooses no other time.
    :ivar most_days: maximum of days that a personal token is valid.
    :ivar client_days: days that the token of a machine is valid.
    :ivar remind_days: days before the end of a token on which its owner is reminded by SMS; 0 for never.
    """

    enabled = boolean(True)
    personal = string("staff", validator=colander.OneOf(("staff", "everybody", "none")))
    days = number(90, validator=colander.Range(1, 366))
    most_days = number(365, validator=colander.Range(1, 366))
    client_days = number(365, validator=colander.Range(1, 3660))
    remind_days = number(7, validator=colander.Range(0, 60))
