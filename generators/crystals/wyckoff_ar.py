"""WyckoffAR: a conditional transformer that writes crystals by their symmetry.

Space group first, then orbits (element and Wyckoff position), then the lattice numbers that the
crystal system leaves free, then the free coordinates: every crystal has the symmetry that was
written, by construction. After the idea of Wyckoff sequences (Kazeev et al., Wyckoff Transformer,
2025; Cao et al., CrystalFormer, 2024); the implementation is our own and differs in that crystals
are written in a canonical setting, one step holds an orbit or a number, positions of all groups
share what they have in common, and elements can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from torch import Tensor

from ionwright.generators.molecules.polymer_conditions import Knots, draw_conditions
from ionwright.generators.weights import load_weights, save_weights, weights_id
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import ELEMENTS as SYMBOLS

from .base import CrystalGenerator, check_request
from .charge_balance import charge_balanced
from .metrics import structure_sound
from .wyckoff_cells import Skeleton, decode, primitive_size
from .wyckoff_data import MOST_ATOMS
from .wyckoff_network import Condition, Config, Network
from .wyckoff_positions import GROUPS
from .wyckoff_sampler import Sampler
from .wyckoff_tokens import ELEMENTS, Bins, Draft, Rules
from .wyckoff_training import (
    CONDITIONS,
    Recipe,
    asked,
    read_checkpoint,
    train,
    write_checkpoint,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from .data import CrystalSet

SHIPPED = Path(__file__).parent / "weights" / "wyckoff_ar"
BATCH = 128  # rows written in step: fixed, so that a seed gives the same crystals for any n
ATTEMPTS = 6  # skeletons drawn for a crystal whose charges have to add up
NUMBER_ATTEMPTS = 3  # sets of numbers drawn for a skeleton until no atoms clash
ROUNDS = 3  # in each a new skeleton for what still clashes; the last is kept as it is


class WyckoffAR(CrystalGenerator):
    """Writes crystals by space group, Wyckoff positions, lattice and free coordinates."""

    name = "wyckoff_ar"
    family = "autoregressive"
    conditions = CONDITIONS
    weights = SHIPPED
    recipe_steps = 5000

    def __init__(self, *, device: str = "cpu", **size: Any) -> None:
        """An untrained model; `size` are fields of Config."""
        self.device, self.size = device, size
        self.network: Network | None = None
        self.bins: Bins | None = None
        self.knots: dict[str, Knots] = {}
        self.seen = np.ones(ELEMENTS, dtype=bool)  # elements of the training crystals
        self.step = 0
        self.temperatures = (0.7, 0.4)  # of skeletons and of numbers
        self.guidance = 2.0
        self.optimizer_state: dict[str, Tensor] = {}
        self.weights_id = f"{self.name}@unsaved"

    def fit(  # type: ignore[override]  # the data are a set of crystals
        self,
        data: CrystalSet,
        *,
        steps: int,
        seed: int = 0,
        recipe: Recipe | None = None,
        cache: Path | None = None,
    ) -> Iterator[dict[str, float]]:
        """Learns the train split of a set; goes on from `self.step`.

        A checkpoint that is loaded and fitted with the same data, steps and seed ends where an
        unbroken training ends.

        Args:
            data: what `read_data` gives.
            steps: in all.
            seed: of the first weights and of every batch.
            recipe: learning rate, batch size and the like.
            cache: file that keeps the crystals as they are written, which takes minutes.

        Yields:
            step, loss, and nats per crystal on the val split now and then.
        """
        yield from train(self, data, steps=steps, seed=seed, recipe=recipe, cache=cache)

    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
        chemical_system: str | None = None,
        space_groups: Sequence[int] = (),
        balance_charges: bool = True,
        most_atoms: int = MOST_ATOMS,
        sampling_temperature: float | None = None,
        guidance: float | None = None,
    ) -> list[Structure | None]:
        """Writes `n` crystals as primitive cells.

        Args:
            n: how many.
            require_elements: symbols that each crystal holds; the network is told of them, and the
                grammar does not let them be left out.
            exclude_elements: symbols that are never written.
            conditions: targets on the properties in `conditions`.
            seed: same seed, same crystals; the first ones do not depend on `n`.
            chemical_system: such as "Li-Fe-P-O": these elements, all of them and no others.
            space_groups: numbers to choose from; all if left out.
            balance_charges: draw space group and orbits up to `ATTEMPTS` times until the formula
                can be neutral or is no salt (`charge_balance.charge_balanced`); the last draw is
                kept if none is.
            most_atoms: in the primitive cell.
            sampling_temperature: of space group and orbits; None takes the model's own.
            guidance: how far conditions are pressed (1 = as learned); None takes the model's own.

        Raises:
            InvalidRequest: for elements, space groups or temperatures that do not exist.
        """
        network, bins = self._ready()
        rules, told = self._rules(
            require_elements, exclude_elements, chemical_system, space_groups, most_atoms
        )
        heat = self.temperatures[0] if sampling_temperature is None else sampling_temperature
        if not heat > 0:
            raise InvalidRequest(f"sampling_temperature {heat} must be above 0")
        values, notes = draw_conditions(self.knots, conditions, n, seed)
        table = np.stack([values[key] for key in CONDITIONS], axis=1)
        w = self.guidance if guidance is None else guidance
        w = 1.0 if np.isnan(table).all() else w
        sampler = Sampler(network, heat, self.temperatures[1], w)
        made: list[Structure | None] = []
        for start in range(0, n, BATCH):
            rows = table[start : start + BATCH]
            shown = np.repeat(told[None], len(rows), axis=0)
            only = np.full(len(rows), chemical_system is not None)
            condition = asked(rows, self.knots, shown, only).to(self.device)
            writing = _Batch(sampler, rules, condition, (seed, start))
            made += writing.structures(bins, ATTEMPTS if balance_charges else 1)
        for structure in made:
            if structure is not None:
                structure.properties["notes"] = list(notes)
        return made

    def _rules(
        self,
        require: Sequence[str],
        exclude: Sequence[str],
        chemical_system: str | None,
        space_groups: Sequence[int],
        most_atoms: int,
    ) -> tuple[Rules, np.ndarray]:
        """The rules of a draft, and the elements that the network is told (ELEMENTS,)."""
        system = chemical_system.split("-") if chemical_system else []
        require = [*require, *system]
        check_request(0, 0, require, exclude)
        number_of = {symbol: z for z, symbol in enumerate(SYMBOLS, 1)}
        required = frozenset(number_of[symbol] for symbol in require)
        unseen = [SYMBOLS[z - 1] for z in sorted(required) if z >= ELEMENTS or not self.seen[z]]
        if unseen:
            raise InvalidRequest(f"{self.name} has learned no crystal with {', '.join(unseen)}")
        wrong = [spg_num for spg_num in space_groups if not 1 <= spg_num <= GROUPS]
        if wrong:
            raise InvalidRequest(f"space group {wrong[0]} does not exist; give numbers 1 to 230")
        told = np.zeros(ELEMENTS, dtype=bool)
        told[list(required)] = True
        allowed = told.copy() if system else self.seen.copy()
        allowed[[number_of[symbol] for symbol in exclude if number_of[symbol] < ELEMENTS]] = False
        groups = np.zeros(GROUPS + 1, dtype=bool)
        groups[list(space_groups) or slice(1, None)] = True
        return Rules(required, allowed, groups, most_atoms), told

    def _ready(self) -> tuple[Network, Bins]:
        if self.network is None or self.bins is None:
            raise InvalidRequest(f"{self.name} is untrained; fit it or load weights first")
        return self.network, self.bins

    def save(self, folder: Path) -> None:
        """Writes model.safetensors (fp16) and config.json with bins and knots.

        An unfinished training also leaves checkpoint.safetensors, from which `load` and `fit` go on
        exactly.
        """
        network, bins = self._ready()
        config = {
            "name": self.name,
            "network": asdict(network.config),
            "edges": bins.edges,
            "knots": {key: asdict(knots) for key, knots in self.knots.items()},
            "seen": np.flatnonzero(self.seen).tolist(),
            "temperatures": self.temperatures,
            "guidance": self.guidance,
            "step": self.step,
        }
        save_weights(Path(folder), network.state_dict(), config)
        write_checkpoint(self, Path(folder))
        self.weights_id = weights_id(self.name, Path(folder))

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved weights; without a folder, the ones that are shipped.

        Raises:
            Damaged: if a file is missing or damaged.
        """
        folder = SHIPPED if folder is None else Path(folder)
        tensors, config = load_weights(folder)
        model = cls(device=device)
        try:
            model.bins = Bins(tuple(tuple(edges) for edges in config["edges"]))
            model.knots = {key: Knots.read(fields) for key, fields in config["knots"].items()}
            model.network = Network(Config(**config["network"])).to(device)
            model.network.load_state_dict(tensors)
            model.seen = np.isin(np.arange(ELEMENTS), config["seen"])
            first, second = config["temperatures"]
            model.temperatures = (float(first), float(second))
            model.guidance, model.step = float(config["guidance"]), int(config["step"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(f"weights damaged: {folder}: {error}; train again") from error
        model.network.eval()
        read_checkpoint(model, folder)
        model.weights_id = weights_id(cls.name, folder)
        return model


@dataclass(frozen=True)
class _Batch:
    """Crystals that are written in step: first all skeletons, then all numbers.

    Attributes:
        sampler: how answers are drawn.
        rules: what drafts keep to.
        told: what each of the N rows is asked for.
        seed: of the request, and where in it the batch starts.
    """

    sampler: Sampler
    rules: Rules
    told: Condition
    seed: tuple[int, int]

    def structures(self, bins: Bins, attempts: int) -> list[Structure | None]:
        """One crystal for each row: the first of up to `ROUNDS` in which no atoms clash.

        Args:
            bins: of the numbers.
            attempts: skeletons drawn in a round until the charges can add up.
        """
        made: list[Structure | None] = [None] * len(self.told.only)
        left = list(range(len(made)))
        for turn in range(ROUNDS):
            plans = self._skeletons(left, turn, attempts)
            for i, structure in self._built(plans, bins, turn).items():
                made[i] = structure
            left = [i for i in left if not _is_sound(made[i])]
            if not left:
                break
        return made

    def _skeletons(self, rows: list[int], turn: int, attempts: int) -> dict[int, Skeleton]:
        """For each row the first skeleton whose charges can add up, else the last, if any."""
        plans: dict[int, Skeleton] = {}
        left = list(rows)
        for attempt in range(attempts):
            tried = [Draft(self.rules) for _ in left]
            chance = self._chance(turn, 0, attempt)[left]
            self.sampler.write(tried, self.told.rows(left), chance, skeletons_only=True)
            drawn = {i: draft for i, draft in zip(left, tried, strict=True) if not draft.failed}
            plans |= {i: (draft.spg_num, tuple(draft.orbits)) for i, draft in drawn.items()}
            left = [i for i in left if i not in drawn or not _is_balanced(plans[i])]
            if not left:
                break
        return plans

    def _built(self, plans: dict[int, Skeleton], bins: Bins, turn: int) -> dict[int, Structure]:
        """Crystals with these skeletons; numbers are drawn anew, and warmer, where atoms clash."""
        made: dict[int, Structure] = {}
        left = list(plans)
        for attempt in range(NUMBER_ATTEMPTS if left else 0):
            tried = [Draft(self.rules, plan=plans[i]) for i in left]
            heat = self.sampler.number_temperature * (1 + attempt)
            sampler = replace(self.sampler, number_temperature=heat)
            sampler.write(tried, self.told.rows(left), self._chance(turn, 1, attempt)[left])
            for i, draft in zip(left, tried, strict=True):
                structure = _structure(draft, bins)
                if structure is not None:
                    made[i] = structure
            left = [i for i in left if not _is_sound(made.get(i))]
            if not left:
                break
        return made

    def _chance(self, *draw: int) -> np.ndarray:
        """(BATCH, block, 2) uniform numbers; whole, so that rows do not depend on how many."""
        block = self.sampler.network.config.block
        return np.random.default_rng([*self.seed, *draw]).random((BATCH, block, 2))


def _structure(draft: Draft, bins: Bins) -> Structure | None:
    """What was written, with its space group among its properties; None if it is no cell."""
    crystal = draft.crystal(bins)
    try:
        structure = decode(crystal)
    except ValueError:  # angles that belong to no cell
        return None
    structure.properties["spg_num"] = crystal.spg_num
    return structure


def _is_sound(structure: Structure | None) -> bool:
    return structure is not None and structure_sound(structure)


def _is_balanced(skeleton: Skeleton) -> bool:
    from pymatgen.core import Composition

    counts: dict[str, float] = {}
    for number, place in skeleton[1]:
        symbol = SYMBOLS[number - 1]
        counts[symbol] = counts.get(symbol, 0) + primitive_size(skeleton[0], place)
    return charge_balanced(Composition(counts)) is not False
