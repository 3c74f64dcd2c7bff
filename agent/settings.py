"""Settings, read once at the edge and passed down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ionwright.tools.context import Context


class Settings(BaseSettings):
    """Defaults that the environment may change (IONWRIGHT_RUNS, IONWRIGHT_DEVICE, ...)."""

    model_config = SettingsConfigDict(env_prefix="IONWRIGHT_", frozen=True)

    runs: Annotated[Path, Field(description="folder of the runs")] = Path("ionwright-runs")
    knowledge: Annotated[
        Path | None, Field(description="folder of the knowledge store; the user's own if unset")
    ] = None
    chroma: Annotated[str, Field(description="address of a Chroma server, http://host:8000")] = ""
    online: Annotated[
        dict[str, str], Field(description="other addresses of online sources, by name")
    ] = {}
    mp_api_key: Annotated[str, Field(description="key of the Materials Project", repr=False)] = ""
    device: Annotated[str, Field(description="cpu, cuda or mps")] = "cpu"
    count: Annotated[int, Field(ge=1, description="candidates when the goal names no number")] = 10
    ask_above: Annotated[float, Field(gt=0, description="seconds a step may take unasked")] = 120.0
    max_rounds: Annotated[int, Field(ge=1, description="rounds before the best is reported")] = 3

    def context(self, **more: Any) -> Context:
        """A context for tools with these settings."""
        return Context(
            device=more.pop("device", self.device),
            library=self.knowledge,
            chroma=self.chroma,
            addresses=self.online,
            mp_api_key=self.mp_api_key,
            **more,
        )
