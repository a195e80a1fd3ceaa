"""Which number formats a device computes in faster than in float32."""

from __future__ import annotations

import torch


def knows_bfloat16(device: torch.device) -> bool:
    """True where bfloat16 is arithmetic of the device and not imitated.

    A processor without it takes about ten times longer than with float32.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capable = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(capable.get("avx512_bf16") or capable.get("amx_bf16"))
