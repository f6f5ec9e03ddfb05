"""Tile grid and blending weights (specification 8, 9)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def starts(length: int, tile: int = 384, overlap: int = 32) -> list[int]:
    """First sample of each tile along one axis."""
    k = min(tile, length)
    found, at = [], 0
    while at + k < length:
        found.append(at)
        at += k - overlap
    return [*found, length - k]


def _ramp(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.float64) / (count - 1)


def axis_weights(length: int, tile: int = 384, overlap: int = 32, style: str = "edge_safe") -> list[np.ndarray]:
    """One weight per sample for each tile along one axis; style `authors` or `edge_safe`."""
    if style not in ("authors", "edge_safe"):
        raise ValueError(f"blend style {style!r}")
    begin = starts(length, tile, overlap)
    k, n = min(tile, length), len(begin)
    weights = [np.ones(k) for _ in begin]
    if n == 1:
        # The authors fade a lone tile in from its first edge; below one overlap their arithmetic is not defined.
        if style == "authors" and k > overlap:
            weights[0][:overlap] *= _ramp(overlap)
        return weights
    last_overlap = begin[-2] + k - begin[-1]
    for i in range(n):
        if 0 < i < n - 1:
            weights[i][:overlap] *= _ramp(overlap)
        if i < n - 2:
            weights[i][-overlap:] *= _ramp(overlap)[::-1]
    weights[-2][-last_overlap:] *= _ramp(last_overlap)[::-1]
    weights[-1][:last_overlap] *= _ramp(last_overlap)
    if style == "edge_safe":
        total = np.zeros(length)
        for at, weight in zip(begin, weights):
            total[at:at + k] += weight
        if np.abs(total - 1).max() > 1e-9:
            weights = [weight / total[at:at + k] for at, weight in zip(begin, weights)]
    return weights


def folded(length: int, padded: int) -> np.ndarray:
    """Source index of each sample of an axis padded at its end by reflection, folding as often as it takes."""
    if length == 1:
        return np.zeros(padded, dtype=np.int64)
    period = 2 * (length - 1)
    i = np.arange(padded) % period
    return np.minimum(i, period - i)


def pad_reflect(image: Tensor, height: int, width: int) -> Tensor:
    """[…, h, w] to [..., height, width], the new rows below and columns to the right."""
    rows = torch.from_numpy(folded(image.shape[-2], height)).to(image.device)
    columns = torch.from_numpy(folded(image.shape[-1], width)).to(image.device)
    return image[..., rows, :][..., columns]


def next_multiple(n: int, of: int = 16) -> int:
    return n + -n % of
