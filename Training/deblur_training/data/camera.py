"""What a camera does to light on its way to a file: optics, mosaic, noise, demosaicing, sharpening, compression.

A blurred picture and its truth pass through the same camera, as in RSBlur's pipeline (Rim et al., ECCV 2022), so that the truth
is as soft as a camera's pixels are. Noise alone falls on the blurred one only. Images are [B, 3, h, w]; strengths are one
number a sample on the CPU.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Linear demosaicing with 5×5 filters (Malvar, He and Cutler, ICASSP 2004, Fig. 2), in eighths.
_GREEN_AT_COLOUR = [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
_COLOUR_IN_ITS_ROW = [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]
_COLOUR_AT_OTHER = [[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]


def softened(image: Tensor, along: Tensor, across: Tensor, angle: Tensor) -> Tensor:
    """A Gaussian of deviation `along` pixels in the direction `angle` (radians) and `across` pixels at right angles to it."""
    reach = 5
    a = torch.arange(-reach, reach + 1, dtype=torch.float32)
    y, x = a[:, None], a[None]
    c, s = angle.cos()[:, None, None], angle.sin()[:, None, None]
    u, v = c * x + s * y, c * y - s * x
    kernel = torch.exp(-0.5 * ((u / along.clamp_min(0.05)[:, None, None]) ** 2 + (v / across.clamp_min(0.05)[:, None, None]) ** 2))
    return _filtered(image, kernel / kernel.sum((1, 2), keepdim=True))


def sharpened(image: Tensor, radius: Tensor, amount: Tensor) -> Tensor:
    """An unsharp mask as cameras apply it: `amount` times what a Gaussian of `radius` pixels takes away is added."""
    soft = softened(image, radius, radius, torch.zeros_like(radius))
    return image + amount[:, None, None, None].to(image.device) * (image - soft)


def _filtered(image: Tensor, kernels: Tensor) -> Tensor:
    """Each sample by a kernel [B, k, k] of its own, all its channels alike; beyond an edge its pixels repeat."""
    count, channels, height, width = image.shape
    reach = kernels.shape[-1] // 2
    flat = F.pad(image, (reach,) * 4, mode="replicate").flatten(0, 1)[None]
    kernels = kernels.to(image.device).repeat_interleave(channels, 0)[:, None]
    return F.conv2d(flat, kernels, groups=count * channels)[0].view(count, channels, height, width)


def mosaic(image: Tensor) -> Tensor:
    """[B, 1, h, w] of [B, 3, h, w]: red at even rows and columns, blue at odd ones, green elsewhere (RGGB)."""
    raw = image[:, 1:2].clone()
    raw[..., 0::2, 0::2] = image[:, 0:1, 0::2, 0::2]
    raw[..., 1::2, 1::2] = image[:, 2:3, 1::2, 1::2]
    return raw


def demosaiced(raw: Tensor) -> Tensor:
    """[B, 3, h, w] of an RGGB mosaic [B, 1, h, w] with even sides."""
    filters = torch.tensor([_GREEN_AT_COLOUR, _COLOUR_IN_ITS_ROW, _COLOUR_AT_OTHER], device=raw.device)
    in_its_column = filters[1].T
    bank = torch.stack([filters[0], filters[1], in_its_column, filters[2]])[:, None] / 8
    # Reflection about the border pixel keeps the pattern's phase.
    green, row, column, other = F.conv2d(F.pad(raw, (2,) * 4, mode="reflect"), bank).unbind(1)
    known = raw[:, 0]
    red, blue = known.clone(), known.clone()
    middle = known.clone()
    middle[..., 0::2, 0::2], middle[..., 1::2, 1::2] = green[..., 0::2, 0::2], green[..., 1::2, 1::2]
    red[..., 0::2, 1::2], red[..., 1::2, 0::2] = row[..., 0::2, 1::2], column[..., 1::2, 0::2]
    red[..., 1::2, 1::2] = other[..., 1::2, 1::2]
    blue[..., 1::2, 0::2], blue[..., 0::2, 1::2] = row[..., 1::2, 0::2], column[..., 0::2, 1::2]
    blue[..., 0::2, 0::2] = other[..., 0::2, 0::2]
    return torch.stack([red, middle, blue], dim=1)
