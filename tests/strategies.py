"""Hypothesis strategies for the records, shared by the tests."""

from hypothesis import strategies as st

from ionwright.knowledge.records import Candidate, Goal, Provenance, Quantity, Target
from ionwright.knowledge.vocabulary import ELEMENTS, WORKING_IONS, property_of, vocabulary

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
positive = st.floats(min_value=1e-12, max_value=1e12)
keys = st.sampled_from(sorted(vocabulary()))
words = st.text(max_size=40)

provenances = st.builds(
    Provenance,
    source=words,
    version=words,
    seed=st.none() | st.integers(0, 2**63 - 1),
    inputs=st.dictionaries(words, st.none() | st.booleans() | words | finite, max_size=3),
)


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    key = draw(keys)
    low, high = sorted((draw(finite), draw(finite)))
    return Quantity(
        property=key,
        value=draw(finite),
        unit=draw(st.sampled_from(sorted(property_of(key).units))),
        std=draw(st.none() | positive),
        interval=draw(st.sampled_from([None, (low, high)])),
        in_domain=draw(st.none() | st.floats(0, 1)),
        method=draw(st.sampled_from(["measured", "computed", "predicted", "estimated"])),
        provenance=draw(provenances),
    )


@st.composite
def targets(draw: st.DrawFn) -> Target:
    key = draw(keys)
    op = draw(st.sampled_from([">=", "<=", "=", "between", "max", "min", "report"]))
    low, high = sorted((draw(finite), draw(finite)))
    value = {"between": (low, high), "max": None, "min": None, "report": None}.get(op, low)
    return Target(property=key, op=op, value=value, unit=property_of(key).unit)


candidates = st.builds(
    Candidate,
    material=st.sampled_from(["polymer", "molecule"]),
    encoding=st.sampled_from(["psmiles", "smiles"]),
    data=words,
    quantities=st.lists(quantities(), max_size=3).map(tuple),
    checks=st.dictionaries(words, st.none() | st.booleans(), max_size=3),
    provenance=provenances,
)
symbols = st.lists(st.sampled_from(ELEMENTS), max_size=4, unique=True).map(tuple)
goals = st.builds(
    Goal,
    intent=st.sampled_from(["design", "predict", "compare"]),
    working_ion=st.none() | st.sampled_from(WORKING_IONS),
    elements_required=symbols,
    elements_excluded=symbols,
    subjects=st.lists(words, max_size=2).map(tuple),
    targets=st.lists(targets(), max_size=3).map(tuple),
    count=st.none() | st.integers(1, 10_000),
)
