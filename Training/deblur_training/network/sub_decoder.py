"""One reversible sub-decoder (specification 6; Eq. 9 and 10).

The state is (d4, d3, d2, d1), coarse to fine in the paper's names; f4, the coarsest feature map, never changes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import FourierBlock, FuseNorm, NAFBlock

State = tuple[Tensor, Tensor, Tensor, Tensor]
SMALLEST_ALPHA = 1e-3


class FuseBlock(nn.Module):
    """Next coarser map up, next finer map of the previous sub-decoder down; the finest level has no finer one."""

    def __init__(self, channels: int, has_finer: bool):
        super().__init__()
        c = channels
        self.up = nn.Sequential(nn.Conv2d(2 * c, 4 * c, 1, bias=False), nn.PixelShuffle(2))
        if has_finer:
            self.down = nn.Sequential(nn.Conv2d(c // 2, c, 2, stride=2), FuseNorm(c))

    def forward(self, coarser: Tensor, finer: Tensor | None) -> Tensor:
        up = self.up(coarser)
        return up if finer is None else up + self.down(finer)


class Level(nn.Module):
    def __init__(self, channels: int, has_finer: bool, base_block: str):
        super().__init__()
        self.fusion = FuseBlock(channels, has_finer)
        self.blocks = nn.Sequential({"fcnaf": FourierBlock, "naf": NAFBlock}[base_block](channels))

    def forward(self, coarser: Tensor, finer: Tensor | None = None) -> Tensor:
        return self.blocks(self.fusion(coarser, finer))


class SubDecoder(nn.Module):
    def __init__(self, width: int, base_block: str = "fcnaf"):
        super().__init__()
        for n in range(4):
            channels = width << (3 - n)
            # 1 keeps the features alive through all sub-decoders of a fresh network, and inverts without loss.
            setattr(self, f"alpha{n}", nn.Parameter(torch.ones(1, channels, 1, 1)))
            setattr(self, f"level{n}", Level(channels, has_finer=n < 3, base_block=base_block))

    def alpha(self, n: int) -> Tensor:
        """α of level n, kept away from 0 (an exact 0 stays 0)."""
        a = getattr(self, f"alpha{n}")
        return torch.where(a.abs() < SMALLEST_ALPHA, a.sign() * SMALLEST_ALPHA, a)

    @torch.no_grad()
    def clamp_alpha(self) -> None:
        """Called after every optimiser step: below this, the inverse loses the input."""
        for n in range(4):
            a = getattr(self, f"alpha{n}")
            a.copy_(torch.where(a.abs() < SMALLEST_ALPHA, torch.where(a < 0, -SMALLEST_ALPHA, SMALLEST_ALPHA), a))

    @torch.no_grad()
    def start_idle(self) -> None:
        """Makes a fresh sub-decoder hand its state on: behind trained ones it then starts at their quality."""
        for n in range(4):
            fusion = getattr(self, f"level{n}").fusion
            fusion.up[0].weight.zero_()
            if n < 3:
                fusion.down[1].body.weight.zero_()
                fusion.down[1].body.bias.zero_()

    @torch.no_grad()
    def start_as_share(self, other: "SubDecoder", share: float) -> None:
        """A copy of `other` whose levels give `share` of what its levels give: everything that is added to a level's sum is
        linear in the fusion's last weights and in `beta` and `gamma`. α starts at 1."""
        self.load_state_dict(other.state_dict())
        for n in range(4):
            getattr(self, f"alpha{n}").fill_(1)
            level = getattr(self, f"level{n}")
            level.fusion.up[0].weight.mul_(share)
            if n < 3:
                level.fusion.down[1].body.weight.mul_(share)
                level.fusion.down[1].body.bias.mul_(share)
            for block in level.blocks:
                block.beta.mul_(share)
                block.gamma.mul_(share)

    def first_step(self, f4: Tensor, state: State) -> Tensor:
        """The updated d4 (a regressor may look at it before the sub-decoder goes on)."""
        d4, d3, _, _ = state
        return self.alpha(0) * d4 + self.level0(f4, d3)

    def forward(self, f4: Tensor, state: State) -> State:
        _, d3, d2, d1 = state
        d4 = self.first_step(f4, state)
        d3 = self.alpha(1) * d3 + self.level1(d4, d2)
        d2 = self.alpha(2) * d2 + self.level2(d3, d1)
        d1 = self.alpha(3) * d1 + self.level3(d2)
        return d4, d3, d2, d1

    def inverse(self, f4: Tensor, state: State) -> State:
        """The state before this sub-decoder, from the one after it (Eq. 10)."""
        d4, d3, d2, d1 = state
        d1 = (d1 - self.level3(d2)) / self.alpha(3)
        d2 = (d2 - self.level2(d3, d1)) / self.alpha(2)
        d3 = (d3 - self.level1(d4, d2)) / self.alpha(1)
        d4 = (d4 - self.level0(f4, d3)) / self.alpha(0)
        return d4, d3, d2, d1
