"""File stores, and the decoding of uploaded pictures."""

from civicportal.core.storage.base import (
    FileMissing,
    IFileStorage,
    InvalidKey,
    StorageUnavailable,
    StoreMark,
    StoreRefused,
    check_key,
    new_key,
)
from civicportal.core.storage.guarded import GuardedStorage
from civicportal.core.storage.images import ImageRefused, ProcessedImage, process_image
from civicportal.core.storage.local import LocalStorage
from civicportal.core.storage.memory import MemoryStorage
from civicportal.core.storage.s3 import S3Storage
from civicportal.core.storage.variants import VARIANTS, scaled, store_variant

__all__ = [
    "VARIANTS",
    "FileMissing",
    "GuardedStorage",
    "IFileStorage",
    "ImageRefused",
    "InvalidKey",
    "LocalStorage",
    "MemoryStorage",
    "ProcessedImage",
    "S3Storage",
    "StorageUnavailable",
    "StoreMark",
    "StoreRefused",
    "check_key",
    "new_key",
    "process_image",
    "scaled",
    "store_variant",
]
