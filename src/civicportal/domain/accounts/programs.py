"""Accounts of programs.

They are in a higher package: what accounts need of them is declared here and implemented there.
"""

from typing import TYPE_CHECKING

from civicportal.core.security import Identity
from civicportal.core.work import Service

if TYPE_CHECKING:
    from civicportal.domain.accounts.models import User


class ProgramRights(Service):
    """Rights of programs; :mod:`civicportal.domain.tokens.services` implements it."""

    def identity_of(self, user: "User") -> Identity:
        """Return a program with the rights that its tokens have now; none after they were revoked.

        :param user: its account.
        """
        raise NotImplementedError
