"""Writing of data sets: CSV, GeoJSON and, where pyarrow is installed, GeoParquet."""

import importlib.util
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import BinaryIO, Protocol

from civicportal.domain.exports.comma import write_csv
from civicportal.portal.opendata.datasets import DataRow, DataValue, OpenDataset
from civicportal.util.geo import Bounds

GEOMETRY = "geometry"
"""Column of the place in Parquet files."""
ROW_GROUP = 10_000
"""Rows of a part of a Parquet file, which is in memory as a whole."""
_POLYGON = 3


class _Writer(Protocol):
    def __call__(self, file: BinaryIO, dataset: OpenDataset, rows: Iterable[DataRow]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class DataFormat:
    """A format of files.

    :ivar content_type: with its charset, for HTTP.
    :ivar file_type: of the vocabulary of file types of the European Union, whose last part it is.
    :ivar located: for data sets with places only.
    :ivar needs: the package without which it cannot be written.
    """

    name: str
    title: str
    content_type: str
    file_type: str
    write: _Writer
    located: bool = False
    needs: str = ""

    @property
    def is_available(self) -> bool:
        """Return whether this installation can write it."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def _write_csv(file: BinaryIO, dataset: OpenDataset, rows: Iterable[DataRow]) -> None:
    width = len(dataset.columns)
    write_csv(
        file,
        [column.name for column in dataset.columns],
        ([_plain(value) for value in row[:width]] for row in rows),
    )


def _write_geojson(file: BinaryIO, dataset: OpenDataset, rows: Iterable[DataRow]) -> None:
    """Write a feature collection (RFC 7946), one feature a line."""
    names = [column.name for column in dataset.columns]
    file.write(b'{"type": "FeatureCollection", "features": [')
    for number, row in enumerate(rows):
        *values, box = row
        feature = {
            "type": "Feature",
            "geometry": _polygon(box) if isinstance(box, Bounds) else None,
            "properties": dict(zip(names, map(_json, values), strict=True)),
        }
        file.write(b",\n" if number else b"\n")
        file.write(json.dumps(feature, ensure_ascii=False).encode())
    file.write(b"\n]}\n")


def _polygon(box: Bounds) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [[list(point) for point in _ring(box)]]}


def _ring(box: Bounds) -> Iterator[tuple[float, float]]:
    """Yield longitude and latitude of the corners, counter-clockwise and closed."""
    south, west, north, east = box
    yield from ((west, south), (east, south), (east, north), (west, north), (west, south))


def _plain(value: DataValue) -> object:
    """Return a value as it is written into text: ISO 8601 and ``true``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _json(value: DataValue) -> object:
    return value if isinstance(value, bool) else _plain(value)


def _write_parquet(file: BinaryIO, dataset: OpenDataset, rows: Iterable[DataRow]) -> None:
    """Write GeoParquet 1.1: the cell or area as a polygon in WKB, in longitude and latitude of WGS 84."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "day": pyarrow.date32(),
        "moment": pyarrow.timestamp("ms", tz="UTC"),
        "flag": pyarrow.bool_(),
    }
    geometry = {"encoding": "WKB", "geometry_types": ["Polygon"], "orientation": "counterclockwise"}
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: geometry}}
    fields = [(column.name, types[column.kind]) for column in dataset.columns]
    schema = pyarrow.schema([*fields, (GEOMETRY, pyarrow.binary())], metadata={"geo": json.dumps(geo)})
    with ParquetWriter(file, schema, compression="zstd") as writer:
        waiting = iter(rows)
        while batch := list(islice(waiting, ROW_GROUP)):
            *columns, boxes = zip(*batch, strict=True)
            columns.append(tuple(_well_known(box) for box in boxes))
            arrays = [pyarrow.array(values, one.type) for values, one in zip(columns, schema, strict=True)]
            writer.write_batch(pyarrow.record_batch(arrays, schema=schema))


def _well_known(box: DataValue) -> bytes | None:
    """Return a polygon in WKB, little-endian."""
    if not isinstance(box, Bounds):
        return None
    ring = [degrees for point in _ring(box) for degrees in point]
    return struct.pack(f"<BIII{len(ring)}d", 1, _POLYGON, 1, len(ring) // 2, *ring)


CSV = DataFormat(
    name="csv",
    title="CSV",
    content_type="text/csv; charset=utf-8; header=present",
    file_type="CSV",
    write=_write_csv,
)
GEOJSON = DataFormat(
    name="geojson",
    title="GeoJSON",
    content_type="application/geo+json",
    file_type="GEOJSON",
    write=_write_geojson,
    located=True,
)
PARQUET = DataFormat(
    name="parquet",
    title="GeoParquet",
    content_type="application/vnd.apache.parquet",
    file_type="PARQUET",
    write=_write_parquet,
    located=True,
    needs="pyarrow",
)
FORMATS: dict[str, DataFormat] = {one.name: one for one in (CSV, GEOJSON, PARQUET)}


def formats_of(dataset: OpenDataset) -> Sequence[DataFormat]:
    """Return the formats in which a data set is written here."""
    return [one for one in FORMATS.values() if one.is_available and (dataset.located or not one.located)]
