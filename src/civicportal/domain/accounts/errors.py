"""Errors of members, roles and invitations."""

from civicportal.util.errors import Refused
from civicportal.util.i18n import _


class UsernameTaken(Refused):
    """The user name is taken, or reserved by an invitation."""

    def __init__(self) -> None:
        super().__init__(_("This user name is taken."))


class NumberTaken(Refused):
    """The mobile number belongs to a person who cannot be invited."""


class LastAdministrator(Refused):
    """The portal would be left without an administrator."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator: at least one must remain."))
