"""Settings, read once at the edge and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults that the environment may change (IONWRIGHT_RUNS, IONWRIGHT_DEVICE, ...)."""

    model_config = SettingsConfigDict(env_prefix="IONWRIGHT_", frozen=True)

    runs: Annotated[Path, Field(description="folder of the runs")] = Path("ionwright-runs")
    knowledge: Annotated[
        Path | None, Field(description="folder of the knowledge store; the user's own if unset")
    ] = None
    chroma: Annotated[str, Field(description="address of a Chroma server, http://host:8000")] = ""
    device: Annotated[str, Field(description="cpu, cuda or mps")] = "cpu"
    count: Annotated[int, Field(ge=1, description="candidates when the goal names no number")] = 10
    ask_above: Annotated[float, Field(gt=0, description="seconds a step may take unasked")] = 120.0
    max_rounds: Annotated[int, Field(ge=1, description="rounds before the best is reported")] = 3
