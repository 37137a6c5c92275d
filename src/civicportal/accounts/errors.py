"""What is refused of members, roles and invitations."""

from translationstring import TranslationString

from civicportal.errors import CivicportalError
from civicportal.i18n import _


class NotPossible(CivicportalError):
    """The deed is refused.

    :ivar reason: why, to whoever wanted it.
    """

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(str(reason.interpolate()))
        self.reason = reason


class LastAdministrator(NotPossible):
    """The portal would be left without anyone who may do everything."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator: somebody must be left who may do everything."))
