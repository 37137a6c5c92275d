"""A simulated SMS provider for tests."""

from civicportal.testing.sms_simulator.provider import LINE, Inbound, Sms
from civicportal.testing.sms_simulator.server import API_KEY, MODES, SANDBOX_KEY, Mode, SmsSimulator

__all__ = ["API_KEY", "LINE", "MODES", "SANDBOX_KEY", "Inbound", "Mode", "Sms", "SmsSimulator"]
