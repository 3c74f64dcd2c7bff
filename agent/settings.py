"""Settings, read once at the edge and passed down."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults that the environment may change (IONWRIGHT_RUNS, IONWRIGHT_DEVICE, ...)."""

    model_config = SettingsConfigDict(env_prefix="IONWRIGHT_", frozen=True)

    runs: Path = Field(Path("ionwright-runs"), description="folder in which runs are kept")
    device: str = Field("cpu", description="cpu, cuda or mps")
    count: int = Field(10, description="candidates returned when the goal names no number")
    ask_above: float = Field(120.0, description="seconds a step may take without asking first")
    max_rounds: int = Field(3, description="rounds of generation before the best is reported")
