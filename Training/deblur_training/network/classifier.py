"""What decides a tile's exit (specification 7): the degradation classifier, or regressors of the next gain."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import NAFBlock
from .config import ModelConfig


class Head(nn.Module):
    """Mean over the tile, LayerNorm, two linear layers, a learnt factor per output."""

    def __init__(self, channels: int, outputs: int):
        super().__init__()
        self.classifier = nn.Sequential(
            nn.LayerNorm(channels, eps=1e-6), nn.Linear(channels, channels // 2), nn.GELU(),
            nn.Linear(channels // 2, outputs))
        self.alpha = nn.Parameter(torch.full((1, outputs), outputs**-0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.of_vector(x.mean(dim=(2, 3)))

    def of_vector(self, v: Tensor) -> Tensor:
        return self.classifier(v) * self.alpha


def make_classifier(config: ModelConfig) -> nn.Module | None:
    w = config.width
    match config.classifier_type:
        case None:
            return None
        case "hard_simple" if config.dx == "e3":
            return nn.Sequential(nn.Conv2d(8 * w, 16 * w, 2, stride=2), NAFBlock(16 * w), Head(16 * w, config.classes))
        case "hard_simple" if config.dx == "e4":
            return nn.Sequential(NAFBlock(16 * w), Head(16 * w, config.classes))
        case "single":
            return Head(regressor_channels(config.dx, w), 1)
        case "multi":
            return nn.ModuleList(Head(regressor_channels(config.dx, w), 1) for _ in range(config.sub_decoders - 1))
    raise ValueError(f"no classifier {config.classifier_type!r} on {config.dx!r}")


def regressor_channels(dx: str, width: int) -> int:
    """fd4 is 8w … fd1 is w; `_d4` adds 8w."""
    own = {"fd4": 8, "fd3": 4, "fd2": 2, "fd1": 1, "": 0}[dx.removesuffix("_d4")]
    return (own + (8 if dx.endswith("_d4") else 0)) * width


def regressor_vector(dx: str, state: tuple[Tensor, ...], updated_d4: Tensor | None) -> Tensor:
    """The pooled features a regressor sees. Of `fd4_d4` both halves are the updated d4, as in the authors' inference."""
    own = dx.removesuffix("_d4")
    maps = []
    if own:
        maps.append(updated_d4 if dx == "fd4_d4" else state[4 - int(own[2])])
    if dx.endswith("_d4"):
        maps.append(updated_d4)
    return torch.cat([m.mean(dim=(2, 3)) for m in maps], dim=1)


def degradation_class(blurred: Tensor, sharp: Tensor, thresholds_db: list[float]) -> Tensor:
    """The label (specification 7.4) of each image of a batch: how many thresholds its PSNR exceeds."""
    mse = (blurred.float() - sharp.float()).square().mean(dim=(1, 2, 3))
    psnr = 10 * torch.log10(1 / mse + 1e-8)
    return (psnr[:, None] > torch.tensor(thresholds_db, device=psnr.device)).sum(dim=1)


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Eq. 15."""
    return F.cross_entropy(logits.float(), labels)
