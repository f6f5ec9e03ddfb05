"""PSNR of every exit on tiles: the one pass that validation, calibration and the tables are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..network import AdaRevD
from ..network.classifier import degradation_class
from ..network.tiling import next_multiple, pad_reflect
from .pairs import Pair


@dataclass
class TileScores:
    """One tile: its true class, what the classifier said, and PSNR in dB after 0…K sub-decoders (0: as it came)."""

    name: str
    label: int
    predicted: int | None
    psnr: list[float] = field(default_factory=list)


def psnr(image: Tensor, truth: Tensor, eight_bit: bool = True) -> Tensor:
    """dB of [..., 3, h, w], as 8-bit pictures or as the values stand; 100 where nothing differs."""
    if eight_bit:
        image, truth = ((t.float().clamp(0, 1) * 255).round() / 255 for t in (image, truth))
    mse = (image.double() - truth.double()).square().mean(dim=(-3, -2, -1))
    return -10 * torch.log10(mse.clamp_min(1e-10))


@torch.no_grad()
def score_tiles(model: AdaRevD, pairs: list[Pair], device: torch.device, batch: int = 8,
                eight_bit: bool = True) -> list[TileScores]:
    """Every pair as one tile at every depth; pairs of one size are run together."""
    model = model.to(device).eval()
    scores = []
    for group in _batches(pairs, batch):
        blurred = torch.stack([p.blurred for p in group]).to(device)
        sharp = torch.stack([p.sharp for p in group]).to(device)
        height, width = blurred.shape[-2:]
        padded = pad_reflect(blurred, next_multiple(height), next_multiple(width))
        features = model.features(padded)
        predicted = None
        if model.config.classifier_type == "hard_simple":
            predicted = model.logits(features).argmax(1).tolist()
        labels = degradation_class(blurred, sharp, model.config.thresholds_db).tolist()
        outputs = [blurred] + [(padded + r)[..., :height, :width] for r in model.residuals(features)]
        values = torch.stack([psnr(o, sharp, eight_bit) for o in outputs], dim=1).tolist()
        for i, pair in enumerate(group):
            scores.append(TileScores(pair.name, labels[i], predicted and predicted[i], values[i]))
    return scores


def _batches(pairs: list[Pair], batch: int):
    group: list[Pair] = []
    for pair in pairs:
        if group and (len(group) == batch or group[0].blurred.shape != pair.blurred.shape):
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def mean_gain(model: AdaRevD, pairs: list[Pair], device: torch.device) -> float:
    """dB of the last sub-decoder over the blurred input: what the best checkpoint is chosen by."""
    scores = score_tiles(model, pairs, device)
    return sum(s.psnr[-1] - s.psnr[0] for s in scores) / len(scores)
