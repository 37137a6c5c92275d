"""Texts to people: notifications, broadcasts, and gateways that send them."""

from civicportal.core.messages import (
    GatewayMisconfigured,
    LookupFailed,
    Message,
    MessageText,
    PermanentFailure,
    Receipt,
    Reply,
    SendError,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.domain.notifications.broadcasts import BroadcastLane
from civicportal.domain.notifications.choices import PreferenceService
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.inbound import InboundService
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.sms import SmsLength

__all__ = [
    "BroadcastLane",
    "GatewayMisconfigured",
    "InboundMessage",
    "InboundService",
    "LookupFailed",
    "Message",
    "MessageText",
    "NotificationService",
    "PermanentFailure",
    "PreferenceService",
    "Receipt",
    "Reply",
    "SendError",
    "SendingGateService",
    "SmsLength",
    "TransientFailure",
    "UncertainDelivery",
]
