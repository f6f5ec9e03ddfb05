"""What a run needs before its first step."""

from __future__ import annotations

import copy
import signal
import tempfile
import time
from pathlib import Path

import torch

from ..data.photos import PhotoStore
from ..network import AdaRevD
from ..network.blocks import FourierBlock, NAFBlock
from ..network.checkpoint import read_tensors
from .clock import Clock
from .recipe import Recipe
from .state import average_of
from .trainer import Trainer


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


def initialise(model: AdaRevD, path: Path, further_share: float = 0.0) -> None:
    """Takes every tensor that fits by name and shape and says what it left; a fresh classifier, a deeper encoder or more
    sub-decoders are so allowed, a wrong width is not. What is deeper gives at first what the file's model gives: fresh
    blocks are the identity, and sub-decoders that the file has not start with the output of its last, or near it
    (`further_share`: AdaRevD.continue_after)."""
    given, own = tensors_of(path), model.state_dict()
    wrong = [k for k, v in given.items() if k in own and v.shape != own[k].shape and not k.startswith("ape.")]
    if wrong:
        raise ValueError(f"{path.name}: {len(wrong)} tensors of another shape, first {wrong[0]}")
    taken = {k: v for k, v in given.items() if k in own and v.shape == own[k].shape}
    if not taken:
        raise ValueError(f"{path.name} holds nothing of an AdaRevD; a plain NAFNet or UFPNet goes to --encoder")
    model.load_state_dict(own | taken)
    trained = len({k.split(".")[1] for k in taken if k.startswith("outputs.")})
    if 0 < trained < model.config.sub_decoders:
        model.continue_after(trained, further_share)
    print(f"from {path.name}: {len(taken)} tensors of {len(own)}; {len(own) - len(taken)} start afresh", flush=True)
    left = [k for k in given if k not in taken]
    if left:
        print(f"not taken from it, for want of a place: {len(left)} tensors, first {left[0]}", flush=True)


def take_encoder(model: AdaRevD, path: Path) -> None:
    """The encoder of any checkpoint: an AdaRevD's, a run's, or a plain NAFNet or UFPNet, whose decoder half is left out.
    It has to be the recipe's encoder: half of one would be no encoder."""
    tensors = tensors_of(path)
    if any(key.startswith("encoder.") for key in tensors):
        tensors = {k.removeprefix("encoder."): v for k, v in tensors.items() if k.startswith("encoder.")}
    wanted = model.encoder.state_dict()
    parts = {key.split(".")[0] for key in wanted}
    problems = {
        "lacks": [key for key in wanted if key not in tensors],
        "has too many": [key for key in tensors if key not in wanted and key.split(".")[0] in parts],
        "has in another shape": [k for k, v in wanted.items() if k in tensors and tensors[k].shape != v.shape]}
    found = [f"{kind} {len(keys)}, first {keys[0]}" for kind, keys in problems.items() if keys]
    if found:
        raise ValueError(f"{path.name} is not the encoder of this recipe: of its tensors it {'; '.join(found)}")
    model.encoder.load_state_dict({key: tensors[key] for key in wanted})
    print(f"encoder from {path.name}: {len(wanted)} tensors", flush=True)


def busy_batch_scale(recipe: Recipe, phase: str, store: PhotoStore, precision: str, channels_last: bool) -> int:
    """1, 2 or 4: the smallest batch that the device does not finish before the next is queued. Doubling must bring a
    quarter more patches per second, or the steps are worth more than the batch."""
    def speed(scale: int) -> float:
        own = copy.deepcopy(recipe)
        for stage in own.phase(phase).stages:
            stage.batch *= scale
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(own, phase, AdaRevD(own.model), store, Clock(total_steps=10**9), Path(folder), precision,
                              channels_last)
            for _ in range(2):
                wait(store.device)
                begin = time.monotonic()
                for _ in range(5):
                    trainer.step()
                wait(store.device)
        # In place of `scale`: a batch that did not fit was halved.
        return own.phase(phase).stages[0].batch / (time.monotonic() - begin)

    best, fastest = 1, speed(1)
    for scale in (2, 4):
        found = speed(scale)
        if found < 1.25 * fastest:
            break
        best, fastest = scale, found
    print(f"batch scale {best}", flush=True)
    return best


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def stop_on_termination() -> None:
    """SIGTERM (a time limit, a container that stops) ends the command as Ctrl-C does: the run is saved first."""
    def stop(*_) -> None:
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)


def compile_blocks(model: AdaRevD) -> None:
    """Block by block: equal blocks share their code, and a new patch size costs seconds, not minutes."""
    torch._dynamo.config.cache_size_limit = 64
    for module in model.modules():
        if isinstance(module, (NAFBlock, FourierBlock)):
            module.compile(dynamic=False)
