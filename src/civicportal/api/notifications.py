"""Texts to people: notifications, broadcasts, and gateways that send them."""

from civicportal.core.messages import (
    CannotTell,
    Configuration,
    Message,
    MessageText,
    Permanent,
    Receipt,
    Reply,
    SendError,
    Transient,
    Uncertain,
)
from civicportal.domain.notifications.arrivals import Arrival, ArrivalService
from civicportal.domain.notifications.broadcasts import BatchProgress, BroadcastLane
from civicportal.domain.notifications.choices import Choices, ChoiceService, wants
from civicportal.domain.notifications.gate import GateService
from civicportal.domain.notifications.inbound import InboundService, answer_inbound
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.notifications.notices import NOTICE
from civicportal.domain.notifications.reminders import ReminderService
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.sms import SmsLength, cut_units, sms_parts

__all__ = [
    "NOTICE",
    "Arrival",
    "ArrivalService",
    "BatchProgress",
    "BroadcastLane",
    "CannotTell",
    "ChoiceService",
    "Choices",
    "Configuration",
    "GateService",
    "InboundMessage",
    "InboundService",
    "Message",
    "MessageText",
    "NotificationService",
    "Permanent",
    "Receipt",
    "ReminderService",
    "Reply",
    "SendError",
    "SmsLength",
    "Transient",
    "Uncertain",
    "answer_inbound",
    "cut_units",
    "sms_parts",
    "wants",
]
