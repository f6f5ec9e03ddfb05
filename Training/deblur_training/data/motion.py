"""Camera paths and moving objects: many homographies along a smooth random path, averaged in linear light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# Focal length in pixels: that of a lens of about 60° on photographs 1024 wide.
FOCAL = 900.0


def smooth_paths(count: int, dimensions: int, samples: int, generator: torch.Generator) -> Tensor:
    """[count, dimensions, samples]: a drift plus slow waves that fade with frequency; mean zero, so that the sharp picture
    is the one at the middle of the blur. Scale is arbitrary."""
    t = torch.linspace(0, 1, samples)
    path = torch.randn(count, dimensions, 1, generator=generator) * t * torch.rand(count, 1, 1, generator=generator) * 2
    for k in range(1, 6):
        amplitude = torch.randn(count, dimensions, 1, generator=generator) * k**-1.6
        phase = torch.rand(count, dimensions, 1, generator=generator) * 2 * math.pi
        path = path + amplitude * torch.sin(math.pi * k * t + phase) * 0.6
    return path - path.mean(dim=-1, keepdim=True)


@dataclass
class Motion:
    """Homographies [B, T, 3, 3] that take a pixel of the picture, measured from the patch's centre, to where it is seen
    at time t; and each sample's path length in pixels."""

    homographies: Tensor
    lengths: Tensor


def camera_motion(lengths: Tensor, samples: int, generator: torch.Generator) -> Motion:
    """Rotation about all three axes and a little zoom, for patches anywhere in the frame. `lengths`: the path of the
    patch's centre through the picture, in pixels, of each of the batch."""
    count = len(lengths)
    path = smooth_paths(count, 4, samples, generator)
    steps = path[:, :2].diff(dim=-1).square().sum(1).sqrt().sum(-1)
    shift = path[:, :2] * (lengths / steps.clamp_min(1e-6))[:, None, None]
    # Roll and zoom move a pixel 400 from the centre by up to about the length; often much less.
    strength = torch.rand(count, 2, 1, generator=generator).square() * torch.tensor([[[0.9], [0.35]]])
    twist = path[:, 2:] / path[:, 2:].abs().amax(-1, keepdim=True).clamp_min(1e-6)
    twist = twist * strength * (lengths / 2)[:, None, None] / 400
    centre = (torch.rand(count, 2, generator=generator) - 0.5) * torch.tensor([900.0, 600.0])
    return Motion(_homographies(shift, twist, centre), lengths)


def object_motion(lengths: Tensor, samples: int, generator: torch.Generator) -> Motion:
    """An object's own: mostly straight, some rotation about the patch's centre."""
    count = len(lengths)
    path = smooth_paths(count, 4, samples, generator) * 0.3
    path = path + torch.randn(count, 4, 1, generator=generator) * torch.linspace(-1, 1, samples)
    path = path - path.mean(-1, keepdim=True)
    steps = path[:, :2].diff(dim=-1).square().sum(1).sqrt().sum(-1)
    shift = path[:, :2] * (lengths / steps.clamp_min(1e-6))[:, None, None]
    twist = path[:, 2:] * 0.2 * (lengths / 2)[:, None, None] / 200
    return Motion(_homographies(shift, twist, torch.zeros(count, 2)), lengths)


def _homographies(shift: Tensor, twist: Tensor, centre: Tensor) -> Tensor:
    """shift [B, 2, T] in pixels, twist [B, 2, T] = roll in radians and log zoom, centre [B, 2] of the patch in the frame.
    Double precision: products of nearly equal terms."""
    shift, twist, centre = shift.double(), twist.double(), centre.double()
    yaw, pitch = (shift / FOCAL).unbind(1)
    roll, zoom = twist.unbind(1)
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def matrix(*rows):
        return torch.stack([torch.stack(row, -1) for row in rows], -2)

    r = matrix((yaw.cos(), zero, yaw.sin()), (zero, one, zero), (-yaw.sin(), zero, yaw.cos()))
    r = matrix((one, zero, zero), (zero, pitch.cos(), pitch.sin()), (zero, -pitch.sin(), pitch.cos())) @ r
    r = matrix((roll.cos(), -roll.sin(), zero), (roll.sin(), roll.cos(), zero), (zero, zero, one)) @ r
    k = torch.diag(torch.tensor([FOCAL, FOCAL, 1.0], dtype=torch.double))
    h = k @ (r * matrix((zoom.exp(),) * 3, (zoom.exp(),) * 3, (one,) * 3)) @ k.inverse()
    to, back = torch.eye(3, dtype=torch.double).repeat(2, len(centre), 1, 1)
    to[:, :2, 2], back[:, :2, 2] = centre, -centre
    h = back[:, None] @ h @ to[:, None]
    # Roll and zoom about the frame's centre shift the patch too; only its blur is wanted, so the mean shift goes.
    seen = h[..., :2, 2] / h[..., 2:, 2]
    h[..., :2, :] -= seen.mean(1, keepdim=True)[..., None] * h[..., 2:, :]
    return h.float()


def warped(image: Tensor, homography: Tensor, size: int) -> Tensor:
    """The central size×size of a larger image [B, C, S, S] as seen under [B, 3, 3]. Identity gives exact pixels."""
    at = (torch.arange(size, device=image.device, dtype=torch.float32) - (size - 1) / 2)
    x, y = at[None, None, :], at[None, :, None]
    h = homography[..., None, None]
    scale = 2 / image.shape[-1]
    w = scale / (h[:, 2, 0] * x + h[:, 2, 1] * y + h[:, 2, 2])
    grid = torch.stack([(h[:, 0, 0] * x + h[:, 0, 1] * y + h[:, 0, 2]) * w,
                        (h[:, 1, 0] * x + h[:, 1, 1] * y + h[:, 1, 2]) * w], dim=-1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def exposed(background: Tensor, camera: Tensor, size: int, subject: Tensor | None = None, mask: Tensor | None = None,
            own: Tensor | None = None) -> Tensor:
    """The mean over time of what the camera sees: [B, 3, S, S] linear light, homographies [B, T, 3, 3]; with `subject`
    and its soft mask [B, 1, S, S] moving on its own in front. Returns [B, 3, size, size]."""
    total = torch.zeros(*background.shape[:2], size, size, device=background.device)
    layer = None if subject is None else torch.cat([subject * mask, mask], dim=1)
    samples = camera.shape[1]
    for t in range(samples):
        seen = warped(background, camera[:, t], size)
        if layer is not None:
            front = warped(layer, own[:, t], size)
            seen = front[:, :3] + (1 - front[:, 3:]) * seen
        total += seen
    return total / samples
