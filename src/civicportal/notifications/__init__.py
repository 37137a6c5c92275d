"""Notices to citizens: texts, outbox, transports."""
