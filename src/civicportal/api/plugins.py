"""Hooks, models, jobs, checks and errors of plugins."""

from civicportal.cli.options import load_site
from civicportal.core.checks import Finding
from civicportal.core.jobs import Job
from civicportal.core.plugins import PluginModels, hookimpl
from civicportal.core.site import Site
from civicportal.util.errors import ConfigurationError, Conflict, Forbidden, NotFound, Refused

__all__ = [
    "ConfigurationError",
    "Conflict",
    "Finding",
    "Forbidden",
    "Job",
    "NotFound",
    "PluginModels",
    "Refused",
    "Site",
    "hookimpl",
    "load_site",
]
