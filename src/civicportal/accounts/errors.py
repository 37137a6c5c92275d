"""What is refused of members, roles and invitations."""

from civicportal.errors import NotPossible
from civicportal.i18n import _


class LastAdministrator(NotPossible):
    """The portal would be left without anyone who may do everything."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator: somebody must be left who may do everything."))
