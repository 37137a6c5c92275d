"""Calls of the site's transport, which never raise."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from civicportal.core.messages import Message, PermanentFailure, SendError, UncertainDelivery
from civicportal.domain.notifications import transports
from civicportal.domain.notifications.outcomes import Outcome
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)


def send(site: "Site", messages: Sequence[Message]) -> Sequence[Outcome]:
    """Send messages of one text in one call and return their outcomes.

    :param messages: at least one; several only if the transport supports it.
    """
    try:
        return _send(site, messages)
    except SendError as error:
        return [error] * len(messages)
    except Exception as error:
        log.exception("the transport %s crashed", site.transport)
        words = _("the transport crashed: ${error}", mapping={"error": type(error).__name__})
        return [UncertainDelivery(words)] * len(messages)


def _send(site: "Site", messages: Sequence[Message]) -> Sequence[Outcome]:
    if not messages[0].text:
        raise PermanentFailure(_("its words are gone: the challenge or the person was erased"))
    if len(messages) == 1:
        return [transports.ask(site, messages[0])]
    return transports.ask_at_once(site, messages)
