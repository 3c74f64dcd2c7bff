"""Numbers, units, ranges."""

import pytest

from ionwright.agent.embedded.numbers import read_number
from ionwright.agent.embedded.quantities import find_amounts
from ionwright.agent.embedded.text import clean


@pytest.mark.parametrize(
    ("written", "german", "value"),
    [
        ("3.2", False, 3.2),
        ("3,2", False, 3.2),
        ("1,000", False, 1000.0),
        ("1.500", True, 1500.0),
        ("0,035", False, 0.035),
        ("10^-4", False, 1e-4),
        ("10⁻³", False, 1e-3),
        ("2x10^-4", False, 2e-4),
        ("5E-3", False, 5e-3),
        ("two hundred and fifty", False, 250.0),
        ("three point five", False, 3.5),
        ("a quarter of an", False, 0.25),
        ("half a dozen", False, 6.0),
        ("ein Dutzend", True, 12.0),
        ("two dozen", False, 24.0),
        ("two and a half", False, 2.5),
        ("3 and a half", False, 3.5),
        ("2 1/2", False, 2.5),
        ("3½", False, 3.5),
        ("three quarters", False, 0.75),
        ("point six", False, 0.6),
        ("two-fifty", False, 250.0),
        ("ten to the minus four", False, 1e-4),
        ("5 x 10-4", False, 5e-4),
        ("zweieinhalb", True, 2.5),
        ("hundertfünfzig", True, 150.0),
        ("fünfundzwanzig", True, 25.0),
        ("1e999", False, None),
    ],
)
def test_numbers(written, german, value):
    read = read_number(written, german)
    assert read == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("words", "value", "unit"),
    [
        ("3.0-3.5 V", (3.0, 3.5), "V"),
        ("between -1 and 0 eV", (-1.0, 0.0), "eV"),
        ("-70 to -40 °C", (-70.0, -40.0), "degC"),
        ("15 nm +/- 3 nm", (12.0, 18.0), "nm"),
        ("2.9 V plus or minus a tenth of a volt", (2.8, 3.0), "V"),
        ("200 mAh/g ± 10 %", (180.0, 220.0), "mAh/g"),
        ("500 nm to 2 micrometres", (0.5, 2.0), "um"),
        ("10 mS cm^-1", 10.0, "mS/cm"),
        ("mA h: 300 mA h g^-1", 300.0, "mA*h/g"),
        ("900 Wh per litre", 900.0, "Wh/L"),
        ("1.2 V vs Li/Li+", 1.2, "V"),
        ("minus 30 °C", -30.0, "degC"),
        ("700~800 Wh/kg", (700.0, 800.0), "Wh/kg"),
        ("0.2..0.5 V", (0.2, 0.5), "V"),
        ("between 3 n 3.6v", (3.0, 3.6), "V"),
        ("two hundred milliamp hours per gram", 200.0, "mAh/g"),
        ("350mahg-1", 350.0, "mAh/g"),
        ("30 meV/at.", 30.0, "meV/atom"),
        ("1 200 mAh/g", 1200.0, "mAh/g"),
    ],
)
def test_amounts(words, value, unit):
    (amount,) = find_amounts(clean(words))
    assert amount.unit == unit
    assert amount.value == pytest.approx(value)


def test_a_list_is_no_range():
    assert [a.value for a in find_amounts("above 3.6 V and 200 mAh/g")] == [3.6, 200.0]
