"""What may not be done with the organisation."""

from translationstring import TranslationString

from civicportal.errors import CivicportalError


class NotPossible(CivicportalError):
    """It cannot be changed so; ``reason`` says why, to the person who tried."""

    def __init__(self, reason: TranslationString) -> None:
        super().__init__(reason)
        self.reason = reason
