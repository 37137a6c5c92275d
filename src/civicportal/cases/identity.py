"""What a kind of case knows of the person behind it: shown masked, and in full only by right and on the record."""

from dataclasses import dataclass

from translationstring import TranslationString


@dataclass(frozen=True, kw_only=True)
class IdentityFact:
    """One thing of a person's identity, for instance the national code.

    :ivar masked: what everybody sees who may see the case.
    :ivar value: what is shown after somebody with the right ``<kind>:case:identity`` asked for it.
    """

    title: TranslationString
    masked: str
    value: str
