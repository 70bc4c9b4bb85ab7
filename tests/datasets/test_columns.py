from __future__ import annotations

import numpy as np

from reactor_env.datasets.columns import COLUMNS, arrays, observed


def test_every_column_has_a_value_for_every_observation() -> None:
    rows = [observed({}, 5, None), observed({"frame_id": 3}, 6, 7)]
    columns = arrays(rows)
    assert list(columns) == [column.name for column in COLUMNS]
    assert all(values.shape == (2,) for values in columns.values())
    assert all(columns[column.name].dtype == column.dtype for column in COLUMNS)


def test_what_is_not_known_is_nan_minus_one_or_false() -> None:
    columns = arrays([observed({"ack_ms": None, "frame_repeated": None}, 5, None)])
    assert np.isnan(columns["ack_ms"][0])
    assert (columns["capture_us"][0], columns["frame_id"][0]) == (-1, -1)
    assert not columns["frame_repeated"][0]


def test_values_are_those_of_info() -> None:
    info = {
        "frame_id": 2**40,
        "step_ms": np.float64(2.5),
        "frame_repeated": np.bool_(True),
        "deadline_missed": True,
        "session_lost": "the cable was cut",
    }
    columns = {name: values[0] for name, values in arrays([observed(info, 11, 12)]).items()}
    assert (columns["frame_id"], columns["step_ms"]) == (2**40, 2.5)
    assert columns["frame_repeated"]
    assert columns["session_lost"]
    assert columns["deadline_missed"] == 1
    assert (columns["arrival_unix_us"], columns["capture_us"]) == (11, 12)


def test_what_is_no_number_counts_as_not_known() -> None:
    assert observed({"frame_id": "seven"}, 0, None)["frame_id"] is None
