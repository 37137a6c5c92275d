"""Measuring a served portal over HTTP, and beside it the least that the same machine can do."""
