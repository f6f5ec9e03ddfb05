"""Photographs packed into one file, and kept on the device as one flat array of bytes."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .text import render_text_masks

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def pack_photos(folder: Path, limit_bytes: int, text_masks: int = 48, seed: int = 0,
                longest_side: int | None = None) -> dict[str, np.ndarray]:
    """All photographs of a folder as encoded bytes, and rendered text. Files go in as they are if that fits the limit,
    else re-encoded as JPEG without chroma subsampling at the highest quality that does. Those with a side longer than
    `longest_side` pixels are shrunk to it."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise ValueError(f"no photographs in {folder}")
    texts = [_encoded(Image.fromarray(mask), "PNG") for mask in render_text_masks(text_masks, seed)]
    room = limit_bytes - sum(map(len, texts)) - 100_000

    def smaller(path: Path, quality: int) -> bytes:
        image = _opened(path)
        if longest_side:
            image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
        return _encoded(image, "JPEG", quality=quality, subsampling=0, optimize=True)

    # Every file is decoded once, or a broken one would show only when training begins.
    photos = [p.read_bytes() if max(_opened(p).size) <= (longest_side or math.inf) else smaller(p, 97) for p in paths]
    for quality in (None, 95, 94, 93, 92, 91, 90, 88, 86, 84, 80):
        if quality is not None:
            photos = [smaller(p, quality) for p in paths]
        if sum(map(len, photos)) <= room:
            break
    else:
        raise ValueError(f"{len(paths)} photographs do not fit {limit_bytes / 2**20:.1f} MiB at quality 80: raise the limit, "
                         "shrink them (--longest-side) or take fewer")
    packed = {"names": np.array([p.name for p in paths]), "quality": np.array(quality or 0)}
    for name, items in (("photos", photos), ("texts", texts)):
        packed[name] = np.frombuffer(b"".join(items), dtype=np.uint8)
        packed[f"{name}_ends"] = np.cumsum([len(item) for item in items])
    return packed


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path).convert("RGB")
    except OSError as error:
        raise ValueError(f"{path} is no photograph that can be read: {error}") from None


def _encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _decoded(data: np.ndarray, ends: np.ndarray, mode: str) -> list[np.ndarray]:
    parts = [data[begin:end].tobytes() for begin, end in zip([0, *ends[:-1]], ends)]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda part: np.array(Image.open(io.BytesIO(part)).convert(mode)), parts))


class PhotoStore:
    """Photographs on the device; a crop of each of many is one gather."""

    def __init__(self, photos: list[np.ndarray], texts: list[np.ndarray], names: list[str], device: torch.device):
        self.names, self.device = names, device
        self.heights = torch.tensor([p.shape[0] for p in photos])
        self.widths = torch.tensor([p.shape[1] for p in photos])
        sizes = self.heights * self.widths
        self.offsets = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)[:-1]])
        self.pixels = torch.from_numpy(np.concatenate([p.reshape(-1, 3) for p in photos])).to(device)
        self.texts = torch.from_numpy(np.stack(texts))[:, None].to(device) if texts else None

    @staticmethod
    def open(source: Path, device: torch.device | str = "cpu", text_masks: int = 24) -> "PhotoStore":
        """From a packed file, or straight from a folder of photographs."""
        device = torch.device(device)
        if source.is_dir():
            paths = sorted(p for p in source.iterdir() if p.suffix.lower() in SUFFIXES)
            if not paths:
                raise ValueError(f"no photographs in {source}")
            photos = [np.array(_opened(p)) for p in paths]
            return PhotoStore(photos, render_text_masks(text_masks, 0), [p.name for p in paths], device)
        with np.load(source, allow_pickle=False) as packed:
            photos = _decoded(packed["photos"], packed["photos_ends"], "RGB")
            texts = _decoded(packed["texts"], packed["texts_ends"], "L")
            return PhotoStore(photos, texts, packed["names"].tolist(), device)

    def __len__(self) -> int:
        return len(self.names)

    def crops(self, photo: Tensor, top: Tensor, left: Tensor, size: int, turn: Tensor) -> Tensor:
        """[B, 3, size, size] in 0…1. `turn` 0…7: the flips and quarter turns. Beyond an edge the photo is mirrored.

        All index tensors are on the CPU; `top` and `left` may be negative.
        """
        photo, top, left, turn = (t.to(self.device, non_blocking=True)[:, None, None] for t in (photo, top, left, turn))
        own = [t.to(self.device)[photo] for t in (self.heights, self.widths, self.offsets)]
        height, width, offset = own
        a = torch.arange(size, device=self.device)
        y, x = a[None, :, None], a[None, None, :]
        y, x = torch.where(turn & 4 > 0, x, y), torch.where(turn & 4 > 0, y, x)
        y = torch.where(turn & 1 > 0, size - 1 - y, y) + top
        x = torch.where(turn & 2 > 0, size - 1 - x, x) + left
        index = offset + _mirrored(y, height) * width + _mirrored(x, width)
        return self.pixels[index].permute(0, 3, 1, 2).float() / 255


def _mirrored(i: Tensor, length: Tensor) -> Tensor:
    period = 2 * (length - 1)
    i = i % period
    return torch.minimum(i, period - i)
