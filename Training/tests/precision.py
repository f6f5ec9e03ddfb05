"""What float32 can do for a network and an image, told by float64 alone, so that no CPU's kernels come into it.

Each rounding of a float32 run changes a number by at most 2^-24 of it. A float64 run in which every operation's result is
changed by that much at random loses what float32 loses, ill-conditioned places included, and is the same on every CPU.
"""

import copy
import functools
import hashlib
import itertools
import json
import os
from pathlib import Path

import torch
from conftest import REPOSITORY
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

# What is allowed to the engine's tests, which have no float64 of their own: {folder: {what: room of the output}}.
RECORD = REPOSITORY / "Tests" / "Fixtures" / "network" / "float32.json"

ROUNDING = 2.0**-24
# A sum of n products rounds up to n times, in an order that the kernels choose, and where it cancels the rounding is of its terms'
# size; the noise rounds once, at the size of the result. With three sets of kernels float32 lost 1.3 to 2 times what the noise
# did in outputs, and up to 11 times in the kernel branch, whose sums cancel.
FACTOR = 16
# Enough numbers that the largest error of another draw is much the same.
NUMBERS = 16_384


class Noise(TorchDispatchMode):
    """Changes the result of every operation by at most one rounding of float32, at random."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def noisy(self, value):
        if not torch.is_tensor(value) or not (value.is_floating_point() or value.is_complex()):
            return value
        return value * (1 + ROUNDING * (2 * torch.rand(value.shape, generator=self.generator, dtype=torch.float64) - 1))

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        result = operation(*arguments, **(named or {}))
        # What returns a view, or what it was given, has computed nothing.
        if any(returned.alias_info is not None for returned in operation._schema.returns):
            return result
        return tree_map(self.noisy, result)


def kept_between_runs(work):
    """Keeps what `work` returns in the folder DEBLUR_TRUTH, if there is one, under the test's name and the call's number: runs
    of the same tests with other kernels find it there."""
    calls = {}

    @functools.wraps(work)
    def found_or_done(*arguments):
        folder, test = os.environ.get("DEBLUR_TRUTH"), os.environ.get("PYTEST_CURRENT_TEST")
        if not folder or not test:
            return work(*arguments)
        number = next(calls.setdefault(test, itertools.count()))
        path = Path(folder, f"{hashlib.sha256(test.encode()).hexdigest()[:16]}-{number}.pt")
        if not path.exists():
            torch.save(work(*arguments), path)
        return torch.load(path)

    return found_or_done


@kept_between_runs
def truth_and_room(model, run):
    """What `run(model)`, a dictionary of tensors, gives in float64, and by how much float32 may be off in each of them."""
    model = copy.deepcopy(model).double()
    with torch.no_grad():
        truth = run(model)
        values = max(tensor.numel() for tensor in truth.values())
        worst = dict.fromkeys(truth, 0.0)
        for seed in range(max(1, min(8, NUMBERS // values))):
            with Noise(seed):
                noisy = run(model)
            for name, tensor in noisy.items():
                worst[name] = max(worst[name], float((tensor - truth[name]).abs().max()))
    return truth, {name: FACTOR * loss for name, loss in worst.items()}


def recorded(case, what, room):
    """Whether the record says the same; with RECORD_FLOAT32=1 in the environment it is written instead."""
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if os.environ.get("RECORD_FLOAT32"):
        record.setdefault(case, {})[what] = float(f"{room:.4g}")
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    assert abs(record[case][what] - room) <= 0.01 * room, f"{RECORD.name} says {record[case][what]}, not {room}"


def check(name, value, truth, room):
    """Whether a tensor that float32 gave, here or elsewhere, is as near to the truth as float32 gets."""
    off = float((torch.as_tensor(value).double() - truth).abs().max())
    assert off <= room, f"{name}: off by {off:.3g}, float32 can do {room:.3g}"
