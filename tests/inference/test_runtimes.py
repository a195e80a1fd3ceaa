"""The fastest equal way wins; what is not equal, or not possible here, is passed over."""

from __future__ import annotations

import copy
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from inference import runtimes
from inference.corner_grades import CornerGradeNet, GraderArchitecture, log_probabilities
from inference.heat_maps import place_log_mass
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


@torch.inference_mode()
def apart(run: runtimes.Run, network: CornerGradeNet) -> float:
    """Largest difference of a probability: where the processor knows bfloat16, that way may win."""
    return float((probabilities(run(*CROPS)) - probabilities(network(*CROPS))).abs().max())


def test_every_way_is_measured_and_the_shortest_taken(network: CornerGradeNet) -> None:
    found = runtimes.fastest(network, CROPS, probabilities, compile_too=False)
    assert {"plain", "folded", "exported"} <= found.milliseconds.keys()
    assert found.milliseconds[found.name] == min(found.milliseconds.values())
    assert apart(found.run, network) < runtimes.LARGEST_DIFFERENCE


def test_the_exported_network_says_the_same_for_any_number_of_pictures_in_any_thread(
    network: CornerGradeNet,
) -> None:
    run = runtimes.exported(network, CROPS)
    with torch.inference_mode(), ThreadPoolExecutor(2) as pool:
        for number in (1, 4, 7):
            crops = (torch.rand(number, 1, 64, 64), torch.arange(number))
            expected, beside = network(*crops), pool.submit(run, *crops)
            assert torch.allclose(run(*crops), expected, atol=1e-4)
            assert torch.allclose(beside.result(), expected, atol=1e-4)


def test_a_network_that_does_not_look_at_the_levels_is_exported_too() -> None:
    network = CornerGradeNet(GraderArchitecture(stages=1, pool=(2, 1), levels=False)).eval()
    run = runtimes.exported(network, CROPS)
    with torch.inference_mode():
        assert torch.allclose(run(*CROPS), network(*CROPS), atol=1e-4)


@pytest.mark.parametrize("broken", ["torch.onnx.export", "onnxruntime.InferenceSession"])
def test_a_network_that_cannot_be_exported_is_served_without_and_the_log_says_so(
    network: CornerGradeNet,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise Exception("no such operator")  # ONNX Runtime's errors share nothing narrower

    monkeypatch.setattr(broken, refuse)
    found = runtimes.fastest(network, CROPS, probabilities, compile_too=False)
    assert found.name in found.milliseconds
    assert "exported" not in found.milliseconds
    assert "cannot run exported here: no such operator" in caplog.text
    assert apart(found.run, network) < runtimes.LARGEST_DIFFERENCE


def test_of_a_network_that_cannot_be_exported_the_log_has_one_sentence_and_no_graph(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    class Spectrum(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return torch.fft.fft(pictures).real.mean((1, 2, 3))[:, None]

    runtimes.fastest(Spectrum().eval(), CROPS[:1], lambda found: found, compile_too=False)
    (sentence,) = [line for line in caplog.messages if "exported" in line]
    assert "aten::fft_fft" in sentence
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("winner", ["plain", "folded", "exported"])
def test_the_clock_alone_decides(
    network: CornerGradeNet, winner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, order = runtimes._measured, iter(["plain", "exported", "folded"])

    def timed(run: runtimes.Run, example: tuple[Tensor, ...]) -> tuple[Tensor, float]:
        name = next(order, "another")
        return measured(run, example)[0], 1.0 if name == winner else 2.0

    monkeypatch.setattr(runtimes, "_measured", timed)
    assert runtimes.fastest(network, CROPS, probabilities, compile_too=False).name == winner


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
    assert apart(found.run, network) < runtimes.LARGEST_DIFFERENCE


def test_the_shipped_networks_say_the_same_whatever_way_they_run() -> None:
    plain, chosen = Grader.from_files(device="cpu"), Grader.from_files(device="cpu")
    chosen.choose_runtimes()
    assert chosen.runtimes.keys() == {"key points", "grades", "closer look"}
    films, crops, levels = torch.rand(3, 1, 256, 192), torch.rand(3, 1, 128, 128), torch.arange(3)

    @torch.inference_mode()
    def said(grader: Grader) -> list[Tensor]:
        assert grader.finder.closer is not None
        return [
            log_probabilities(grader.network(crops, levels), grader.calibration).exp(),
            place_log_mass(grader.finder.network(films)).exp(),
            place_log_mass(grader.finder.closer(films[..., :112, :112])).exp(),
        ]

    assert isinstance(plain.network, nn.Module)
    for one, other in zip(said(plain), said(chosen), strict=True):
        assert float((one - other).abs().max()) < 0.01
