"""Requests to servers whose addresses an administrator has named."""
