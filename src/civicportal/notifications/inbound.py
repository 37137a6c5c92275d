"""Answering what people send to the city's line."""

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.accounts.models import User
from civicportal.cases.models import Case
from civicportal.i18n import latin_digits
from civicportal.notifications.models import InboundMessage
from civicportal.notifications.notices import Facts, Notices
from civicportal.notifications.types import Reply

if TYPE_CHECKING:
    from civicportal.work import Work

_CODE = re.compile(r"(?<!\d)\d{10}(?!\d)")


def answer(message: InboundMessage, work: "Work") -> Reply | None:
    """Answer a tracking code from its citizen's own number with status and date.

    :returns: None for anything else: whoever sends the code of somebody else learns nothing.
    """
    codes = _CODE.findall(latin_digits(re.sub(r"(?<=\d)[ -](?=\d)", "", message.text)))
    if len(codes) != 1:
        return None
    case = work.session.scalar(
        select(Case)
        .join(User, User.id == Case.citizen_id)
        .where(Case.code == codes[0], User.mobile == message.sender)
    )
    if case is None:
        return None
    facts = Facts(status=case.status, moment=case.updated_at, unit_id=case.unit_id)
    fields = work.get(Notices).fields(case, facts, work.site.locale)
    return Reply(kind=f"{case.kind}.status", fields=fields)
