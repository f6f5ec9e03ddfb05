"""What the classifier's phase learns from on a CPU: patches that went through the frozen encoder once and are used often."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .blur import BlurMaker
from .pool import RenewedPool

Encode = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class EncodedPool(RenewedPool):
    """`capacity` patches as (features, class). Features cannot be flipped or turned as pairs of pictures can: a convolution's
    answer to a turned picture is not its turned answer."""

    MADE_AT_ONCE = 4  # cheaper for the encoder than two

    def __init__(self, maker: BlurMaker, encode: Encode, capacity: int, uses: float):
        super().__init__(capacity, uses)
        self.maker, self.encode = maker, encode
        self.patch = 0

    def _make(self, count: int) -> None:
        for feature_and_class in zip(*self.encode(*self.maker.batch(count, self.patch))):
            self._keep(feature_and_class)

    @torch.no_grad()
    def batch(self, count: int, patch: int) -> tuple[Tensor, Tensor]:
        """(features [count, channels, height, width], classes [count])."""
        if patch != self.patch:
            self.patch = patch
            self._clear()
        self._renew(count)
        which = torch.randint(0, len(self.pairs), (count,), generator=self.maker.generator).tolist()
        features, classes = zip(*(self.pairs[i] for i in which))
        return torch.stack(features), torch.stack(classes)
