"""The table ``[open_data]`` of ``site.toml``."""

from civicportal.core import settings_values as values
from civicportal.util.toml_types import Table, boolean, string, strings

CC_BY = "https://creativecommons.org/licenses/by/4.0/"


class OpenDataTable(Table):
    """``[open_data]``: files for everybody, with public data of the portal.

    :ivar enabled: whether there are such files, and the page that lists them.
    :ivar at: time of the day at which they are built.
    :ivar without: names of data sets that the city does not publish, as the page lists them.
    :ivar licence: address of the licence; by default Creative Commons Attribution 4.0.
    :ivar licence_name: its name, as pages show it.
    :ivar embed_hosts: hosts whose pages may show the table of figures in a frame, for instance "www.example.org"; empty
        for none.
    """

    enabled = boolean(False)
    at = string("03:20", validator=values.time_of_day)
    without = strings(())
    licence = string(CC_BY, validator=values.endpoint)
    licence_name = string("Creative Commons Attribution 4.0")
    embed_hosts = strings((), validator=values.host_names)
