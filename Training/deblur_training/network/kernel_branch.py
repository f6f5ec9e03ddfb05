"""UFPNet's kernel branch (specification 5): estimator, normalising flow (inverse direction), kernel attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KERNEL_SIZE = 19
CODE = KERNEL_SIZE**2  # 361


def conv3(a: int, b: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(a, b, 3, stride=stride, padding=1)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), conv3(channels, channels), nn.ReLU(), conv3(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class EncodingBlock(nn.Module):
    def __init__(self, a: int, b: int):
        super().__init__()
        self.Conv_head = conv3(a, b)
        self.ResBlock1 = ResidualBlock(b)
        self.ResBlock2 = ResidualBlock(b)
        self.downsample = conv3(b, b, stride=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = F.relu(self.ResBlock2(self.ResBlock1(self.Conv_head(x))))
        return self.downsample(skip), skip


class DecodingBlock(nn.Module):
    def __init__(self, a: int, b: int):
        super().__init__()
        self.Conv_t = nn.ConvTranspose2d(a, b, 3, stride=2, padding=1)
        self.Conv_head = conv3(2 * b, b)
        self.ResBlock1 = ResidualBlock(b)
        self.ResBlock2 = ResidualBlock(b)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = self.Conv_t(x, output_size=skip.shape[-2:])
        return F.relu(self.ResBlock2(self.ResBlock1(self.Conv_head(torch.cat([up, skip], dim=1)))))


class ConvChain(nn.Module):
    def __init__(self, channels: list[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in zip(channels, channels[1:]):
            layers += [conv3(a, b), nn.ReLU()]
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class EstimatorTail(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = nn.Sequential(conv3(64, 64), nn.ReLU(), conv3(64, CODE))
        self.var = nn.Sequential(conv3(64, 64), nn.ReLU(), conv3(64, CODE))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(x).softmax(dim=1), self.var(x).sigmoid().mean(dim=1, keepdim=True)


class KernelEstimator(nn.Module):
    """Per pixel: a softmax over the 361 kernel taps, and one σ."""

    def __init__(self):
        super().__init__()
        self.Encoding_Block1 = EncodingBlock(3, 64)
        self.Encoding_Block2 = EncodingBlock(64, 128)
        self.Conv_mid = ConvChain([128, 256, 256, 256, 256, 256])
        self.Decoding_Block1 = DecodingBlock(256, 128)
        self.Decoding_Block2 = DecodingBlock(128, 64)
        self.Conv_tail = EstimatorTail()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x, skip1 = self.Encoding_Block1(x)
        x, skip2 = self.Encoding_Block2(x)
        x = self.Decoding_Block1(self.Conv_mid(x), skip2)
        return self.Conv_tail(self.Decoding_Block2(x, skip1))


class Coupling(nn.Module):
    def __init__(self, even_first: bool, hidden: int = 25):
        super().__init__()
        def net(activation: type[nn.Module]) -> nn.Sequential:
            return nn.Sequential(nn.Linear(CODE, hidden), activation(), nn.Linear(hidden, hidden), activation(),
                                 nn.Linear(hidden, CODE))
        self.register_buffer("mask", (torch.arange(CODE) % 2 == (1 if even_first else 0)).float())
        self.s_net = net(nn.Tanh)
        self.t_net = net(nn.ReLU)

    def inverse(self, x: Tensor) -> Tensor:
        a = x * self.mask
        return a + (1 - self.mask) * (x * self.s_net(a).exp() + self.t_net(a))


class FlowNorm(nn.Module):
    """Batch normalisation by stored statistics, inverted."""

    def __init__(self):
        super().__init__()
        self.log_gamma = nn.Parameter(torch.zeros(CODE))
        self.beta = nn.Parameter(torch.zeros(CODE))
        self.register_buffer("running_mean", torch.zeros(CODE))
        self.register_buffer("running_var", torch.ones(CODE))

    def inverse(self, y: Tensor) -> Tensor:
        return (y - self.beta) * (-self.log_gamma).exp() * (self.running_var + 1e-5).sqrt() + self.running_mean


class KernelFlow(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("kernel_size", torch.tensor([float(KERNEL_SIZE)]))
        self.register_buffer("alpha", torch.tensor([1e-6]))
        self.register_buffer("normalization", torch.tensor([1.0]))
        self.register_buffer("base_dist_mean", torch.zeros(CODE))
        self.register_buffer("base_dist_var", torch.ones(CODE))
        self.net = nn.ModuleList(
            FlowNorm() if i % 2 else Coupling(even_first=i % 4 == 0) for i in range(10))

    def inverse(self, u: Tensor) -> Tensor:
        for step in reversed(self.net):
            u = step.inverse(u)
        return (u.sigmoid() - self.alpha) / (1 - 2 * self.alpha) * self.normalization


class KernelAttention(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        c = channels
        self.conv_1 = nn.Sequential(conv3(c, c), nn.GELU())
        self.conv_kernel = nn.Sequential(conv3(CODE, c), nn.GELU(), conv3(c, c), nn.GELU())
        self.conv_2 = nn.Sequential(conv3(2 * c, c), nn.Sigmoid())

    def forward(self, x: Tensor, kernel: Tensor) -> Tensor:
        p = self.conv_1(x)
        return p * self.conv_2(torch.cat([p, self.conv_kernel(kernel)], dim=1)) + x
