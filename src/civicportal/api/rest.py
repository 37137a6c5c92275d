"""Operations of the API for other software."""

from civicportal.web.rest.operations import Call, Listed, Operation

__all__ = ["Call", "Listed", "Operation"]
