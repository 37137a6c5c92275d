"""The plugin's settings as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from civicportal.api.notifications import Message
from civicportal.api.plugins import ConfigurationError, Site
from civicportal_sms_ir.schemas import is_loopback

NAME = "sms_ir"
TABLE = f"plugins.{NAME}"
UNREACHABLE = "http://127.0.0.1:9"
"""An unreachable URL: while no server of a demo runs, nothing is sent."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template of the panel.

    :ivar parameters: placeholder of the text → name of the parameter.
    """

    number: int
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """``[plugins.sms_ir]``, validated.

    :ivar line: None without one.
    :ivar templates: by the key of the text, or ``<key>@<language>``.
    """

    api_key: str
    line: int | None
    base_url: str
    templates: Mapping[str, Template]
    sandbox: bool
    opt_out: str
    low_credit: float

    @classmethod
    def of(cls, site: Site) -> "Settings":
        """Return the settings of a site.

        A demo always sends to a simulator on this machine.
        """
        if site.is_demo:
            from civicportal_sms_ir import demo

            return demo.settings_of(site)
        table = site.plugin_settings[NAME]
        templates = {
            key: Template(number=value["id"], parameters=value["parameters"])
            for key, value in table["templates"].items()
        }
        return cls(
            **{
                **table,
                "templates": templates,
                "line": int(table["line"]) if table["line"] else None,
                "base_url": table["base_url"].rstrip("/"),
            }
        )

    def template(self, message: Message) -> Template | None:
        """Return the template of a message, in its own language if there is one, else in the site's."""
        return self.templates.get(f"{message.kind}@{message.locale}") or self.templates.get(message.kind)


def is_in_use(site: Site) -> bool:
    """Return whether the site sends with sms.ir."""
    return site.transport == NAME


def refuse_unfit(site: Site) -> None:
    """Refuse to start with settings with which nothing can be sent.

    :raises ConfigurationError: names the TOML path.
    """
    if not is_in_use(site) or site.is_demo:
        return
    settings = Settings.of(site)
    if not settings.api_key:
        raise ConfigurationError(f"{site.path}: {TABLE}.api_key: the transport {NAME} needs a key")
    if site.is_production and is_loopback(settings.base_url):
        raise ConfigurationError(
            f"{site.path}: {TABLE}.base_url: {settings.base_url!r} is not for production"
        )
