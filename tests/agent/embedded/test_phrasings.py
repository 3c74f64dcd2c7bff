"""Families of phrasings that a request may use, each read the same way in every wording."""

import pytest

from ionwright.agent.embedded.interpret import finished
from ionwright.agent.embedded.lexicon import generator_patterns
from ionwright.agent.embedded.rules import read_by_rules
from ionwright.generators.base import generator_names
from ionwright.knowledge.records import Goal


def target_of(goal: Goal, key: str) -> tuple[str, object]:
    (target,) = [t for t in goal.targets if t.property == key]
    return target.op, target.value


@pytest.mark.parametrize(
    ("text", "key", "op", "value"),
    [
        ("cathode, voltage over 3.5 but not over 4.1 V", "average_voltage", "between", (3.5, 4.1)),
        (
            "an anode with over 200 but below 300 mAh/g",
            "capacity_grav",
            "between",
            (200, 300),
        ),
        (
            "anode whose volume changes by at least 10 yet less than 60 percent",
            "max_delta_volume",
            "between",
            (10, 60),
        ),
        ("CEI neither thinner than 5 nm nor thicker than 9 nm", "thickness", "between", (5, 9)),
        ("NIB cathode; dVol<5%", "max_delta_volume", "<=", 5),
        ("solvent with a flash point of 120 °C at the very least", "flash_point", ">=", 393.15),
        ("solvent less heavy than 200 g/mol", "molecular_weight", "<=", 200),
        ("anode softer than 40 GPa (bulk modulus)", "bulk_modulus", "<=", 40),
        ("solid electrolyte not oxidised before 4.5 V", "oxidation_potential", ">=", 4.5),
        ("zn cathode cap over 350mahg", "capacity_grav", ">=", 350),
        ("solid electrolyte, 1e-3scm or better", "ionic_conductivity", ">=", 1e-3),
        ("a solvent that is not thick like honey", "viscosity", "min", None),
        ("a solvent that pours easily", "viscosity", "min", None),
        ("solvent, ε exceeding 20 yet viscosity below 2 mPa s", "viscosity", "<=", 2),
        ("an interphase slimmer than 20 nm", "thickness", "<=", 20),
        ("a solvent still liquid at -60 °C", "melting_point", "<=", 213.15),
        ("a polymer that freezes below 210 K", "glass_transition_temperature", "<=", 210),
        ("thin CEI rich in inorganics", "thickness", "min", None),
    ],
)
def test_targets_in_other_words(text: str, key: str, op: str, value: object) -> None:
    assert target_of(read_by_rules(text), key) == (op, value)


@pytest.mark.parametrize(
    ("text", "required", "excluded"),
    [
        ("Cobalt is toxic and so is vanadium, please leave both out: Na cathode", (), "Co V"),
        ("lithium cathode above 4 V; leave nickel out", (), "Ni"),
        ("lithium cathode above 4 V, as long as nickel stays out", (), "Ni"),
        ("lithium cathode above 4 V; manganese is tolerated, cobalt isn't", (), "Co"),
        ("Na-ion cathode above 3 V: Fe welcome, Ni and Co are out", (), "Ni Co"),
        ("anything but fluorides for a magnesium cathode", (), "F"),
        ("lithium cathode above 4 V, Ni ok", (), ""),
        ("sodium anode that may contain tin but need not", (), ""),
    ],
)
def test_elements_in_other_words(text: str, required: tuple[str, ...], excluded: str) -> None:
    goal = read_by_rules(text)
    assert goal.elements_required == required
    assert set(goal.elements_excluded) == set(excluded.split())


@pytest.mark.parametrize(
    ("text", "ion", "domain"),
    [
        ("a solid electrolyte that zinc slips through", "Zn", "solid_electrolyte"),
        ("a Ca conductor, solid, barrier under 0.4 eV", "Ca", "solid_electrolyte"),
        ("solid electrolyte, barrier < 0.3 eV for Mg2+", "Mg", "solid_electrolyte"),
        ("something lithium-ion for the positive side above 4 V", "Li", "cathode"),
        ("an oxide cathode above 3 V, sodium", "Na", "cathode"),
        ("a cathode at 3 V vs Li/Li+", None, "cathode"),
    ],
)
def test_ion_and_domain_in_other_words(text: str, ion: str | None, domain: str) -> None:
    goal = read_by_rules(text)
    assert (goal.working_ion, goal.domain) == (ion, domain)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("additive cand. ×6; Ered ≥ 1.2 V".replace("×", "x"), 6),
        ("four cands. for a sodium cathode", 4),
        ("solvents, three or so, with a high flash point", 3),
        ("solid electrolyte above 2 x 10^-4 S/cm", None),
    ],
)
def test_counts_in_other_words(text: str, count: int | None) -> None:
    assert read_by_rules(text).count == count


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("What is it about VC that calms the SEI?", "explain"),
        ("Of the two solvents DME and diglyme, which survives more volts?", "compare"),
        ("why does silicon crack so much in anodes", "explain"),
    ],
)
def test_intents_in_other_words(text: str, intent: str) -> None:
    assert read_by_rules(text).intent == intent


def test_every_registered_generator_can_be_asked_for_by_its_name() -> None:
    for name in {*generator_names(), *generator_patterns()}:
        assert read_by_rules(f"five solvents or polymers from {name}").generator == name


def test_a_number_with_a_unit_that_nothing_used_is_listed() -> None:
    text = "a sodium cathode above 3 V and 7 GPa and 12 %"
    goal = finished(read_by_rules(text), text)
    assert {"7 GPa", "12 %"} <= set(goal.not_understood)
    warm = "a sodium cathode above 3 V at 25 °C"
    assert finished(read_by_rules(warm), warm).not_understood == ()
