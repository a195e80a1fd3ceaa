"""Several processes under torchrun descend as one does, and one of them writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.loop import Batch, Schedule, train
from training.processes import ALONE, Group, joined

torch.set_num_threads(1)
SCHEDULE = Schedule(
    steps=12, batch=9, learning_rate=0.02, validate_every=4, average=0.5, bfloat16=False
)


class Line:
    """Learn the mean grey of a picture, of those that count; at most `room` fit into memory."""

    def __init__(self, room: int = 99) -> None:
        self.room = room
        self.parts = 0  # that were done beside the other process

    def batch(self, step: int, size: int) -> Batch:
        random = torch.Generator().manual_seed(step)
        pictures = torch.rand(size, 1, 4, 4, generator=random)
        return pictures, pictures.mean(dim=(1, 2, 3)), (torch.arange(size) % 3 > 0).float()

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        pictures, grey, counts = batch
        if len(pictures) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.parts += isinstance(network, DistributedDataParallel)
        wrong = (network(pictures)[:, 0] - grey).square()
        return (wrong * counts).sum() / counts.sum().clamp(min=1)

    def counted(self, batch: Batch) -> float:
        return float(batch[2].sum())

    def validation_loss(self, network: nn.Module) -> float:
        self.room = 99
        return float(self.loss(network, self.batch(10_000, 64)).detach())


class Spare(nn.Module):
    """A network with a layer that no picture meets, as a trunk has under the third look alone."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.Tanh(), nn.Linear(5, 1))
        self.idle = nn.Linear(2, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        """[n, 1, 4, 4] -> [n, 1]."""
        found: Tensor = self.layers(pictures)
        return found


def trained(group: Group, task: Line) -> tuple[nn.Module, list[str]]:
    torch.manual_seed(0)
    network = Spare()
    said: list[str] = []
    train(
        network,
        task,
        SCHEDULE,
        torch.device("cpu"),
        lambda line: said.append(line["phase"]),
        group=group,
    )
    return network, said


def main(out: Path, room: int) -> None:
    """What each process of the tests below does."""
    with joined("cpu") as (group, _):
        task = Line(room)
        network, said = trained(group, task)
        torch.save(network.state_dict(), out / f"{group.rank}.pt")
        (out / f"{group.rank}.json").write_text(json.dumps([said, task.parts]))


def under_torchrun(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        check=False,
    )


@pytest.mark.parametrize("room", [99, 2])
def test_two_processes_end_where_one_does(tmp_path: Path, room: int) -> None:
    alone, _ = trained(ALONE, Line())
    done = under_torchrun(__file__, tmp_path, room)
    assert done.returncode == 0, done.stderr
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, tensor in alone.state_dict().items():
            assert torch.allclose(found[name], tensor, atol=1e-5), name
    told = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert any("halved" in phase for phase in told[0][0]) == (room == 2)
    # Shares of 4 and 5 pictures, in as many parts: synchronised batch norms wait in each of them
    assert told[0][1] == told[1][1] == SCHEDULE.steps * (4 if room == 2 else 1)


def test_a_whole_run_of_two_processes_reports_and_writes_once(
    phantoms: Path, small_grader: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.safetensors"
    asked = ["corner_grades", "--snapshot", phantoms, "--recipe", "tiny", "--out", out]
    done = under_torchrun("-m", "training", "--threads", 1, *asked, "--init", small_grader)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("done") for line in lines].count(True) == 1
    assert lines[-1]["metrics"]["corners"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.safetensors"]


def test_every_row_of_a_batch_is_in_one_share() -> None:
    batch = (torch.arange(7), torch.arange(7) * 2)
    shares = [Group(rank, 3).share(batch) for rank in range(3)]
    assert torch.cat([first for first, _ in shares]).tolist() == list(range(7))
    assert [len(first) for first, _ in shares] == [2, 2, 3]


def test_a_gpu_that_is_not_there_is_refused_with_a_sentence() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ValueError, match="no GPU that torch can use"), joined("cuda"):
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
