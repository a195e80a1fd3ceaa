"""The fastest equal way wins; what is not equal, or not possible here, is passed over."""

from __future__ import annotations

import copy
import logging

import pytest
import torch
from torch import Tensor, nn

from inference import runtimes
from inference.corner_grades import CornerGradeNet, GraderArchitecture, log_probabilities
from inference.predict import Grader

CROPS = (torch.rand(4, 1, 64, 64), torch.arange(4))


@pytest.fixture
def network() -> CornerGradeNet:
    torch.manual_seed(0)
    made = CornerGradeNet(GraderArchitecture(stages=1, pool=(2, 1)))
    made(*CROPS)  # batch norms have seen something
    return made.eval()


def probabilities(logits: Tensor) -> Tensor:
    return log_probabilities(logits).exp()


def test_every_way_is_measured_and_the_shortest_taken(network: CornerGradeNet) -> None:
    found = runtimes.fastest(network, CROPS, probabilities, compile_too=False)
    assert {"plain", "folded"} <= found.milliseconds.keys()
    assert found.milliseconds[found.name] == min(found.milliseconds.values())
    assert torch.allclose(found.run(*CROPS), network(*CROPS), atol=1e-4)


def test_folding_leaves_the_network_itself_as_it_was(network: CornerGradeNet) -> None:
    before = copy.deepcopy(network.state_dict())
    run = runtimes.folded(network)
    assert torch.allclose(run(*CROPS), network(*CROPS), atol=1e-4)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())


def test_a_way_that_says_something_else_is_passed_over(
    network: CornerGradeNet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        runtimes, "_ways", lambda *a, **k: [("wrong", lambda: lambda *x: torch.zeros(4, 5))]
    )
    found = runtimes.fastest(network, CROPS, probabilities)
    assert (found.name, list(found.milliseconds)) == ("plain", ["plain"])
    assert "the probabilities differ" in caplog.text


def test_without_a_compiler_it_serves_without_and_says_so(
    network: CornerGradeNet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import torch._inductor.config as inductor

    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setattr(inductor, "force_disable_caches", True)
    with caplog.at_level(logging.WARNING):
        found = runtimes.fastest(network, CROPS, probabilities, compile_too=True)
    assert "compiled" not in found.milliseconds
    assert "cannot run compiled here" in caplog.text
    assert torch.allclose(found.run(*CROPS), network(*CROPS), atol=1e-4)


def test_the_shipped_networks_say_the_same_whatever_way_they_run() -> None:
    plain, chosen = Grader.from_files(device="cpu"), Grader.from_files(device="cpu")
    chosen.choose_runtimes()
    assert len(chosen.runtimes) == 2
    crops, levels = torch.rand(3, 1, 128, 128), torch.arange(3)
    with torch.inference_mode():
        expected = log_probabilities(plain.network(crops, levels), plain.calibration).exp()
        found = log_probabilities(chosen.network(crops, levels), chosen.calibration).exp()
    assert isinstance(plain.network, nn.Module)
    assert float((expected - found).abs().max()) < 0.01
