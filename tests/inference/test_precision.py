"""Formats are used where a device computes in them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inference.precision import knows_bfloat16


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the kernel's word is on Linux only")
def test_the_processor_is_believed_as_the_kernel_describes_it() -> None:
    flags = Path("/proc/cpuinfo").read_text().split()
    expected = "avx512_bf16" in flags or "amx_bf16" in flags
    assert knows_bfloat16(torch.device("cpu")) == expected


def test_a_device_of_another_kind_is_not_trusted_with_it() -> None:
    assert not knows_bfloat16(torch.device("meta"))
