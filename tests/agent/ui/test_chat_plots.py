"""The interval plots: where values stand on the axis, and what is drawn."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionwright.agent.ui import plots
from ionwright.knowledge.records import Provenance, Quantity, Target

SOURCE = Provenance(source="test", version="0")


def quantity(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    interval = None if low is None or high is None else (low, high)
    return Quantity(
        property="ionic_conductivity",
        value=value,
        unit="S/cm",
        interval=interval,
        method="predicted",
        provenance=SOURCE,
    )


TARGET = Target(property="ionic_conductivity", op=">=", value=1e-4, unit="S/cm")


def test_a_log_axis_places_decades_evenly():
    axis = plots.Axis(1e-6, 1e-2, log=True)
    places = [axis.position(v) for v in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)]
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert axis.position(0) == 0 and axis.position(-1) == 0


def test_a_linear_axis_places_values_evenly_and_clips():
    axis = plots.Axis(0, 4)
    assert [axis.position(v) for v in (-1, 0, 1, 4, 9)] == [0, 0, 0.25, 1, 1]


def test_the_axis_holds_values_intervals_and_target():
    axis = plots.axis_of([quantity(3e-4, 2e-4, 5e-4), None], TARGET)
    assert axis is not None and axis.log
    assert axis.low < 1e-4 and axis.high > 5e-4
    assert plots.axis_of([None], TARGET) is None


@given(
    st.lists(st.floats(1e-30, 1e30, allow_nan=False), min_size=1, max_size=20),
    st.booleans(),
)
def test_any_values_give_an_axis_with_few_ticks_inside(values, log):
    axis = plots.Axis.over(values, log=log)
    assert axis is not None and axis.low < axis.high
    ticks = axis.ticks()
    assert len(ticks) <= plots.MOST_TICKS + 1
    room = (axis.high - axis.low) * 1e-9
    assert all(axis.low - room <= tick <= axis.high + room for tick in ticks)
    assert all(0 <= axis.position(v) <= 1 for v in values)
    ET.fromstring(plots.axis_svg(axis, None))


def test_a_log_axis_does_not_follow_an_absurd_interval():
    axis = plots.axis_of([quantity(1e-4, 1e-200, 1e-3)], None)
    assert axis is not None and math.log10(axis.high / axis.low) < plots.MOST_DECADES + 2


def test_a_row_shows_interval_value_and_target():
    axis = plots.Axis(1e-6, 1e-2, log=True)
    drawn = ET.fromstring(plots.interval_svg(quantity(1e-3, 1e-4, 1e-2), axis, TARGET, met=True))
    by_class = {part.get("class"): part for part in drawn}
    span = plots.WIDTH - 2 * plots.MARGIN
    assert float(by_class["iw-dot"].get("cx")) == pytest.approx(plots.MARGIN + 0.75 * span, abs=0.1)
    assert float(by_class["iw-range"].get("x1")) == pytest.approx(plots.MARGIN + span / 2, abs=0.1)
    assert float(by_class["iw-range"].get("x2")) == plots.WIDTH - plots.MARGIN
    assert by_class["iw-target"].get("x1") == by_class["iw-range"].get("x1")


def test_a_missed_target_and_an_unknown_interval_look_different():
    axis = plots.Axis(1e-6, 1e-2, log=True)
    drawn = plots.interval_svg(quantity(1e-5), axis, None, met=False)
    assert "iw-missed" in drawn and "iw-range" not in drawn and "iw-target" not in drawn
    assert plots.interval_svg(None, axis, None, met=False) == ""


def test_a_range_has_two_target_lines_and_a_wish_none():
    between = Target(property="ionic_conductivity", op="between", value=(1e-5, 1e-4), unit="S/cm")
    wish = Target(property="ionic_conductivity", op="max", unit="S/cm")
    assert plots.target_lines(between) == (1e-5, 1e-4)
    assert plots.target_lines(wish) == plots.target_lines(None) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1.2e-04", "1.2 × 10⁻⁴"),
        ("3e+06 (1e-10 to 9.9e+12)", "3 × 10⁶ (1 × 10⁻¹⁰ to 9.9 × 10¹²)"),
        ("0.25 (0.1 to 0.4)", "0.25 (0.1 to 0.4)"),
    ],
)
def test_powers_of_ten_are_written_as_people_do(text, shown):
    assert plots.superscripts(text) == shown


def test_tick_labels():
    assert plots.tick_label(1e-4, log=True) == "10⁻⁴"
    assert plots.tick_label(2e-4, log=True) == "2×10⁻⁴"
    assert plots.tick_label(0.3, log=False) == "0.3"
