"""Norms, NAFBlock and FourierBlock. Attribute names are the checkpoints' key names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def gate(x: Tensor) -> Tensor:
    """First half of the channels times the second half."""
    a, b = x.chunk(2, dim=1)
    return a * b


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each pixel; biased variance."""

    def __init__(self, channels: int, eps: float = 1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        # Channels last in memory: what the kernel wants, and free if the map already is.
        y = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, self.eps)
        return y.permute(0, 3, 1, 2)


class FuseNorm(nn.Module):
    """The norm inside a FuseBlock: same formula, eps 1e-5, one more name level in the keys."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = ChannelNorm(channels, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class GlobalPool(nn.Module):
    """Mean over all pixels. `window`, if set, is (height, width) of the local mean of whole-image encoding."""

    def __init__(self):
        super().__init__()
        self.window: tuple[int, int] | None = None

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if self.window is None or (height <= self.window[0] and width <= self.window[1]):
            return x.mean(dim=(2, 3), keepdim=True)
        k1, k2 = min(height, self.window[0]), min(width, self.window[1])
        # Box means by sums in double: a float running sum over a large map would lose digits.
        s = F.pad(x.double().cumsum(2).cumsum(3), (1, 0, 1, 0))
        box = s[:, :, k1:, k2:] - s[:, :, :-k1, k2:] - s[:, :, k1:, :-k2] + s[:, :, :-k1, :-k2]
        box = (box / (k1 * k2)).to(x.dtype)
        return F.pad(box, ((k2 - 1) // 2, k2 // 2, (k1 - 1) // 2, k1 // 2), mode="replicate")


class NAFBlock(nn.Module):
    """Specification 2.1. Fresh blocks are the identity: `beta` and `gamma` start at 0."""

    def __init__(self, channels: int):
        super().__init__()
        c = channels
        self.conv1 = nn.Conv2d(c, 2 * c, 1)
        self.conv2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.conv3 = nn.Conv2d(c, c, 1)
        self.sca = nn.Sequential(GlobalPool(), nn.Conv2d(c, c, 1))
        self.conv4 = nn.Conv2d(c, 2 * c, 1)
        self.conv5 = nn.Conv2d(c, c, 1)
        self.norm1 = ChannelNorm(c)
        self.norm2 = ChannelNorm(c)
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, c, 1, 1))

    def mixed(self, x: Tensor) -> Tensor:
        """What `norm1` sees; a kernel block feeds something else than x."""
        u = gate(self.conv2(self.conv1(self.norm1(x))))
        return self.conv3(u * self.sca(u))

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.beta * self.mixed(x)
        return y + self.gamma * self.conv5(gate(self.conv4(self.norm2(y))))


class FourierConv(nn.Module):
    """Specification 2.2: real 2-D transform, 1×1, GELU, 1×1 on stacked real and imaginary parts, inverse transform."""

    def __init__(self, channels: int):
        super().__init__()
        c = channels
        self.complex_conv1 = nn.Conv2d(2 * c, 4 * c, 1)
        self.complex_conv2 = nn.Conv2d(4 * c, 2 * c, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = x if x.dtype == torch.float64 else x.float()  # transforms never run in reduced precision
        # Channels last, real parts before imaginary ones: one copy of the map there and one back.
        spectrum = torch.view_as_real(torch.fft.rfft2(x.contiguous())).permute(0, 2, 3, 4, 1)
        first, second = self.complex_conv1, self.complex_conv2
        z = F.gelu(F.linear(spectrum.flatten(3), first.weight.flatten(1), first.bias))
        z = F.linear(z, second.weight.flatten(1), second.bias).to(x.dtype)
        z = z.unflatten(3, (2, -1)).permute(0, 4, 1, 2, 3).contiguous()
        return inverse_real_transform(torch.view_as_complex(z), height, width)


def inverse_real_transform(spectrum: Tensor, height: int, width: int) -> Tensor:
    """`irfft2` as the CPU defines it, on any device: the imaginary parts of columns 0 and width/2 are dropped after the
    transform along the columns. The result of a one-dimensional real inverse with such parts is not promised on CUDA.
    """
    if spectrum.device.type == "cpu":
        return torch.fft.irfft2(spectrum, s=(height, width))
    columns = torch.fft.ifft(spectrum, dim=-2)
    keep = torch.ones(width // 2 + 1, dtype=columns.real.dtype, device=columns.device)
    keep[0] = keep[-1] = 0
    columns = torch.complex(columns.real, columns.imag * keep)
    return torch.fft.irfft(columns, n=width, dim=-1)


class FourierBlock(nn.Module):
    """Specification 2.3, called FCNAF in the checkpoints' options; its pooled factor is `sca.0`, not `sca.1`."""

    def __init__(self, channels: int):
        super().__init__()
        c = channels
        self.conv1 = nn.Conv2d(c, 2 * c, 1)
        self.conv2 = nn.Conv2d(2 * c, 2 * c, 3, padding=1, groups=2 * c)
        self.conv3 = nn.Conv2d(c, c, 1)
        self.sca = nn.Sequential(nn.Conv2d(c, c, 1))
        self.conv4 = nn.Conv2d(c, 2 * c, 1)
        self.conv5 = nn.Conv2d(c, c, 1)
        self.norm1 = ChannelNorm(c)
        self.norm2 = ChannelNorm(c)
        self.fft_block1 = FourierConv(c)
        self.fft_block2 = FourierConv(c)
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        n = self.norm1(x)
        s = gate(self.conv2(self.conv1(n)))
        u = self.conv3(s * self.sca(s.mean(dim=(2, 3), keepdim=True)))
        y = x + self.beta * (u + self.fft_block1(n))
        m = self.norm2(y)
        return y + self.gamma * (self.fft_block2(m) + self.conv5(gate(self.conv4(m))))
