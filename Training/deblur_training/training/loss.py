"""The loss of Eq. 14 as the published code weighs it (specification 13)."""

from __future__ import annotations

import torch
from torch import Tensor


def restoration_loss(residuals: list[Tensor], blurred: Tensor, sharp: Tensor, frequency_weight: float) -> Tensor:
    """Mean over the sub-decoders of: mean |difference| + weight · mean modulus of its unscaled half spectrum.

    The transform is linear, so one of the difference is enough. Everything in float32, or float64 if given so.
    """
    kind = torch.float64 if blurred.dtype == torch.float64 else torch.float32
    target = (sharp - blurred).to(kind)
    difference = torch.stack([r.to(kind) - target for r in residuals])
    with torch.autocast(difference.device.type, enabled=False):
        loss = difference.abs().mean()
        if frequency_weight:
            loss = loss + frequency_weight * torch.fft.rfft2(difference).abs().mean()
    return loss


def decibel_loss(residuals: list[Tensor], blurred: Tensor, sharp: Tensor, smallest_error: float,
                 weights: list[float] | None = None) -> Tensor:
    """Mean over pairs and sub-decoders of 10·log10 of the mean squared error: the negative of what is measured. What is
    added to the error bounds the gradient of pairs that are nearly right. `weights`: of each sub-decoder, else all alike."""
    target = (sharp - blurred).float()
    error = torch.stack([(r.float() - target).square().mean(dim=(1, 2, 3)) for r in residuals])
    decibels = 10 * torch.log10(error + smallest_error).mean(dim=1)
    if weights is None:
        return decibels.mean()
    share = torch.tensor(weights, device=decibels.device, dtype=decibels.dtype)
    return (decibels * share).sum() / share.sum()
