"""JPEG's loss on the device: colour conversion, optional chroma subsampling, 8×8 DCT, quantisation, and back."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# The example tables of ITU-T T.81, Annex K, which every common encoder scales.
_LUMA = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
         51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
         120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
_CHROMA = [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
           99, 99, 99, 99, 99] + [99] * 32
_TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_FROM_YCC = torch.tensor([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])


def _dct(device: torch.device) -> Tensor:
    k = torch.arange(8, dtype=torch.float32)
    m = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) / 2
    m[0] /= math.sqrt(2)
    return m.to(device)


def _tables(base: list[int], quality: Tensor) -> Tensor:
    """[B, 8, 8], by libjpeg's scaling of quality 1…100."""
    q = quality.clamp(1, 100)
    scale = torch.where(q < 50, 5000 / q, 200 - 2 * q)[:, None]
    table = ((torch.tensor(base, dtype=torch.float32, device=quality.device) * scale + 50) / 100).floor()
    return table.clamp(1, 255).view(-1, 1, 1, 8, 8)


def _through(plane: Tensor, table: Tensor) -> Tensor:
    """One channel [B, h, w], sides multiples of 8, around 0."""
    b, h, w = plane.shape
    dct = _dct(plane.device)
    blocks = plane.view(b, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4)
    levels = (dct @ blocks @ dct.T / table).round()
    return (dct.T @ (levels * table) @ dct).permute(0, 1, 3, 2, 4).reshape(b, h, w).round().clamp(-128, 127)


def jpeg(image: Tensor, quality: Tensor, subsampled: bool) -> Tensor:
    """[B, 3, h, w] in 0…1, sides multiples of 16, to what decoding gives, in whole 8-bit levels."""
    ycc = torch.einsum("ij,bjhw->bihw", _TO_YCC.to(image.device), (image.clamp(0, 1) * 255).round()).round()
    luma = _through(ycc[:, 0] - 128, _tables(_LUMA, quality)) + 128
    chroma = F.avg_pool2d(ycc[:, 1:], 2).round() if subsampled else ycc[:, 1:]
    table = _tables(_CHROMA, quality)
    chroma = torch.stack([_through(chroma[:, i], table) for i in (0, 1)], dim=1)
    if subsampled:
        chroma = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    rgb = torch.einsum("ij,bjhw->bihw", _FROM_YCC.to(image.device), torch.cat([luma[:, None], chroma], dim=1))
    return rgb.clamp(0, 255).round() / 255
