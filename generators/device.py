"""What a device is good at."""

from __future__ import annotations

import torch


def has_fast_bf16(device: str) -> bool:
    """Whether the device multiplies bf16 in hardware; elsewhere it is slower than fp32."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities() if device == "cpu" else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
