"""Contact sheets: blurred, restored, sharp side by side, one row per pair."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def write_sheet(rows: list[list[Tensor]], path: Path, gap: int = 4) -> None:
    """`rows` of images [3, h, w], all of one size."""
    height, width = rows[0][0].shape[-2:]
    sheet = torch.ones(3, len(rows) * (height + gap) - gap, len(rows[0]) * (width + gap) - gap)
    for r, row in enumerate(rows):
        for c, image in enumerate(row):
            y, x = r * (height + gap), c * (width + gap)
            sheet[:, y:y + height, x:x + width] = image.clamp(0, 1).cpu()
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = (sheet * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(path, quality=93)
