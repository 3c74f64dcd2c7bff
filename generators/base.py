"""What every generator offers: fit, sample, save, load."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Self

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, CandidateMaterial, Target


class Generator(ABC):
    """A model that proposes materials.

    Same seed, same device, same version: same candidates. A generator proposes; whether a
    proposal is valid, unique or novel is for the judge to say, so nothing is filtered silently.
    """

    name: ClassVar[str]
    material: ClassVar[CandidateMaterial]
    family: ClassVar[str]  # "autoregressive", "diffusion", "vae", "gan", "baseline"
    conditions: ClassVar[tuple[str, ...]] = ()  # property keys that samples can be asked to follow
    recipe_steps: ClassVar[int] = 0  # training steps of the shipped weights; 0: nothing to train
    step: int = 0  # where training stands; `fit` goes on from here

    @classmethod
    def read_data(cls, path: Path) -> Any:
        """What `fit` learns from, read from the user's files.

        Raises:
            InvalidRequest: if there is nothing to learn from at `path`.
        """
        raise InvalidRequest(f"generator {cls.name!r} has nothing to train")

    @abstractmethod
    def fit(self, data: Iterable[Any], *, steps: int, seed: int = 0) -> Iterator[dict[str, float]]:
        """Trains for `steps` steps; yields metrics now and then, so a caller can draw or stop."""

    @abstractmethod
    def sample(
        self,
        n: int,
        conditions: Sequence[Target] = (),
        *,
        exclude_elements: Sequence[str] = (),
        seed: int = 0,
    ) -> list[Candidate]:
        """Proposes `n` candidates that try to follow the conditions.

        Args:
            n: how many.
            conditions: targets that the samples should meet.
            exclude_elements: symbols that must not occur.
            seed: of the random numbers.

        Raises:
            InvalidRequest: for a condition that this generator does not follow.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes model.safetensors and config.json, all or nothing."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path | None = None, *, device: str = "cpu") -> Self:
        """Reads saved weights; without a folder, the ones that are shipped.

        Raises:
            Damaged: if a file is missing or does not match its checksum.
        """

    @classmethod
    def check_conditions(cls, conditions: Sequence[Target]) -> None:
        """Refuses conditions by name that this generator does not follow."""
        for condition in conditions:
            if condition.property not in cls.conditions:
                allowed = ", ".join(cls.conditions) or "none"
                raise InvalidRequest(
                    f"generator {cls.name!r} does not follow {condition.property!r}; "
                    f"conditions it follows: {allowed}"
                )


def generator_names() -> list[str]:
    """Names of all installed generators, ours and third parties'."""
    return sorted(entry_points(group="ionwright.generators").names)


def generator_class(name: str) -> type[Generator]:
    """The class registered under this name.

    Raises:
        InvalidRequest: if there is none; the message lists the names.
    """
    found = entry_points(group="ionwright.generators", name=name)
    if not found:
        raise InvalidRequest(
            f"unknown generator {name!r}; installed: {', '.join(generator_names())}"
        )
    return next(iter(found)).load()


def load_generator(name: str, *, device: str = "cpu") -> Generator:
    """The generator of this name with its shipped weights, ready to sample."""
    made = generator_class(name)
    check_device(device)
    return made.load(device=device)


def check_device(device: str) -> None:
    """Refuses a device that this machine does not have.

    Raises:
        InvalidRequest: the message lists the devices that there are.
    """
    if device == "cpu":
        return
    import torch

    there = ["cpu"]
    there += ["cuda"] if torch.cuda.is_available() else []
    there += ["mps"] if torch.backends.mps.is_available() else []
    if device.partition(":")[0] not in there:
        raise InvalidRequest(f"no device {device!r} here; this machine has: {', '.join(there)}")
