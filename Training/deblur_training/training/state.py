"""A run's checkpoint: everything to go on as if nothing had happened, replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from ..network import AdaRevD
from .clock import Clock


def write_atomically(value: dict, path: Path) -> None:
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def cut_log(path: Path, step: int) -> None:
    """Takes from a CSV log what came after a step, where a run goes on from that step and will log it again."""
    if not path.exists():
        return
    head, *rows = path.read_text().splitlines(keepends=True)
    kept = [row for row in rows if row.endswith("\n") and int(row.split(",")[0]) <= step]
    if len(kept) < len(rows):
        path.write_text(head + "".join(kept))


class Average:
    """Exponential moving average of the parameters, from the first step."""

    def __init__(self, model: AdaRevD, decay: float):
        self.decay = decay
        self.names = [name for name, _ in model.named_parameters()]
        self.source = [p for _, p in model.named_parameters()]
        self.values = [p.detach().clone() for p in self.source]

    @torch.no_grad()
    def update(self, step: int) -> None:
        # Young averages forget faster, or the random start would stay in them for thousands of steps.
        torch._foreach_lerp_(self.values, [p.detach() for p in self.source],
                             1 - min(self.decay, (1 + step) / (10 + step)))

    def state(self) -> dict[str, Tensor]:
        return dict(zip(self.names, self.values))

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        for name, value in zip(self.names, self.values):
            value.copy_(state[name])

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges the model's parameters with the averages; call again to go back."""
        for mine, theirs in zip(self.values, self.source):
            kept = theirs.detach().clone()
            theirs.copy_(mine)
            mine.copy_(kept)


def slim(state: dict) -> dict:
    """The same run at a third of the size, to travel: parameters in float32, averages as bfloat16 differences, no moments
    of the optimiser (with β = 0.9 they reach back ten steps)."""
    raw, average = state["parameters"], state["average"]
    kept = {k: v for k, v in state.items() if k not in ("optimizer", "average")}
    return kept | {"average_difference": {k: (average[k] - raw[k]).bfloat16() for k in average}}


def unslim(state: dict) -> dict:
    if "average_difference" in state:
        difference = state.pop("average_difference")
        state["average"] = {k: state["parameters"][k] + v.float() for k, v in difference.items()}
    return state


def read_state(path: Path) -> dict:
    return unslim(torch.load(path, map_location="cpu", weights_only=True))


def average_of(path: Path) -> tuple[dict, dict[str, Tensor]]:
    """A run's state, and the tensors a model made from it should have: averages for parameters, buffers as they are."""
    state = read_state(path)
    return state, {k: state["average"].get(k, v) for k, v in state["parameters"].items()}


def averaged(states: list[dict]) -> list[dict]:
    """The same runs with the mean of all in each: parameters, their moving averages, the optimiser's moments; and the clock
    of the one whose phase is furthest. What each draws its pairs from stays its own. Done every so often, this is local SGD
    (Stich, "Local SGD Converges Fast and Communicates Little", 2019): workers that need no connection."""
    clocks = [Clock.from_state(state) for state in states]
    clock, furthest = max(zip(clocks, states), key=lambda found: (found[0].progress, found[0].step))
    shapes = [{k: v.shape for k, v in state["parameters"].items()} for state in states]
    if len({state["phase"] for state in states}) > 1 or any(other != shapes[0] for other in shapes):
        raise ValueError("these runs are of several phases, or of models of several sizes: they have no mean")
    steps = [state.get("optimizer", {}).get("state", {}).keys() for state in states]
    if any(found != steps[0] for found in steps) or not steps[0]:
        raise ValueError("a slim checkpoint, or one without a step, has no moments; train it a little first")

    def mean(tensors: list[Tensor]) -> Tensor:
        return torch.stack(tensors).mean(dim=0) if tensors[0].is_floating_point() else tensors[0]

    def mean_of(maps: list[dict]) -> dict:
        return {k: mean([m[k] for m in maps]) for k in maps[0]}

    moments = [state["optimizer"]["state"] for state in states]
    optimizer = furthest["optimizer"] | {"state": {
        i: mean_of([m[i] for m in moments]) | {"step": own["step"]} for i, own in furthest["optimizer"]["state"].items()}}
    common = {k: mean_of([state[k] for state in states]) for k in ("parameters", "average")}
    common |= {"optimizer": optimizer} | clock.state()
    return [state | common for state in states]
