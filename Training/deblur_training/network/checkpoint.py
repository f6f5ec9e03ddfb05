"""Model files: `.safetensors` with the engine's metadata, and the `.pth` forms of published checkpoints."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from .adarevd import AdaRevD
from .config import ModelConfig

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def read_tensors(path: Path | str, entry: str | None = None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Names and values as stored, without `module.`, and the metadata. `entry` names the dictionary in a `.pth`."""
    path = Path(path)
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}
    content = torch.load(path, map_location="cpu", weights_only=True)
    for name in [entry] if entry else ["params", "state_dict"]:
        if name in content:
            content = content[name]
            break
    else:
        if entry:
            raise ValueError(f"{path.name} has no entry {entry!r}")
    return {key.removeprefix("module."): value for key, value in content.items()}, {}


def infer_config(tensors: dict[str, Tensor]) -> ModelConfig:
    """The sizes, read off names and shapes (specification 12.1); what they cannot tell keeps its default."""
    def count(prefix: str) -> int:
        return len({key.split(".")[prefix.count(".")] for key in tensors if key.startswith(prefix)})

    width = tensors["encoder.intro.weight"].shape[0]
    config = ModelConfig(
        width=width, encoder="UFPNet" if any(k.startswith("encoder.flow.") for k in tensors) else "NAFNet",
        encoder_blocks=[count(f"encoder.encoders.{i}.") for i in range(4)],
        middle_blocks=count("encoder.middle_blks."), sub_decoders=count("subdenets."),
        base_block="fcnaf" if "subdenets.0.level0.blocks.0.sca.0.weight" in tensors else "naf")
    _infer_classifier(config, {k.removeprefix("ape."): v for k, v in tensors.items() if k.startswith("ape.")})
    return config


def _infer_classifier(config: ModelConfig, ape: dict[str, Tensor]) -> None:
    if not ape:
        config.classifier_type = None
    elif "0.weight" in ape or "0.conv1.weight" in ape:
        config.classifier_type, config.dx = "hard_simple", "e3" if "0.weight" in ape else "e4"
        config.classes = ape["2.alpha" if config.dx == "e3" else "1.alpha"].shape[1]
    else:
        config.classifier_type = "single" if "alpha" in ape else "multi"
        channels = ape["classifier.1.weight" if "alpha" in ape else "0.classifier.1.weight"].shape[1]
        # `fd4` and `_d4` share a shape: the first is the paper's.
        known = {8: "fd4", 4: "fd3", 2: "fd2", 1: "fd1", 16: "fd4_d4", 12: "fd3_d4", 10: "fd2_d4", 9: "fd1_d4"}
        config.dx = known[channels // config.width]


def load_model(path: Path | str, classifier: Path | str | None = None, entry: str | None = None,
               dx: str | None = None) -> AdaRevD:
    """Reads a model file, strictly: names and shapes must match. `classifier`: bare children of `ape`."""
    tensors, metadata = read_tensors(path, entry)
    if classifier is not None:
        own, _ = read_tensors(classifier)
        tensors = {f"ape.{key}": value for key, value in own.items()} | tensors
    config = ModelConfig.from_metadata(metadata) if "config" in metadata else infer_config(tensors)
    if dx is not None:
        config.dx = dx
    model = AdaRevD(config)
    model.load_state_dict({key: value.float() for key, value in tensors.items()}, strict=True)
    return model.eval()


def save_model(model: AdaRevD, path: Path | str, dtype: str = "fp32", config: ModelConfig | None = None) -> None:
    """Writes the engine's form. Refuses values that the number type cannot hold."""
    path = Path(path)
    tensors = {}
    for key, value in model.state_dict().items():
        stored = value.detach().cpu().to(DTYPES[dtype]).contiguous()
        if not stored.isfinite().all():
            raise ValueError(f"{key} is not finite as {dtype}")
        tensors[key] = stored
    write_safetensors(path, tensors, (config or model.config).to_metadata())


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Names sorted, data 8-byte aligned, replaced in one step. The library's own writer orders the metadata by chance,
    so that equal models would have different digests."""
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
    header: dict = {"__metadata__": metadata} if metadata else {}
    parts, end = [], 0
    for key in sorted(tensors):
        value = tensors[key].detach().cpu().contiguous()
        data = value.reshape(-1).view(torch.uint8).numpy().tobytes()
        header[key] = {"dtype": names[value.dtype], "shape": list(value.shape), "data_offsets": [end, end + len(data)]}
        parts.append(data)
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def save_pth(model: AdaRevD, path: Path | str, dtype: str = "fp32") -> None:
    """The published checkpoints' container: zip form, entry `params`."""
    torch.save({"params": {k: v.detach().cpu().to(DTYPES[dtype]) for k, v in model.state_dict().items()}}, path)


def parameters_sha256(tensors: dict[str, Tensor]) -> str:
    """Digest over all tensors sorted by name: name, one zero byte, little-endian float32 values."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode() + b"\0")
        digest.update(tensors[key].detach().cpu().float().contiguous().numpy().astype("<f4").tobytes())
    return digest.hexdigest()
