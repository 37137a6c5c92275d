"""Further sizes of pictures that have passed the gate: they are our own work, so no child process reads them."""

from __future__ import annotations

from io import BytesIO

from civicportal.core.storage.base import IFileStorage

__all__ = ["VARIANTS", "scaled", "store_variant"]

VARIANTS = ("small", "medium")
"""Every size that may lie beside a picture's own file."""


def store_variant(storage: IFileStorage, key: str, variant: str, side: int) -> None:
    """Keep a picture in a further size, unless it is kept already; before any transaction.

    :param key: of a picture that the gate has made.
    :param side: px, of the longer side at most.
    :raises FileMissing: when there is no such picture.
    """
    name = f"{key}.{variant}"
    if storage.exists(name):
        return
    # Pillow is for the few processes that make a picture, not for every one that serves it.
    from PIL import Image

    from civicportal.core.storage.image_worker import QUALITY

    out = BytesIO()
    with storage.open(key) as file, Image.open(file, formats=("JPEG",)) as image:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image.save(out, "JPEG", quality=QUALITY)
    storage.put(name, out.getvalue())


def scaled(width: int, height: int, side: int) -> tuple[int, int]:
    """Return width and height (px) of a picture whose longer side was brought down to ``side`` px."""
    longer = max(width, height)
    if longer <= side:
        return width, height
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))
