"""Public data as files for everybody."""

from civicportal.portal.opendata.datasets import OpenDataset

__all__ = ["OpenDataset"]
