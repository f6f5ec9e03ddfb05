"""Pairs of a blurred and a sharp patch, made on the device from photographs.

The numbers that describe a pair (paths, strengths, crops) are drawn on the CPU, so a seed means the same pair on every
device; only the field of the noise is drawn where it is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from .camera import demosaiced, mosaic, sharpened, softened
from .jpeg import jpeg
from .motion import camera_motion, exposed, object_motion
from .photos import PhotoStore

MARGIN = 48  # pixels around a patch that motion may bring in; beyond, the picture is mirrored
EXTRA = 16  # made larger by this, so that defocus sees its surroundings and JPEG's blocks start anywhere


@dataclass
class BlurOptions:
    """Shares are probabilities; lengths in pixels."""

    sharp: float = 0.08
    shortest: float = 1.5
    longest: float = 32.0
    # Lengths are shortest + (longest − shortest)·u^skew with u uniform: larger means milder.
    skew: float = 1.5
    objects: float = 0.3
    defocus: float = 0.12
    highlights: float = 0.5
    text: float = 0.15
    noise: float = 0.6
    strongest_noise: float = 2e-3
    jpeg: float = 0.7
    lowest_quality: float = 60.0
    downscale: float = 0.5
    # Share of photographs that are taken for others: darker or brighter, flatter, paler, of other hues.
    tones: float = 0.0
    # What a camera does to the blurred picture and its truth alike (camera.py). Shares of 0 draw nothing, so that pairs of
    # recipes without a camera stay what they were.
    soft: float = 0.0
    softest: float = 1.4  # pixels: the largest deviation of the optics' Gaussian
    enlarged: float = 0.0  # share of batches whose photographs are resampled up, by at most 2
    display: float = 0.0  # share averaged as displayed, not in linear light: what action cameras and their data sets do
    bayer: float = 0.0  # share that passes through a mosaic of colours, noise falling there
    halos: float = 0.0  # share sharpened by the camera
    video: float = 0.0  # share whose truth was compressed too

    @staticmethod
    def from_json(values: dict) -> "BlurOptions":
        unknown = set(values) - {f.name for f in fields(BlurOptions)}
        if unknown:
            raise ValueError(f"unknown blur options: {', '.join(sorted(unknown))}")
        return BlurOptions(**values)


def to_linear(x: Tensor) -> Tensor:
    return torch.where(x <= 0.04045, x / 12.92, ((x.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def to_srgb(x: Tensor) -> Tensor:
    return torch.where(x <= 0.0031308, x * 12.92, 1.055 * x.clamp_min(1e-8) ** (1 / 2.4) - 0.055)


class BlurMaker:
    def __init__(self, store: PhotoStore, seed: int, options: BlurOptions | None = None):
        self.store, self.options = store, options or BlurOptions()
        self.generator = torch.Generator().manual_seed(seed)
        self.field = torch.Generator(store.device).manual_seed(seed)

    def state(self) -> dict[str, Tensor]:
        return {"generator": self.generator.get_state(), "field": self.field.get_state()}

    def restore(self, state: dict[str, Tensor]) -> None:
        self.generator.set_state(state["generator"].cpu())
        self.field.set_state(state["field"].cpu())

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=self.generator)

    def _chosen(self, count: int, share: float) -> Tensor:
        return self._uniform(count) < share

    @torch.no_grad()
    def batch(self, count: int, patch: int, photo: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(blurred, sharp), each [count, 3, patch, patch], whole 8-bit levels in 0…1. `photo`: which, else any."""
        size = patch + EXTRA
        still = self._chosen(count, self.options.sharp)
        source = self._source(count, size + 2 * MARGIN, photo)
        o = self.options
        display = self._chosen(count, o.display) if o.display else torch.zeros(count, dtype=torch.bool)
        light = self._with_highlights(_unless(display, to_linear, source), still | display)
        lengths = o.shortest + (o.longest - o.shortest) * self._uniform(count) ** o.skew
        lengths[still] = 0
        moving = self._chosen(count, o.objects) & ~still
        blurred, sharp = (_unless(~display, to_linear, x) for x in self._exposures(light, lengths, moving, size))
        # Resampled in place, a picture differs from itself by rounding, and here and there by an 8-bit level.
        blurred = torch.where(still.to(light.device)[:, None, None, None], sharp, blurred)
        blurred, sharp = self._through_optics(blurred, sharp)
        blurred = self._out_of_focus(blurred, still)
        blurred, sharp = self._through_sensor(blurred.clamp(0, 1), sharp.clamp(0, 1), still)
        blurred, sharp = self._through_processing(to_srgb(blurred), to_srgb(sharp))
        blurred = torch.where(still.to(light.device)[:, None, None, None], sharp, blurred)
        blurred = self._compressed(blurred, still)
        top, left = torch.randint(0, EXTRA + 1, (2,), generator=self.generator).tolist()
        cut = (..., slice(top, top + patch), slice(left, left + patch))
        return blurred[cut].contiguous(), sharp[cut].contiguous()

    def _source(self, count: int, side: int, photo: Tensor | None) -> Tensor:
        """Crops in any of the eight orientations, at times shrunk (finer detail), at times with text on them."""
        store = self.store
        if photo is None:
            photo = torch.randint(0, len(store), (count,), generator=self.generator)
        heights, widths = store.heights[photo], store.widths[photo]
        # One factor for the batch: what the smallest photograph of it allows.
        room = float(torch.minimum(heights, widths).min()) / side
        factor = 1.0
        if self.options.enlarged and float(self._uniform(1)) < self.options.enlarged:
            factor = float(self._uniform(1, low=0.5, high=1.0))
        elif room > 1.2 and float(self._uniform(1)) < self.options.downscale:
            factor = float(self._uniform(1, low=1.0, high=min(room, 2.0)))
        crop = max(side, round(side * factor))
        top = torch.floor(self._uniform(count) * (heights - crop + 1))
        left = torch.floor(self._uniform(count) * (widths - crop + 1))
        # A crop larger than the photograph sits in its middle, mirrored at both ends.
        top = torch.where(heights < crop, -((crop - heights) // 2), top).long()
        left = torch.where(widths < crop, -((crop - widths) // 2), left).long()
        turn = torch.randint(0, 8, (count,), generator=self.generator)
        source = store.crops(photo, top, left, crop, turn)
        if crop != side:
            kind = "bilinear" if crop > side else "bicubic"
            source = F.interpolate(source, size=(side, side), mode=kind, antialias=crop > side).clamp(0, 1)
        return self._with_text(self._toned(source) if self.options.tones else source)

    def _toned(self, source: Tensor) -> Tensor:
        """Hues turned (channels in another order), saturation, exposure in linear light, gamma, contrast about the mean."""
        count = source.shape[0]
        chosen = self._chosen(count, self.options.tones)
        order = torch.stack([torch.randperm(3, generator=self.generator) for _ in range(count)])
        saturation, contrast = self._uniform(count, low=0.0, high=1.3), self._uniform(count, low=0.6, high=1.15)
        stops, gamma = self._uniform(count, low=-1.2, high=0.3), torch.exp2(self._uniform(count, low=-0.5, high=0.5))
        rows = chosen.nonzero()[:, 0]
        if len(rows) == 0:
            return source
        at = rows.to(source.device)
        saturation, contrast, stops, gamma = (
            t[rows].to(source.device)[:, None, None, None] for t in (saturation, contrast, stops, gamma))
        light = to_linear(source[at[:, None], order[rows].to(source.device)])
        grey = light.mean(dim=1, keepdim=True)
        light = torch.lerp(grey, light, saturation).clamp(0, 1) * torch.exp2(stops)
        toned = to_srgb(light.clamp(0, 1)).clamp(0, 1) ** gamma
        source[at] = torch.lerp(toned.mean(dim=(1, 2, 3), keepdim=True), toned, contrast).clamp(0, 1)
        return source

    def _with_text(self, source: Tensor) -> Tensor:
        count, side = source.shape[0], source.shape[-1]
        chosen = self._chosen(count, self.options.text)
        which = torch.randint(0, 1 << 30, (count,), generator=self.generator)
        zoom, angle = self._uniform(count, low=0.7, high=1.4), self._uniform(count, low=-0.5, high=0.5)
        shift = self._uniform(count, 2, low=-0.6, high=0.6)
        ink, board, opacity = self._uniform(count, 3), self._uniform(count, 3), self._uniform(count)
        rows = chosen.nonzero()[:, 0]
        if self.store.texts is None or len(rows) == 0:
            return source
        masks = self.store.texts[(which[rows] % len(self.store.texts)).to(source.device)].float() / 255
        masks = torch.cat([masks, torch.ones_like(masks)], dim=1)
        z = zoom[rows] * side / masks.shape[-1]
        c, s = angle[rows].cos() * z, angle[rows].sin() * z
        theta = torch.stack([torch.stack([c, -s, shift[rows, 0]], 1), torch.stack([s, c, shift[rows, 1]], 1)], 1)
        grid = F.affine_grid(theta.to(source.device), [len(rows), 2, side, side], align_corners=False)
        seen = F.grid_sample(masks, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        # Half of the time the words stand on a board of their own colour.
        under = seen[:, 1:] * (opacity[rows] < 0.5).to(source.device)[:, None, None, None] * 0.9
        at = rows.to(source.device)
        board, ink = (t[rows].to(source.device)[:, :, None, None] for t in (board, ink))
        signed = source[at] * (1 - under) + board * under
        source[at] = signed * (1 - seen[:, :1]) + ink * seen[:, :1]
        return source

    def _with_highlights(self, light: Tensor, still: Tensor) -> Tensor:
        """Lamps and glints are brighter than white: their streaks stay white when the rest is averaged. The sharp picture
        is made from the same light and clips where a sharp exposure would: what is lost there is not asked back."""
        count = light.shape[0]
        gain = self._uniform(count, low=0.5, high=12.0) * (self._chosen(count, self.options.highlights) & ~still)
        brightest = light.amax(dim=1, keepdim=True)
        share = ((brightest - 0.9) / 0.1).clamp(0, 1).square()
        return light * (1 + gain.to(light.device)[:, None, None, None] * share)

    def _exposures(self, light: Tensor, lengths: Tensor, moving: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """(blurred, sharp) in linear light. Samples of similar length share a number of time steps."""
        count, device = light.shape[0], light.device
        object_lengths = 2 + (self.options.longest - 2) * self._uniform(count) ** self.options.skew
        longest = torch.where(moving, torch.maximum(lengths, object_lengths), lengths)
        masks = self._blobs(count, light.shape[-1])
        other = (torch.arange(count) + 1) % count  # an object is cut from the next photograph of the batch
        blurred = torch.empty(count, 3, size, size, device=device)
        sharp = torch.empty_like(blurred)
        for group in _groups(longest, moving):
            steps = max(1, int(longest[group].max().ceil()) + 4) if longest[group].max() > 0 else 1
            camera = camera_motion(lengths[group], max(steps, 2), self.generator).homographies[:, :steps].to(device)
            at, inner = group.to(device), (light.shape[-1] - size) // 2
            cut = (..., slice(inner, inner + size), slice(inner, inner + size))
            if bool(moving[group[0]]):
                own = object_motion(object_lengths[group], steps, self.generator).homographies.to(device)
                mask, front = masks[at], other[group].to(device)
                blurred[at] = exposed(light[at], camera, size, light[front], mask, own)
                sharp[at] = (mask * light[front] + (1 - mask) * light[at])[cut]
            else:
                blurred[at] = exposed(light[at], camera, size)
                sharp[at] = light[at][cut]
        return blurred, sharp

    def _blobs(self, count: int, side: int) -> Tensor:
        """Soft-edged random shapes that cover roughly a third of the patch, [count, 1, side, side]."""
        coarse = torch.randn(count, 1, 5, 5, generator=self.generator).to(self.store.device)
        edge = self._uniform(count, low=0.005, high=0.06).to(self.store.device)[:, None, None, None]
        field = F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=True)
        return torch.sigmoid((field - 0.4) / edge)

    def _out_of_focus(self, image: Tensor, still: Tensor) -> Tensor:
        count, device = image.shape[0], image.device
        chosen = self._chosen(count, self.options.defocus) & ~still
        radius = self._uniform(count, low=0.6, high=4.0)
        rows = chosen.nonzero()[:, 0]
        if len(rows) == 0:
            return image
        a = torch.arange(-5, 6, dtype=torch.float32)
        distance = (a[:, None] ** 2 + a[None] ** 2).sqrt()
        disc = (radius[rows][:, None, None] + 0.5 - distance).clamp(0, 1)
        disc = (disc / disc.sum((1, 2), keepdim=True)).to(device).repeat_interleave(3, 0)[:, None]
        at = rows.to(device)
        flat = F.pad(image[at], (5, 5, 5, 5), mode="replicate").flatten(0, 1)[None]
        image[at] = F.conv2d(flat, disc, groups=flat.shape[1])[0].view(len(rows), 3, *image.shape[-2:])
        return image

    def _through_optics(self, *pictures: Tensor) -> list[Tensor]:
        """The softness of a lens, the same on both, wider in one direction than in the other."""
        if not self.options.soft:
            return list(pictures)
        count = len(pictures[0])
        chosen = self._chosen(count, self.options.soft)
        along = self._uniform(count, low=0.3, high=self.options.softest)
        across = along * self._uniform(count, low=0.6, high=1.0)
        angle = self._uniform(count, high=math.pi)
        rows = chosen.nonzero()[:, 0]
        return [_changed(p, rows, lambda x: softened(x, along[rows], across[rows], angle[rows])) for p in pictures]

    def _through_sensor(self, blurred: Tensor, sharp: Tensor, still: Tensor) -> tuple[Tensor, Tensor]:
        """Noise on the blurred picture; for some, both as one colour a pixel, before white balance, and interpolated."""
        count, device = len(blurred), blurred.device
        if not self.options.bayer:
            return self._noisy(blurred, still).clamp(0, 1), sharp
        chosen = self._chosen(count, self.options.bayer)
        gains = torch.stack([self._uniform(count, low=1.4, high=2.6), torch.ones(count), self._uniform(count, low=1.2, high=2.2)], 1)
        gains[~chosen] = 1
        gains = gains.to(device)[:, :, None, None]
        blurred = self._noisy(blurred / gains, still)
        rows = chosen.nonzero()[:, 0]
        seen = [_changed(p, rows, lambda x: demosaiced(mosaic(x))) for p in (blurred, sharp / gains)]
        return tuple((p * gains).clamp(0, 1) for p in seen)

    def _through_processing(self, blurred: Tensor, sharp: Tensor) -> list[Tensor]:
        """What the camera's software does to both: sharpening, 8 bits, and at times compression."""
        count, o, pictures = len(blurred), self.options, [blurred, sharp]
        if o.halos:
            rows = self._chosen(count, o.halos).nonzero()[:, 0]
            radius, amount = self._uniform(count, low=0.7, high=1.5), self._uniform(count, low=0.1, high=0.6)
            pictures = [_changed(p, rows, lambda x: sharpened(x, radius[rows], amount[rows])) for p in pictures]
        pictures = [(p.clamp(0, 1) * 255).round() / 255 for p in pictures]
        if o.video:
            chosen, subsampled = self._chosen(count, o.video), self._chosen(count, 0.7)
            quality = self._uniform(count, low=80.0, high=97.0)
            for kind in (False, True):
                rows = (chosen & (subsampled == kind)).nonzero()[:, 0]
                pictures = [_changed(p, rows, lambda x: jpeg(x, quality[rows].to(x.device), kind)) for p in pictures]
        return pictures

    def _noisy(self, light: Tensor, still: Tensor) -> Tensor:
        """Photons and read-out: variance a·light + b."""
        count = light.shape[0]
        chosen = self._chosen(count, self.options.noise) & ~still
        a = self.options.strongest_noise * self._uniform(count) ** 3 * chosen
        b = (a * 0.05 * self._uniform(count))[:, None, None, None].to(light.device)
        noise = torch.randn(light.shape, generator=self.field, device=light.device)
        return light + noise * (a[:, None, None, None].to(light.device) * light + b).sqrt()

    def _compressed(self, image: Tensor, still: Tensor) -> Tensor:
        count, o = image.shape[0], self.options
        chosen = self._chosen(count, o.jpeg)
        quality = self._uniform(count, low=o.lowest_quality, high=99.0)
        quality = torch.where(still, quality.clamp_min(92), quality).to(image.device)
        subsampled = self._chosen(count, 0.5) & ~still
        for kind in (False, True):
            rows = (chosen & (subsampled == kind)).nonzero()[:, 0].to(image.device)
            if len(rows):
                image[rows] = jpeg(image[rows], quality[rows], kind)
        return image


def _unless(kept: Tensor, change, image: Tensor) -> Tensor:
    """Samples that `kept` names stay as they are."""
    rows = (~kept).nonzero()[:, 0]
    return _changed(image, rows, change)


def _changed(image: Tensor, rows: Tensor, change) -> Tensor:
    """`change` of some samples; the others stay."""
    if len(rows) == 0:
        return image
    if len(rows) == len(image):
        return change(image)
    at = rows.to(image.device)
    image = image.clone()
    image[at] = change(image[at])
    return image


def _groups(longest: Tensor, moving: Tensor, most: int = 3) -> list[Tensor]:
    """Indices of the batch, split by whether an object moves and, within that, into runs of similar length."""
    groups = []
    for kind in (False, True):
        rows = (moving == kind).nonzero()[:, 0]
        rows = rows[longest[rows].argsort(stable=True)]
        if len(rows):
            groups += [g for g in rows.chunk(most) if len(g)]
    return groups
