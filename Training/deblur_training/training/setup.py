"""What a run needs before its first step."""

from __future__ import annotations

from pathlib import Path

import torch

from ..network import AdaRevD
from ..network.blocks import FourierBlock, NAFBlock
from ..network.checkpoint import read_tensors
from .state import average_of


def chosen_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        # Convolutions that stay in float32 may round their factors to TF32; transforms never do.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    return torch.device(name)


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    """Of a run's checkpoint (its averages), or of a model file."""
    if path.suffix == ".pt":
        return average_of(path)[1]
    return {k: v.float() for k, v in read_tensors(path)[0].items()}


def initialise(model: AdaRevD, path: Path) -> None:
    """Takes every tensor that fits by name and shape and says what it left; a fresh classifier or more sub-decoders are
    so allowed, a wrong width is not."""
    given, own = tensors_of(path), model.state_dict()
    wrong = [k for k, v in given.items() if k in own and v.shape != own[k].shape and not k.startswith("ape.")]
    if wrong:
        raise ValueError(f"{path.name}: {len(wrong)} tensors of another shape, first {wrong[0]}")
    taken = {k: v for k, v in given.items() if k in own and v.shape == own[k].shape}
    model.load_state_dict(own | taken)
    print(f"from {path.name}: {len(taken)} tensors of {len(own)}; {len(own) - len(taken)} start afresh", flush=True)


def compile_blocks(model: AdaRevD) -> None:
    """Block by block: equal blocks share their code, and a new patch size costs seconds, not minutes."""
    torch._dynamo.config.cache_size_limit = 64
    for module in model.modules():
        if isinstance(module, (NAFBlock, FourierBlock)):
            module.compile(dynamic=False)
