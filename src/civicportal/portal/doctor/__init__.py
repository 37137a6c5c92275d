"""Findings about a portal and the machine it runs on."""
