"""The tagger at work: the network reads a request, with the rules' reading of it as a hint."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ionwright.knowledge.records import Goal

from .decode import Tagged, Tags, decode
from .hints import hint_rows
from .labels import BIO, DOMAINS, GENERATORS, INTENTS, IONS, encode
from .rules import read_by_rules

if TYPE_CHECKING:
    import torch

    from .network import Tagger

FOLDER = Path(__file__).with_name("weights")


@cache
def load_tagger(folder: Path = FOLDER) -> Tagger:
    """The network with its weights, adapters merged; loaded once.

    Raises:
        Damaged: if the weights are missing or damaged.
    """
    from ionwright.generators.weights import load_weights
    from ionwright.knowledge.errors import Damaged

    from .network import Config, Tagger, load_base

    trained, config = load_weights(folder)
    shape = Config(rank=int(config["rank"]), hints=bool(config.get("hints")))
    tagger = load_base(Tagger(shape))
    try:
        tagger.load_state_dict(trained, strict=False)
    except RuntimeError as error:
        raise Damaged(f"weights in {folder} do not fit this version: reinstall") from error
    return tagger.merge().eval()


def read_tags(text: str, rules: Goal, folder: Path = FOLDER) -> Tags:
    """Runs the network on a cleaned request, with the rules' reading of it as a hint."""
    import torch

    from .network import many_hot

    tagger = load_tagger(folder)
    encoded = encode(text)
    rows = hint_rows(text, encoded.offsets, rules) if tagger.config.hints else []
    with torch.inference_mode():
        scores = tagger(
            torch.tensor([encoded.ids]),
            torch.tensor([encoded.shapes]),
            many_hot([rows], len(encoded.ids)),
            torch.ones(1, len(encoded.ids), dtype=torch.bool),
        )
    best = {
        name: int(scores[name][0].argmax()) for name in ("intent", "domain", "ion", "generator")
    }
    intent = INTENTS[best["intent"]]
    return Tags(
        # who names a kind of generator wants something made (339 of 339 harmless requests)
        intent="design" if rules.generator and intent != "refuse" else intent,
        domain=DOMAINS[best["domain"]],
        working_ion=IONS[best["ion"]],
        generator=GENERATORS[best["generator"]],
        spans=tuple(_spans(scores, encoded.offsets)),
        alarm=float(scores["intent"][0].softmax(-1)[INTENTS.index("refuse")]),
    )


def _spans(scores: dict[str, torch.Tensor], offsets: list[tuple[int, int]]) -> list[Tagged]:
    chances, best = scores["tag"][0].softmax(-1).max(-1)
    labels = [BIO[i] for i in best.tolist()]
    spans: list[Tagged] = []
    place = 0
    while place < len(labels):
        label = labels[place]
        if label == "O" or offsets[place][0] == offsets[place][1]:
            place += 1
            continue
        end = place + 1
        while end < len(labels) and labels[end] == f"I-{label[2:]}":
            end += 1
        inside = slice(place, end)
        properties = scores["property"][0][inside].log_softmax(-1).mean(0)
        ops = scores["op"][0][inside].log_softmax(-1).mean(0)
        spans.append(
            Tagged(
                offsets[place][0],
                offsets[end - 1][1],
                label[2:],
                tuple(properties.tolist()),
                tuple(ops.tolist()),
                float(chances[inside].mean()),
            )
        )
        place = end
    return spans


def read_by_tagger(text: str, folder: Path = FOLDER) -> Goal:
    """The goal of a cleaned request by the network alone."""
    return decode(text, read_tags(text, read_by_rules(text), folder))
