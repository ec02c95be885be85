"""Records, dicts of plain numbers and words with the same keys, as tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from convexden.errors import MissingDependency


def csv_table(records: Sequence[Mapping[str, object]]) -> str:
    """A header and one line a record; floats read back as the same numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return text.getvalue()


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
