"""Interval plots as inline SVG: value and 90 % interval of a property on an axis shared by all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ionwright.knowledge.records import Quantity, Target
from ionwright.knowledge.vocabulary import property_of

WIDTH, HEIGHT, MARGIN = 190, 26, 12  # of one row, in px; the margin keeps tick labels inside
MOST_TICKS = 4
MOST_DECADES = 12  # a log axis does not follow an interval further down than this
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from `low` to `high`."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, values: Iterable[float], *, log: bool) -> Axis | None:
        """The axis that holds these values with some room; None if there are none."""
        usable = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        if not usable:
            return None
        low, high = min(usable), max(usable)
        if log:
            low = max(low, high / 10**MOST_DECADES)
            room = (math.log10(high / low) or 2) * 0.06
            return cls(low / 10**room, high * 10**room, log)
        room = ((high - low) or abs(high) or 1.0) * 0.06
        return cls(low - room, high + room, log)

    def position(self, value: float) -> float:
        """Where the value stands: 0 at `low`, 1 at `high`; values beyond stand at the end."""
        if self.log:
            if value <= 0:
                return 0.0
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))

    def ticks(self) -> list[float]:
        """At most four round values inside the axis."""
        return self._decades() if self.log else self._steps()

    def _decades(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        exponents = range(first, last + 1)
        if len(exponents) < 2:  # under two decades: 1, 2 and 5 of each
            fine = [m * 10.0**e for e in range(first - 1, last + 1) for m in (1, 2, 5)]
            return [v for v in fine if self.low <= v <= self.high][:MOST_TICKS]
        return [10.0**e for e in exponents[:: math.ceil(len(exponents) / MOST_TICKS)]]

    def _steps(self) -> list[float]:
        raw = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw)
        first = math.ceil(self.low / step)
        count = math.floor(self.high / step) - first + 1
        return [float(f"{(first + i) * step:.12g}") for i in range(count)]


def axis_of(quantities: Sequence[Quantity | None], target: Target | None) -> Axis | None:
    """The axis that all these values, their intervals and the target share."""
    known = [q for q in quantities if q is not None]
    if not known:
        return None
    values = [v for q in known for v in (q.value, *(q.interval or ()))]
    return Axis.over([*values, *target_lines(target)], log=property_of(known[0].property).log)


def target_lines(target: Target | None) -> tuple[float, ...]:
    """The values at which target lines stand: one, two for a range, none for a mere wish."""
    if target is None or target.value is None:
        return ()
    return target.value if isinstance(target.value, tuple) else (target.value,)


def interval_svg(quantity: Quantity | None, axis: Axis, target: Target | None, met: bool) -> str:
    """One row of the plot: the interval as a line, the value as a dot, the target dashed."""
    if quantity is None:
        return ""
    middle = HEIGHT / 2
    parts = [_target_marks(axis, target, 0, HEIGHT)]
    if quantity.interval is not None:
        low, high = (_x(axis, v) for v in quantity.interval)
        parts.append(f'<line class="iw-range" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>')
    kind = "iw-dot" if met else "iw-dot iw-missed"
    parts.append(f'<circle class="{kind}" cx="{_x(axis, quantity.value)}" cy="{middle}" r="4.5"/>')
    return _svg(HEIGHT, "".join(parts), "value and 90 % interval")


def axis_svg(axis: Axis, target: Target | None) -> str:
    """The axis for the head of the column: ticks with their labels, and where the target is."""
    marks = "".join(
        f'<line class="iw-tick" x1="{_x(axis, v)}" x2="{_x(axis, v)}" y1="17" y2="22"/>'
        f'<text class="iw-label" x="{_x(axis, v)}" y="12">{tick_label(v, axis.log)}</text>'
        for v in axis.ticks()
    )
    base = f'<line class="iw-tick" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="22" y2="22"/>'
    return _svg(24, base + marks + _target_marks(axis, target, 16, 24), "axis of the plot")


def tick_label(value: float, log: bool) -> str:
    """A short label: on a log axis powers of ten, elsewhere plain numbers."""
    if not log:
        return superscripts(f"{value:.3g}")
    digit, _, exponent = f"{value:.0e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return power if digit == "1" else f"{digit}×{power}"


def superscripts(text: str) -> str:
    """Numbers such as 1.2e-04 in a text as 1.2 × 10⁻⁴."""
    import re

    def power(found: re.Match[str]) -> str:
        return f"{found[1]} × 10{str(int(found[2])).translate(_SUPERSCRIPTS)}"

    return re.sub(r"(\d(?:\.\d+)?)e([+-]\d+)", power, text)


def _target_marks(axis: Axis, target: Target | None, top: float, bottom: float) -> str:
    return "".join(
        f'<line class="iw-target" x1="{_x(axis, v)}" x2="{_x(axis, v)}" y1="{top}" y2="{bottom}"/>'
        for v in target_lines(target)
    )


def _x(axis: Axis, value: float) -> float:
    return round(MARGIN + axis.position(value) * (WIDTH - 2 * MARGIN), 1)


def _svg(height: float, content: str, title: str) -> str:
    return (
        f'<svg class="iw-plot" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{title}">{content}</svg>'
    )
