from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", help="folders of the same phase of the same model, none of them running")


def run(arguments: Namespace) -> None:
    import torch

    from ..training.state import averaged, read_state, write_atomically

    runs = arguments.runs
    if len(runs) < 2 or len({folder.resolve() for folder in runs}) < len(runs):
        raise ValueError("a mean is of two or more runs, each in a folder of its own")
    before = [read_state(folder / "last.pt") for folder in runs]
    states = averaged(before)
    for folder, old, state in zip(runs, before, states):
        pool = folder / "pool.pt"
        if pool.exists():
            pairs = torch.load(pool, map_location="cpu", weights_only=True)
            if pairs["step"] == old["step"]:  # one of another step stays as useless as it was
                write_atomically(pairs | {"step": state["step"]}, pool)
        write_atomically(state, folder / "last.pt")
    print(f"{len(runs)} runs go on from their mean, at step {states[0]['step']}")
