"""CDVAE: a crystal is a latent vector, and diffusion makes it of that again.

After Xie, Fu, Ganea, Barzilay, Jaakkola (ICLR 2022, arXiv:2110.06197). An encoder reads a crystal
into a latent vector; heads on the vector give the number of atoms, the lattice, the composition
and properties; a decoder moves atoms from anywhere to where they belong by annealed Langevin
dynamics. This is our own implementation, made for one CPU core, and differs in this: encoder and
decoder are small networks with vectors on atoms, where the paper's are DimeNet++ and GemNet-dQ;
the encoder is told the lattice too; the decoder is told the strength of the noise and knows that
a shift of the whole crystal is no change; compositions are written atom by atom and kept while
the atoms move; and points between the latent vectors of training crystals may stand for draws from
the unit normal prior, which the latent vectors fill badly.

Shapes: A atoms, B crystals, D numbers of a latent vector, Z elements, P properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from ionwright.generators.weights import load_weights, save_weights, weights_id
from ionwright.knowledge.errors import Damaged, InvalidRequest
from ionwright.knowledge.records import Target

from .base import CrystalGenerator
from .cdvae_data import MAX_ATOMS, PROPERTIES, batch_of, lattice_of, set_of, structures_of
from .cdvae_latent import Starts, Wish, atoms_of, draw_fitting, optimized, plan, preference
from .cdvae_network import Config, Network
from .cdvae_noise import Noise, Schedule, anneal
from .cdvae_training import (
    Recipe,
    TrainingState,
    read_checkpoint,
    train,
    write_checkpoint,
)
from .data import CrystalSet
from .periodic_graph import cells_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

Prior = Literal["normal", "between"]
SHIPPED = Path(__file__).parent / "weights" / "cdvae"
BATCH = 64  # crystals decoded at once
STARTS = 8  # latent vectors bettered for each crystal that is decoded


class CDVAE(CrystalGenerator):
    """Makes crystals of up to 20 atoms, if asked towards energies or a band gap."""

    name = "cdvae"
    family = "vae"
    conditions = PROPERTIES
    weights = SHIPPED
    recipe_steps = 8000

    def __init__(self, *, device: str = "cpu", **size: Any) -> None:
        """An untrained model; `size` are fields of Config."""
        self.device, self.config = device, Config(**size)
        self.noise, self.schedule = Noise(), Schedule()
        self.prior: Prior = "between"
        self.network: Network | None = None
        self.step = 0
        self.starts = Starts.none(self.config.latent)
        self.training_state = TrainingState({}, {})
        self.weights_id = f"{self.name}@unsaved"

    def fit(
        self,
        data: Iterable[Any] | CrystalSet,
        *,
        steps: int,
        seed: int = 0,
        recipe: Recipe | None = None,
    ) -> Iterator[dict[str, float]]:
        """Learns the crystals of 2 to 20 atoms on the train split of chemical systems.

        Goes on from `self.step`; a checkpoint that is loaded and fitted with the same data, steps
        and seed ends where an unbroken training ends.

        Args:
            data: what `read_data` gives.
            steps: of training.
            seed: of the first weights and of every batch.
            recipe: learning rate, batch size and the like.

        Yields:
            step, the parts of the loss, and the same on crystals of the val split.

        Raises:
            InvalidRequest: if there is nothing to learn from.
        """
        if not isinstance(data, CrystalSet):
            raise InvalidRequest(f"{self.name} learns a CrystalSet: give what read_data gives")
        yield from train(self, data, steps=steps, seed=seed, recipe=recipe or Recipe())

    def sample_structures(
        self,
        n: int,
        *,
        require_elements: Sequence[str] = (),
        exclude_elements: Sequence[str] = (),
        conditions: Sequence[Target] = (),
        seed: int = 0,
        prior: Prior | None = None,
    ) -> list[Structure | None]:
        """Makes `n` crystals: latent vectors from the prior, bettered for conditions, decoded.

        Args:
            n: how many.
            require_elements: symbols that each crystal must hold; vectors are drawn whose
                composition does, and where too few are found the elements are forced into it.
            exclude_elements: symbols that must not occur; they are never written.
            conditions: targets on PROPERTIES. Vectors start between training crystals and go down
                the gradient of the property head; what the decoded crystal has is to be measured.
            seed: same seed, same crystals.
            prior: "normal" is the paper's, "between" lies between training crystals that are
                alike. None takes the model's own.
        """
        network, rng = self._ready(), torch.Generator().manual_seed(seed)
        wish = Wish.of(require_elements, exclude_elements)
        targets = [target for target in conditions if target.op != "report"]
        draw = self._prior("between" if targets else prior or self.prior, rng)
        if targets:
            z = optimized(network, draw_fitting(network, draw, STARTS * n, wish), targets)
            z = z[preference(network, z, targets, wish).argsort(stable=True)[:n]]
        else:
            z = draw_fitting(network, draw, n, wish)
        return self.decode(z, wish, seed=seed)

    def encode(self, structures: Sequence[Structure]) -> Tensor:
        """Means of the latent distributions (B, D); cells are reduced first.

        Raises:
            InvalidRequest: for a crystal of more than 20 atoms, or disordered.
        """
        too_large = [s for s in structures if not s.is_ordered or len(s) > MAX_ATOMS]
        if too_large:
            raise InvalidRequest(
                f"{too_large[0].composition.reduced_formula} has {len(too_large[0])} sites; "
                f"{self.name} reads ordered cells of up to {MAX_ATOMS} atoms: reduce it first"
            )
        crystals, network = set_of(structures), self._ready()
        parts = [range(i, min(i + BATCH, len(crystals))) for i in range(0, len(crystals), BATCH)]
        with torch.inference_mode():
            means = [network.encode(batch_of(crystals, part, self.device))[0] for part in parts]
        return torch.cat(means) if means else torch.zeros(0, self.config.latent)

    def decode(
        self,
        z: Tensor,
        wish: Wish = Wish(),  # noqa: B008  # frozen
        *,
        seed: int = 0,
        schedule: Schedule | None = None,
    ) -> list[Structure | None]:
        """Crystals of latent vectors (B, D); None where an element found no room in the cell."""
        rng = np.random.default_rng([seed, 1])
        made: list[Structure | None] = []
        for part in z.split(BATCH) if len(z) else ():
            made += self._decoded(part, wish, rng, schedule)
        return made

    def _decoded(
        self, z: Tensor, wish: Wish, rng: np.random.Generator, schedule: Schedule | None
    ) -> list[Structure | None]:
        """One batch; each crystal has its own rows of random numbers, whatever the others are."""
        network = self._ready()
        planned = plan(network, z, wish)
        cells = cells_of(lattice_of(planned.shapes, planned.sizes), planned.sizes)
        rows = BATCH, MAX_ATOMS, 3

        def here(values: np.ndarray) -> Tensor:
            drawn = torch.from_numpy(values).to(z.device)
            return drawn[cells.crystal.to(z.device), cells.slot.to(z.device)]

        coords, numbers = anneal(
            network.decoder,
            self.noise,
            schedule or self.schedule,
            z,
            cells,
            atoms_of(planned.counts),
            lambda: here(rng.standard_normal(rows, dtype=np.float32)),
            start=here(rng.random(rows, dtype=np.float32)),
        )
        held = (planned.counts[:, list(wish.required)] > 0).all(-1).tolist()
        made = structures_of(numbers, coords, cells)
        return [structure if has else None for structure, has in zip(made, held, strict=True)]

    def reconstruct(
        self, structures: Sequence[Structure], *, seed: int = 0, schedule: Schedule | None = None
    ) -> list[Structure | None]:
        """What is left of crystals after encoding and decoding, numbers of atoms and all."""
        return self.decode(self.encode(structures), seed=seed, schedule=schedule)

    def interpolate(
        self, first: Structure, last: Structure, n: int, *, seed: int = 0
    ) -> list[Structure | None]:
        """`n` crystals decoded from latent vectors on the straight line between two, ends included.

        Raises:
            InvalidRequest: for fewer than two.
        """
        if n < 2:
            raise InvalidRequest(f"{n} crystals span no path; give at least 2")
        start, end = self.encode([first, last])
        return self.decode(torch.lerp(start, end, torch.linspace(0, 1, n)[:, None]), seed=seed)

    def predict_properties(self, structures: Sequence[Structure]) -> np.ndarray:
        """What the property head says of crystals: (B, P) in the order of PROPERTIES."""
        with torch.inference_mode():
            return self._ready().properties(self.encode(structures)).cpu().numpy()

    def _prior(self, prior: Prior, rng: torch.Generator) -> Callable[[int], Tensor]:
        """What draws latent vectors."""

        def normal(n: int) -> Tensor:
            return torch.randn(n, self.config.latent, generator=rng).to(self.device)

        def between(n: int) -> Tensor:
            return self.starts.between(n, rng)

        if prior == "between" and not len(self.starts.means):
            raise InvalidRequest(f"{self.name} is half trained: finish it before asking for more")
        return normal if prior == "normal" else between

    def _ready(self) -> Network:
        if self.network is None:
            raise InvalidRequest(f"{self.name} is untrained; fit it or load weights first")
        return self.network

    def save(self, folder: Path) -> None:
        """Writes model.safetensors (fp16, weights averaged over steps) and config.json.

        An unfinished training also leaves checkpoint.safetensors, from which `load` and `fit` go
        on exactly.
        """
        network = self._ready()
        config = {
            "name": self.name,
            "network": asdict(network.config),
            "noise": asdict(self.noise),
            "schedule": asdict(self.schedule),
            "prior": self.prior,
            "step": self.step,
        }
        tensors = {**network.state_dict(), **self.training_state.averaged, **asdict(self.starts)}
        save_weights(Path(folder), tensors, config)
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
        try:
            model = cls(device=device, **config["network"])
            model.noise = Noise(**config["noise"])
            model.schedule = Schedule(**config["schedule"])
            model.prior = config["prior"]
            model.starts = Starts(tensors.pop("means").to(device), tensors.pop("spread").to(device))
            model.network = Network(model.config).to(device)
            model.network.load_state_dict(tensors)
            model.step = int(config["step"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(f"weights damaged: {folder}: {error}; train again") from error
        model.network.eval()
        read_checkpoint(model, folder)
        model.weights_id = weights_id(cls.name, folder)
        return model
