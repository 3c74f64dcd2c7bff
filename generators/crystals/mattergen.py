"""MatterGen: atoms' kinds, coordinates and cell come together out of noise.

After Zeni et al., Nature 2025 (arXiv:2312.03687): a joint diffusion whose score network is trained
once, unconditionally, on stable crystals, and adapters that turn it towards a property. This is our
own compact implementation for cells of up to 20 atoms: see `mattergen_network` for the network and
`mattergen_diffusion` for where the noise differs from the published one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Generator, Tensor

from ionwright.generators.weights import load_weights, save_weights, weights_id
from ionwright.knowledge.errors import Damaged, InvalidRequest, NotAvailable
from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import ELEMENTS

from .base import CrystalGenerator, check_request
from .data import CrystalSet
from .mattergen_adapters import (
    CHEMICAL_SYSTEM,
    SPACE_GROUP,
    Adapter,
    Wish,
    elements_code,
    group_code,
    guided,
)
from .mattergen_batches import MAX_ATOMS, cells_of, learnable
from .mattergen_diffusion import Limits, Sampler, Schedule, denoise, start
from .mattergen_network import MASKED, Config, Network, Noisy
from .mattergen_sizes import count_table, draw_formulas, draw_sizes, formula_table, given
from .mattergen_training import (
    Progress,
    Recipe,
    base_loss,
    generator_at,
    held_back,
    read_checkpoint,
    train,
    write_checkpoint,
)
from .mattergen_tuning import TUNING, tune
from .mattergen_wishes import draw_values

if TYPE_CHECKING:
    from pymatgen.core import Structure

SHIPPED = Path(__file__).parent / "weights" / "mattergen"
BATCH = 32  # cells that are sampled in step
TABLE, FORMULAS, WEIGHTS = "table", "formulas", "formula_weights"  # counts, beside the weights


class MatterGen(CrystalGenerator):
    """Crystals of up to 20 atoms by joint diffusion, turned towards properties by adapters.

    Attributes:
        adapters: by property key, CHEMICAL_SYSTEM or SPACE_GROUP.
        sampler: number and size of the steps from noise to crystal.
        guidance: how far wishes are pressed (1 = as learned).
    """

    name = "mattergen"
    family = "diffusion"
    conditions = ("energy_above_hull", "formation_energy_per_atom", "band_gap")
    weights = SHIPPED
    recipe_steps = 5_400

    def __init__(self, *, device: str = "cpu", **size: Any) -> None:
        """An untrained model; `size` are fields of the network's Config."""
        self.device = device
        torch.manual_seed(0)
        self.network = Network(Config(**size)).to(device).eval()
        self.adapters: dict[str, Adapter] = {}
        self.schedule, self.sampler, self.guidance = Schedule(), Sampler(), 2.0
        self.table: np.ndarray | None = None
        self.formulas = np.zeros((0, MAX_ATOMS), dtype=np.uint8), np.zeros(0)
        self.progress = Progress()
        self.weights_id = f"{self.name}@unsaved"

    @classmethod
    def check_conditions(cls, conditions: Sequence[Target]) -> None:
        """Leaves it to the adapters that are there: users may have trained more than we ship."""

    def fit(
        self,
        data: Iterable[Any] | CrystalSet,
        *,
        steps: int,
        seed: int = 0,
        recipe: Recipe | None = None,
    ) -> Iterator[dict[str, float]]:
        """Trains the base model on the train split; goes on from `self.step`.

        Args:
            data: a CrystalSet; its train split is learned, its val split gives the losses that are
                shown, its test split is not read.
            steps: of the whole training.
            seed: of every draw.
            recipe: learning rate, batch and the like.

        Yields:
            step, the three losses, and the same on held-back crystals.
        """
        recipe = recipe or Recipe()
        crystals, weights = learnable(_split(data, "train"))
        if not len(crystals):
            raise InvalidRequest("no crystal of at most 20 atoms on the train split to learn from")
        cells = cells_of(crystals, weights)
        check = cells_of(*learnable(_split(data, "val")))
        self.schedule = cells.schedule()
        self.table, self.formulas = count_table(cells), formula_table(cells)
        loss = base_loss(self.network, cells, self.schedule, self.device)
        check_loss = base_loss(self.network, check, self.schedule, self.device)
        for metrics in train(
            self.network, loss, cells, self.progress, steps=steps, seed=seed, recipe=recipe
        ):
            self.step = self.progress.step
            yield {**metrics, **held_back(check_loss, len(check), recipe)}

    def finetune(
        self,
        key: str,
        data: CrystalSet,
        labels: np.ndarray | None = None,
        *,
        steps: int,
        seed: int = 0,
        recipe: Recipe = TUNING,
    ) -> Iterator[dict[str, float]]:
        """Trains an adapter for one property on the train split; the base stays as it is.

        Args:
            key: a property key whose values are numbers, CHEMICAL_SYSTEM or SPACE_GROUP.
            data: crystals, for instance from `mattergen_tables.read_table`.
            labels: (n,) values in the vocabulary's unit, nan where unknown; if left out, the
                column of the set.
            steps: of the training.
            seed: of the first weights and every draw.
            recipe: learning rate, batch and the like.

        Yields:
            step, the three losses, and the same on held-back crystals.

        Raises:
            InvalidRequest: for an unknown property or too few labelled crystals.
        """
        adapter, rows = tune(
            self.network, self.schedule, key, data, labels, steps=steps, seed=seed, recipe=recipe
        )
        yield from rows
        self.adapters[key] = adapter.eval()

    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
        chemical_system: Sequence[str] = (),
        space_group: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
    ) -> list[Structure | None]:
        """See CrystalGenerator; required elements get their atoms before the diffusion starts.

        Args:
            n: how many.
            require_elements: symbols that each structure must hold.
            exclude_elements: symbols that must not occur.
            conditions: targets on properties that there is an adapter for.
            seed: same seed, same structures.
            chemical_system: symbols that each structure must hold, and no others.
            space_group: number from 1 to 230 that is steered towards.
            steps: of the sampler; the model's own if left out.
            guidance: how far wishes are pressed; the model's own if left out.
        """
        excluded = self._excluded(exclude_elements, chemical_system)
        required = [_number(s) for s in dict.fromkeys((*require_elements, *chemical_system))]
        allowed = self._allowed(excluded, required)
        rng = np.random.default_rng(seed)
        counts = draw_sizes(self._ready(), required, n, rng)
        elements = (len(required), len(required) if chemical_system else MAX_ATOMS)
        formulas = draw_formulas(*self.formulas, counts, elements, rng)
        codes, notes = self._codes(n, conditions, chemical_system, required, space_group, rng)
        sampler = replace(self.sampler, steps=steps or self.sampler.steps)
        press = self.guidance if guidance is None else guidance
        order = np.argsort(counts, kind="stable")
        found: list[Structure | None] = [None] * n
        for number, first in enumerate(range(0, n, BATCH)):
            rows = order[first : first + BATCH]
            generator = generator_at(seed, number)
            noise = self._noise(required, counts[rows], generator)
            wishes = [Wish(self.adapters[k], code[rows].to(self.device)) for k, code in codes]
            score_of = guided(self.network, wishes, press)
            limits = Limits(allowed[None], torch.from_numpy(formulas[rows]).to(self.device))
            made = denoise(score_of, noise, self.schedule, sampler, generator, limits)
            for row, structure in zip(rows, structures_of(made, notes), strict=True):
                found[row] = structure
        return found

    def _noise(self, required: Sequence[int], counts: np.ndarray, generator: Generator) -> Noisy:
        kinds = torch.from_numpy(given(required, counts))
        real = torch.arange(kinds.shape[1])[None] < torch.from_numpy(counts)[:, None]
        return start(kinds, real, self.schedule, generator, torch.device(self.device))

    def _codes(
        self,
        n: int,
        conditions: Sequence[Target],
        system: Sequence[str],
        required: Sequence[int],
        space_group: int | None,
        rng: np.random.Generator,
    ) -> tuple[list[tuple[str, Tensor]], list[str]]:
        """For each adapter that is called upon the encoded labels (n, code size), and notes."""
        codes: list[tuple[str, Tensor]] = []
        notes: list[str] = []
        if required and CHEMICAL_SYSTEM in self.adapters:
            kinds = torch.tensor(required).repeat(n, 1)
            exact = torch.full((n,), bool(system))
            codes.append((CHEMICAL_SYSTEM, elements_code(kinds, exact=exact)))
        if space_group is not None:
            if not 1 <= space_group <= 230:
                raise InvalidRequest(f"no space group {space_group}; numbers go from 1 to 230")
            self._adapter(SPACE_GROUP)
            codes.append((SPACE_GROUP, group_code(np.full(n, space_group))))
        for key in dict.fromkeys(c.property for c in conditions if c.op != "report"):
            code = self._adapter(key).code
            targets = [c for c in conditions if c.property == key and c.op != "report"]
            values, said = draw_values(code, targets, n, rng)
            codes.append((key, code.numbers(values)))
            notes += said
        return codes, notes

    def _adapter(self, key: str) -> Adapter:
        if key not in self.adapters:
            raise NotAvailable(
                f"mattergen has no adapter for {key!r}, only for: "
                f"{', '.join(sorted(self.adapters)) or 'nothing'}; train one with "
                f"`ionwright train mattergen --from base --property {key} --data table.csv`"
            )
        return self.adapters[key]

    def _excluded(self, excluded: Sequence[str], system: Sequence[str]) -> set[str]:
        check_request(0, 0, system, excluded)
        others = set(ELEMENTS) - set(system) if system else set()
        return set(excluded) | others

    def _allowed(self, excluded: set[str], required: Sequence[int]) -> Tensor:
        """(Z,) kinds that may occur: those of the training set that are not excluded."""
        seen = self._ready().sum(1) > 0
        unknown = [ELEMENTS[number - 1] for number in required if not seen[number]]
        if unknown:
            raise NotAvailable(f"mattergen never saw a crystal with {unknown[0]}; leave it out")
        allowed = torch.from_numpy(seen.copy())
        allowed[[MASKED, *(_number(symbol) for symbol in excluded)]] = False
        if not allowed.any():
            raise InvalidRequest("every element is excluded; allow some")
        return allowed.to(self.device)

    def _ready(self) -> np.ndarray:
        if self.table is None:
            raise InvalidRequest(f"{self.name} is untrained; fit it or load weights first")
        return self.table

    def save(self, folder: Path) -> None:
        """Writes model.safetensors (averaged, fp16), config.json and a folder for each adapter.

        An unfinished training also leaves checkpoint.safetensors, from which `load` and `fit` go on
        exactly.
        """
        folder = Path(folder)
        tables = {TABLE: self._ready(), FORMULAS: self.formulas[0], WEIGHTS: self.formulas[1]}
        tensors = self.network.state_dict() | {k: torch.from_numpy(v) for k, v in tables.items()}
        config = {
            "name": self.name,
            "network": asdict(self.network.config),
            "schedule": asdict(self.schedule),
            "sampler": asdict(self.sampler),
            "guidance": self.guidance,
            "step": self.step,
        }
        save_weights(folder, tensors, config)
        write_checkpoint(folder, self.progress)
        self.weights_id = weights_id(self.name, folder)
        for key, adapter in self.adapters.items():
            adapter.save(folder / "adapters" / key, {"base": self.weights_id})

    @classmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved weights; without a folder, the ones that are shipped.

        Raises:
            Damaged: if a file is missing or damaged.
        """
        folder = cls.weights if folder is None else Path(folder)
        tensors, config = load_weights(folder)
        try:
            model = cls(device=device, **config["network"])
            model.table = tensors.pop(TABLE).numpy()
            model.formulas = tensors.pop(FORMULAS).numpy(), tensors.pop(WEIGHTS).numpy()
            model.network.load_state_dict(tensors)
            model.schedule = Schedule(**config["schedule"])
            model.sampler = Sampler(**config["sampler"])
            model.guidance, model.step = float(config["guidance"]), int(config["step"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(f"weights damaged: {folder}: {error}; train again") from error
        for place in sorted((folder / "adapters").glob("*/config.json")):
            adapter = Adapter.load(place.parent, model.network.config)
            model.adapters[adapter.code.key] = adapter.to(device)
        model.progress = read_checkpoint(folder) or Progress(step=model.step)
        model.step = model.progress.step
        model.weights_id = weights_id(cls.name, folder)
        return model


def structures_of(cells: Noisy, notes: Sequence[str] = ()) -> list[Structure | None]:
    """Crystals as pymatgen's structures, with notes; None where numbers ran away."""
    from pymatgen.core import Lattice, Structure

    found: list[Structure | None] = []
    matrices = cells.cell.double().cpu().numpy()
    for kinds, frac, matrix, real in zip(
        cells.kinds.cpu().numpy(), cells.frac.cpu().numpy(), matrices, cells.real.cpu(), strict=True
    ):
        rows = real.numpy()
        if not (np.isfinite(matrix).all() and np.isfinite(frac[rows]).all()):
            found.append(None)
            continue
        made = Structure(Lattice(matrix), kinds[rows].tolist(), frac[rows])
        made.properties["notes"] = list(notes)
        found.append(made)
    return found


def _number(symbol: str) -> int:
    return ELEMENTS.index(symbol) + 1


def _split(data: Iterable[Any] | CrystalSet, part: str) -> CrystalSet:
    if not isinstance(data, CrystalSet):
        raise InvalidRequest("mattergen learns from a CrystalSet, as `read_crystals` gives it")
    return data.where(lambda i: data.split(i) == part)
