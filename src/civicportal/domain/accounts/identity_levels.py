"""Identity data of a case's person.

It is masked, and shown in full only by right and with an audit entry.
"""

from dataclasses import dataclass

from translationstring import TranslationString


@dataclass(frozen=True, kw_only=True)
class IdentityFact:
    """One item of a person's identity, for instance the national code.

    :ivar masked: shown to everyone who may see the case.
    :ivar value: shown on request to holders of the right ``<kind>:case:identity``.
    """

    title: TranslationString
    masked: str
    value: str
