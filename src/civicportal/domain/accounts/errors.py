"""What is refused of members, roles and invitations."""

from civicportal.util.errors import NotPossible
from civicportal.util.i18n import _


class UsernameTaken(NotPossible):
    """Somebody else has the user name, or is invited with it."""

    def __init__(self) -> None:
        super().__init__(_("This user name is taken."))


class NumberTaken(NotPossible):
    """The mobile number is that of somebody who cannot be invited."""


class LastAdministrator(NotPossible):
    """The portal would be left without anyone who may do everything."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator: somebody must be left who may do everything."))
