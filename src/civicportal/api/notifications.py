"""Texts to people: notifications, broadcasts, and gateways that send them."""

from civicportal.core.messages import (
    Configuration,
    LookupFailed,
    Message,
    MessageText,
    Permanent,
    Receipt,
    Reply,
    SendError,
    Transient,
    Uncertain,
)
from civicportal.domain.notifications.broadcasts import BroadcastLane
from civicportal.domain.notifications.choices import PreferenceService
from civicportal.domain.notifications.gate import GateService
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.sms import SmsLength

__all__ = [
    "BroadcastLane",
    "Configuration",
    "GateService",
    "InboundMessage",
    "InboundService",
    "LookupFailed",
    "Message",
    "MessageText",
    "NotificationService",
    "Permanent",
    "PreferenceService",
    "Receipt",
    "Reply",
    "SendError",
    "SmsLength",
    "Transient",
    "Uncertain",
]
