"""Further sizes of processed pictures.

They are decoded in this process because the portal has encoded them.
"""

from __future__ import annotations

from io import BytesIO

from civicportal.core.storage.base import IFileStorage

__all__ = ["VARIANTS", "scaled", "store_variant"]

VARIANTS = ("small", "medium")
"""Every size that can exist beside a picture's own file."""


def store_variant(storage: IFileStorage, key: str, variant: str, side: int) -> None:
    """Store a picture in a further size.

    Call it before any transaction.

    :param key: of a processed picture.
    :param side: maximum of the longer side, px.
    :raises FileMissing: when there is no such picture.
    """
    name = f"{key}.{variant}"
    if storage.exists(name):
        return
    # Imported here: few processes create pictures.
    from PIL import Image

    from civicportal.core.storage.image_worker import QUALITY

    out = BytesIO()
    with storage.open(key) as file, Image.open(file, formats=("JPEG",)) as image:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image.save(out, "JPEG", quality=QUALITY)
    storage.put(name, out.getvalue())


def scaled(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size (px) of a scaled-down picture.

    ``side`` is the length of the longer side.
    """
    longer = max(width, height)
    if longer <= side:
        return width, height
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))
