"""Marked requests: their format, the goals they mean, and that no test request is among them."""

import re
from random import Random

import pytest

from ionwright.agent.embedded.evaluate import HERE, read_requests
from ionwright.agent.embedded.marked import (
    FOLDER,
    BadMark,
    example_of,
    gold_of,
    problems,
    read_marked,
    request_of,
)
from ionwright.agent.embedded.synthetic.varied import varied

ROW = {
    "marked": "{COUNT|five} {EXC|cobalt}-free sodium cathodes like {SUBJ|NaFeO2}, over "
    "{VAL capacity_grav >=|100} but below {VAL capacity_grav <=|150 mAh/g}, "
    "{ASK max_delta_volume min|swelling} kept low",
    "intent": "design",
    "domain": "cathode",
    "working_ion": "Na",
    "generator": None,
    "style": "plain",
}


def test_marks_become_a_goal():
    goal = gold_of(ROW)
    assert (goal["count"], goal["elements_excluded"], goal["subjects"]) == (5, ["Co"], ["NaFeO2"])
    facts = [(t["property"], t["op"], t["value"]) for t in goal["targets"]]
    assert facts == [
        ("capacity_grav", "between", [100.0, 150.0]),
        ("max_delta_volume", "min", None),
    ]
    assert problems(ROW) == []
    assert request_of(ROW, "x")["text"].startswith("five cobalt-free sodium cathodes")


def test_given_targets_replace_what_cannot_be_read():
    row = {**ROW, "targets": [["average_voltage", ">=", 3.0]]}
    assert gold_of(row)["targets"] == [{"property": "average_voltage", "op": ">=", "value": 3.0}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"marked": "{VAL beauty >=|3}"}, {"marked": "{VAL porosity max|3}"}, {"marked": "{XX|Co}"},
        {"marked": "{SUBJ porosity =|x}"}, {"marked": "left {over"}, {"intent": "destroy"},
        {"working_ion": "Fe"}, {"domain": "kitchen"}, {"generator": "oracle"},
    ],
)  # fmt: skip
def test_wrong_marks_are_told(wrong):
    with pytest.raises(BadMark):
        example_of({**ROW, **wrong})


def test_marks_that_the_normalisers_cannot_read_are_problems():
    assert problems({**ROW, "marked": "anode above {VAL average_voltage >=|a bit}"})
    assert problems({**ROW, "marked": "without {EXC|unobtainium}"})


def test_varied_spans_stay_in_place():
    rng = Random(0)
    example = example_of(ROW)
    texts = set()
    for _ in range(30):
        new = varied(rng, example)
        texts.add(new.text)
        assert [s.tag for s in new.spans] == [s.tag for s in example.spans]
        for span, old in zip(new.spans, example.spans, strict=True):
            words = new.text[span.start : span.end]
            assert words and words == words.strip()
            assert (span.property, span.op) == (old.property, old.op)
    assert len(texts) > 10


def words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter, longer = sorted((len(one), len(other)))
    return shorter >= 0.8 * longer and len(one & other) >= 0.8 * len(one | other)


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.exists(), reason="only in a checkout")
def test_training_requests_hold_together_and_none_is_near_one_of_a_test_set():
    rows = [row for path in FOLDER.glob("*.jsonl") for row in read_marked(path)]
    assert len(rows) > 4000
    assert [r["marked"] for r in rows if problems(r)] == []
    trained = [words_of(example_of(row).text) for row in rows]
    sets = [path.stem for path in (HERE / "requests").glob("*.jsonl")]
    assert len(sets) == 7
    for name in sets:
        for words in (words_of(request["text"]) for request in read_requests(name)):
            if len(words) > 4:  # shorter texts are bound to meet: "hello", "LLZO conductivity"
                assert not any(alike(words, other) for other in trained), f"{name} is trained on"
