"""Records, dicts of plain numbers and words with the same keys, as text and tables for others."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convexden.errors import MissingDependency


def csv_table(records: Sequence[Mapping[str, object]]) -> str:
    """A header and one line a record; floats read back as the same numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return text.getvalue()


def json_text(document: object) -> str:
    """A document of JSON: arrays as lists, fractions as text, NaN and infinity as null."""
    return json.dumps(_plain(document), allow_nan=False, indent=1)


def _plain(value: object) -> object:
    """A value in the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | None) else str(value)


def data_frame(records: Sequence[Mapping[str, object]]) -> Any:
    """A ``pandas.DataFrame`` with one row a record.

    Raises
    ------
    MissingDependency
        If pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingDependency(
            "to_frame needs pandas, which is not installed: run `pip install pandas`"
        ) from error
    return pandas.DataFrame(records)


def parquet_table(records: Sequence[Mapping[str, object]]) -> bytes | None:
    """Records as a Parquet file; None if pyarrow is not installed."""
    try:
        from pyarrow import Table, parquet
    except ImportError:
        return None
    file = io.BytesIO()
    parquet.write_table(Table.from_pylist([dict(record) for record in records]), file)
    return file.getvalue()
