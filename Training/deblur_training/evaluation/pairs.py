"""Seeded pairs for evaluation: the same for every model, made on the CPU so that they are the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..data.blur import BlurMaker, BlurOptions
from ..data.photos import PhotoStore


@dataclass
class Pair:
    """[3, h, w] each, in whole 8-bit levels of 0…1."""

    name: str
    blurred: Tensor
    sharp: Tensor


def make_pairs(store: PhotoStore, count: int, seed: int, size: int = 384, options: BlurOptions | None = None,
               sharp_share: float = 0.0) -> list[Pair]:
    """Every photograph in turn; motion from mild to strong, each degradation at the share of `options`."""
    options = options or BlurOptions()
    options = BlurOptions(**(vars(options) | {"sharp": sharp_share, "downscale": 0.0, "tones": 0.0}))
    maker = BlurMaker(store, seed, options)
    pairs = []
    for first in range(0, count, 4):
        photo = torch.arange(first, min(first + 4, count)) % len(store)
        blurred, sharp = maker.batch(len(photo), size, photo)
        for i, index in enumerate(photo.tolist()):
            stem = Path(store.names[index]).stem
            pairs.append(Pair(f"{first + i:04d}_{stem}", blurred[i].cpu(), sharp[i].cpu()))
    return pairs


def write_pairs(pairs: list[Pair], folder: Path) -> None:
    """Two folders of PNG files of equal names, as `deblur eval --blur --sharp` reads them."""
    for kind in ("blur", "sharp"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        for kind, image in (("blur", pair.blurred), ("sharp", pair.sharp)):
            levels = (image * 255).round().byte().permute(1, 2, 0).numpy()
            Image.fromarray(levels).save(folder / kind / f"{pair.name}.png", compress_level=6)


def read_pairs(folder: Path) -> list[Pair]:
    names = sorted(p.name for p in (folder / "blur").iterdir())
    if not names:
        raise ValueError(f"no pairs in {folder}")
    return [Pair(Path(n).stem, read_image(folder / "blur" / n), read_image(folder / "sharp" / n)) for n in names]


def read_image(path: Path) -> Tensor:
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1).float() / 255
