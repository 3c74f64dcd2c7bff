"""Reading and writing trained weights: safetensors, a config with the checksum, all or nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ionwright.knowledge.errors import Damaged
from ionwright.knowledge.files import write_atomically

if TYPE_CHECKING:
    import torch


def save_weights(folder: Path, tensors: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    """Writes model.safetensors (floats as fp16) and config.json with the checksum of the former."""
    import torch
    from safetensors.torch import save

    half = {
        name: tensor.detach()
        .cpu()
        .to(torch.float16 if tensor.is_floating_point() else tensor.dtype)
        for name, tensor in tensors.items()
    }
    content = save({name: tensor.contiguous() for name, tensor in half.items()})
    checksum = hashlib.sha256(content).hexdigest()
    write_atomically(folder / "model.safetensors", content)
    write_atomically(folder / "config.json", json.dumps({**config, "sha256": checksum}, indent=2))


def load_weights(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Reads what `save_weights` wrote; floats come back as fp32.

    Raises:
        Damaged: if a file is missing, unreadable or does not match its checksum.
    """
    import torch
    from safetensors.torch import load

    config = read_config(folder)
    try:
        content = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise Damaged(f"weights missing: {error}; reinstall ionwright or train again") from error
    if hashlib.sha256(content).hexdigest() != config.get("sha256"):
        raise Damaged(
            f"weights damaged: {folder / 'model.safetensors'} does not match its checksum; "
            "reinstall ionwright or train again"
        )
    tensors = load(content)
    return {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }, config


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of a weights folder.

    Raises:
        Damaged: if it is missing or not JSON.
    """
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Damaged(f"weights damaged: {folder / 'config.json'}: {error}") from error


def weights_id(name: str, folder: Path) -> str:
    """`name@` and the first 12 digits of the weights' checksum, for provenance."""
    return f"{name}@{str(read_config(folder).get('sha256', 'unknown'))[:12]}"
