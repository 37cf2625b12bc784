"""host.compute.files against files that are whole, and files that are damaged."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host.compute.files import InputError, Kind, read_positions, read_series

PRICES = "date,BTC,ETH\n2024-01-01,100,50\n2024-01-02,110,40\n2024-01-03,99,60\n"
NO_NUMBERS = ("", "nan", "-inf", "0x1", "?", "1 2")
ONE_FOLDER = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example writes its file
)
POSITIONS = "instrument,position\nETH,-2.5e3\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "in.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_prices_are_read_and_become_simple_returns(tmp_path: Path) -> None:
    found = read_series(written(tmp_path, PRICES), kind="prices")
    assert found.names == ("BTC", "ETH")
    assert found.dates == (date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3))
    np.testing.assert_allclose(found.returns(), [[0.1, -0.2], [-0.1, 0.5]])


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    days = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]
    columns = {"date": days, "BTC": [100.0, 110.0, 99.0], "ETH": [50.0, 40.0, 60.0]}
    pq.write_table(pa.table(columns), path)
    expected = read_series(written(tmp_path, PRICES), kind="prices")
    found = read_series(path, kind="prices")
    assert (found.dates, found.names) == (expected.dates, expected.names)
    np.testing.assert_array_equal(found.values, expected.values)


def test_positions_take_the_order_of_the_names(tmp_path: Path) -> None:
    found = read_positions(written(tmp_path, POSITIONS), ("BTC", "ETH"))
    np.testing.assert_array_equal(found, [0, -2500])


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("", "prices", "empty"),
        ("day,BTC\n", "prices", "columns must be date and"),
        ("date,BTC,BTC\n", "prices", "row 1, column 3: BTC is there twice"),
        ("date,BTC\n2024-01-01,1\n", "prices", "at least 2 dates are needed, not 1"),
        (PRICES.replace("110", "nan"), "prices", "row 3, column BTC: must be a finite number"),
        (PRICES.replace("110", "1_1"), "prices", "row 3, column BTC: must be a finite number"),
        (PRICES.replace("110", "1e999"), "prices", "row 3, column BTC: must be a finite number"),
        (PRICES.replace("110", "-1"), "prices", "row 3, column BTC: a price must be positive"),
        (PRICES.replace("110", "-1"), "returns", "row 3, column BTC: a return must be above -1"),
        (PRICES.replace("01-02", "01-01"), "prices", "row 3, column date: 2024-01-01 must be aft"),
        (PRICES.replace("01-02", "02-30"), "prices", "row 3, column date: must be YYYY-MM-DD"),
        (PRICES.replace("110,40", "110"), "prices", "row 3: must have 3 cells, not 2"),
    ],
)
def test_an_unusable_series_is_told_where(tmp_path: Path, text: str, kind: Kind, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=f"^{re.escape(str(path))}.*{re.escape(said)}"):
        read_series(path, kind=kind)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("instrument\nETH\n", "columns must be"),
        ("instrument,position\n", "at least one position"),
        (POSITIONS + "XRP,1\n", "row 3, column instrument: must be one of BTC, ETH, not 'XRP'"),
        (POSITIONS + "ETH,1\n", "row 3, column instrument: ETH is there twice"),
        (POSITIONS + "BTC,x\n", "row 3, column position: must be a finite number, not 'x'"),
    ],
)
def test_unusable_positions_are_told_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read_positions(written(tmp_path, text), ("BTC", "ETH"))


def test_files_that_are_not_there_or_no_parquet_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_series(tmp_path / "none.csv", kind="prices")
    path = tmp_path / "in.parquet"
    path.write_bytes(b"PAR1 this is not")
    with pytest.raises(InputError, match="no Parquet"):
        read_series(path, kind="prices")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, len(PRICES) - 1), byte=st.binary(min_size=1, max_size=3))
def test_damage_is_refused_or_leaves_usable_numbers(tmp_path: Path, at: int, byte: bytes) -> None:
    damaged = PRICES.encode()[:at] + byte + PRICES.encode()[at + 1 :]
    try:
        found = read_series(written(tmp_path, damaged), kind="prices")
    except InputError:
        return
    assert found.values.shape == (len(found.dates), len(found.names))
    assert (found.values > 0).all()
    assert np.isfinite(found.values).all()
    assert list(found.dates) == sorted(set(found.dates))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    row=st.integers(1, 3),
    column=st.integers(0, 2),
    cell=st.sampled_from(NO_NUMBERS),
)
def test_a_cell_that_is_no_number_never_passes(
    tmp_path: Path, row: int, column: int, cell: str
) -> None:
    lines = [line.split(",") for line in PRICES.split()]
    lines[row][column] = cell
    path = written(tmp_path, "\n".join(map(",".join, lines)) + "\n")
    where = f"row {row + 1}, column {lines[0][column]}"
    with pytest.raises(InputError, match=where):
        read_series(path, kind="prices")


def test_prices_whose_return_overflows_are_told_where(tmp_path: Path) -> None:
    path = written(tmp_path, PRICES.replace("110", "1e-300").replace("99", "1e300"))
    with pytest.raises(InputError, match="row 4, column BTC: the return overflows"):
        read_series(path, kind="prices")
