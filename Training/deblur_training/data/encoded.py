"""What the classifier's phase learns from on a CPU: patches that went through the frozen encoder once and are used often."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .blur import BlurMaker

Encode = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class EncodedPool:
    """`capacity` patches as (features, class). A batch is a random choice of them; every so many of them the oldest gives way
    to a new one, so that each is used about `uses` times. Features cannot be flipped or turned as pairs can: a convolution's
    answer to a turned picture is not its turned answer."""

    def __init__(self, maker: BlurMaker, encode: Encode, capacity: int, uses: float):
        self.maker, self.encode, self.capacity, self.uses = maker, encode, capacity, uses
        self.kept: list[tuple[Tensor, Tensor]] = []
        self.next = 0
        self.owed = 0.0
        self.patch = 0

    def _make(self, count: int) -> None:
        for feature, label in zip(*self.encode(*self.maker.batch(count, self.patch))):
            if len(self.kept) < self.capacity:
                self.kept.append((feature, label))
            else:
                self.kept[self.next] = feature, label
                self.next = (self.next + 1) % self.capacity

    @torch.no_grad()
    def batch(self, count: int, patch: int) -> tuple[Tensor, Tensor]:
        """(features [count, channels, height, width], classes [count])."""
        if patch != self.patch:
            self.patch, self.kept, self.next = patch, [], 0
        # A young pool grows with what is taken from it; it need not be full before the first step.
        self.owed += count / self.uses
        if len(self.kept) < min(self.capacity, 4 * count):
            self._make(4 * count)
        whole = int(self.owed) // 4 * 4  # by fours: cheaper for the encoder, and an object in motion needs another picture
        if whole:
            self._make(whole)
            self.owed -= whole
        which = torch.randint(0, len(self.kept), (count,), generator=self.maker.generator).tolist()
        features, labels = zip(*(self.kept[i] for i in which))
        return torch.stack(features), torch.stack(labels)
