"""Errors of members, roles and invitations."""

from civicportal.util.errors import NotPossible
from civicportal.util.i18n import _


class UsernameTaken(NotPossible):
    """The user name is taken, or reserved by an invitation."""

    def __init__(self) -> None:
        super().__init__(_("This user name is taken."))


class NumberTaken(NotPossible):
    """The mobile number belongs to a person who cannot be invited."""


class LastAdministrator(NotPossible):
    """The portal would be left without an administrator."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator: at least one must remain."))
