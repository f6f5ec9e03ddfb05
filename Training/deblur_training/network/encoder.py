"""The encoders (specification 3 to 5). Both give five feature maps, from full size to 1/16."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import GlobalPool, NAFBlock, gate
from .kernel_branch import CODE, KernelAttention, KernelEstimator, KernelFlow


class KernelBlock(NAFBlock):
    """A NAFBlock whose `norm1` sees the map after attention to the kernel; the skip adds x itself."""

    def __init__(self, channels: int):
        super().__init__(channels)
        self.kernel_atttion = KernelAttention(channels)  # spelt so in the checkpoints

    def forward(self, x: Tensor, kernel: Tensor) -> Tensor:
        y = x + self.beta * self.mixed(self.kernel_atttion(x, kernel))
        return y + self.gamma * self.conv5(gate(self.conv4(self.norm2(y))))


class NAFNetEncoder(nn.Module):
    def __init__(self, width: int, blocks: list[int], middle_blocks: int = 1):
        super().__init__()
        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.encoders = nn.ModuleList(
            nn.Sequential(*(self.make_block(level, width << level, n) for _ in range(n)))
            for level, n in enumerate(blocks))
        self.middle_blks = nn.Sequential(*(NAFBlock(16 * width) for _ in range(middle_blocks)))
        self.downs = nn.ModuleList(nn.Conv2d(width << i, width << (i + 1), 2, stride=2) for i in range(4))

    def make_block(self, level: int, channels: int, count: int) -> nn.Module:
        return NAFBlock(channels)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.intro(x)
        features = []
        for level, down in zip(self.encoders, self.downs):
            x = level(x)
            features.append(x)
            x = down(x)
        features.append(self.middle_blks(x))
        return features

    def pool_locally(self, window: int | None) -> None:
        """Sets the mean of the encoder's blocks: over windows of that size (halved per scale), or, None, over all."""
        for level, chain in enumerate([*self.encoders, self.middle_blks]):
            for module in chain.modules():
                if isinstance(module, GlobalPool):
                    module.window = None if window is None else (window >> level, window >> level)


class UFPNetEncoder(NAFNetEncoder):
    """NAFNet's skeleton with a kernel estimate per pixel that steers the blocks of the three finest scales."""

    def __init__(self, width: int, blocks: list[int], middle_blocks: int = 1):
        super().__init__(width, blocks, middle_blocks)
        self.kernel_extra = KernelEstimator()
        self.flow = KernelFlow()
        self.kernel_down = nn.ModuleList(nn.Conv2d(CODE, CODE, 2, stride=2) for _ in range(2))
        self.noise = False  # the authors draw noise in every call; the engine's default is its mean, zero

    def make_block(self, level: int, channels: int, count: int) -> nn.Module:
        return KernelBlock(channels) if level < 3 and count == 1 else NAFBlock(channels)

    def kernel_code(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The estimate m, its σ, and the flow's input u (specification 5.2)."""
        m, sigma = self.kernel_extra(x)
        z = (m - m.mean(dim=1, keepdim=True)) / m.std(dim=1, keepdim=True, unbiased=True)
        u = z * (1 - sigma**2).sqrt()
        return m, sigma, u + torch.randn_like(u) * sigma if self.noise else u

    def kernel_maps(self, x: Tensor) -> list[Tensor]:
        _, _, u = self.kernel_code(x)
        kernel = self.flow.inverse(u.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        maps = [kernel]
        for down in self.kernel_down:
            maps.append(down(maps[-1]))
        return maps

    def forward(self, x: Tensor) -> list[Tensor]:
        height, width = x.shape[-2:]
        if height % 16 or width % 16:
            x = F.pad(x, (0, -width % 16, 0, -height % 16), mode="reflect")
        kernels = self.kernel_maps(x)
        x = self.intro(x)
        features = []
        for i, (level, down) in enumerate(zip(self.encoders, self.downs)):
            for block in level:
                x = block(x, kernels[i]) if isinstance(block, KernelBlock) else block(x)
            features.append(x)
            x = down(x)
        features.append(self.middle_blks(x))
        return features
