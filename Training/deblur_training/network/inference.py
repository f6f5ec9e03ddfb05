"""Whole images through the network: exits, tiles, blending (specification 7, 9 to 11). The reference for the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .adarevd import AdaRevD
from .classifier import Head, regressor_vector
from .tiling import axis_weights, next_multiple, pad_reflect, starts


@dataclass
class TileResult:
    y: int
    x: int
    exit: int
    degradation_class: int | None = None
    logits: list[float] = field(default_factory=list)
    increments: list[float] = field(default_factory=list)


@dataclass
class ExitRule:
    """`fixed`: that many sub-decoders. Else by the model's classifier and `table`, or regressors and `tau`."""

    fixed: int | None = None
    table: list[int] | None = None
    tau: list[float] | float | None = None


@torch.no_grad()
def run_tile(model: AdaRevD, features: list[Tensor], rule: ExitRule) -> tuple[Tensor, TileResult]:
    """The residual of one tile [1, 3, h, w] from its scaled features, and how it was reached."""
    k = model.config.sub_decoders
    result = TileResult(0, 0, k)
    if rule.fixed is not None:
        result.exit = rule.fixed
    elif model.config.classifier_type == "hard_simple":
        logits = model.logits(features)[0]
        result.logits = logits.tolist()
        result.degradation_class = int(logits.argmax())
        wanted = rule.table[result.degradation_class]
        result.exit = wanted if 0 <= wanted < k else k
    else:
        return _run_regressor_tile(model, features, rule)
    if result.exit == 0:
        return torch.zeros_like(features[0][:, :1]).expand(-1, 3, -1, -1), result
    state = model.first_state(features)
    for j in range(result.exit):
        state = model.subdenets[j](features[4], state)
    return model.outputs[result.exit - 1](state[3]), result


def _run_regressor_tile(model: AdaRevD, features: list[Tensor], rule: ExitRule) -> tuple[Tensor, TileResult]:
    config, f4 = model.config, features[4]
    taus = rule.tau if isinstance(rule.tau, list) else [rule.tau] * (config.sub_decoders - 1)
    result = TileResult(0, 0, config.sub_decoders)
    state = model.subdenets[0](f4, model.first_state(features))
    for i in range(1, config.sub_decoders):
        head: Head = model.ape if config.classifier_type == "single" else model.ape[i - 1]
        updated = model.subdenets[i].first_step(f4, state) if config.dx.endswith("_d4") else None
        gain = float(head.of_vector(regressor_vector(config.dx, state, updated)))
        result.increments.append(gain)
        if gain <= taus[i - 1]:
            result.exit = i
            break
        state = model.subdenets[i](f4, state)
    return model.outputs[result.exit - 1](state[3]), result


@dataclass
class Restored:
    """`image` is [3, h, w] before the clamp."""

    image: Tensor
    tiles: list[TileResult]

    @property
    def sub_decoder_runs(self) -> int:
        return sum(t.exit for t in self.tiles)


@torch.no_grad()
def restore(model: AdaRevD, image: Tensor, rule: ExitRule, whole: bool = False, blend: str = "edge_safe",
            tile: int | None = None, overlap: int | None = None, seen: list[list[Tensor]] | None = None) -> Restored:
    """Deblurs one image [3, h, w], 0…1: each tile encoded alone (mode B), or the whole image encoded once (mode A).
    `seen` collects every tile's scaled features."""
    tile, overlap = tile or model.config.tile, overlap or model.config.overlap
    height, width = image.shape[-2:]
    # Mode A pads any side to 16; mode B needs it only where the tile is the whole side.
    padded_h = next_multiple(height) if whole or height < tile else height
    padded_w = next_multiple(width) if whole or width < tile else width
    padded = pad_reflect(image[None], padded_h, padded_w)
    rows, columns = starts(padded_h, tile, overlap), starts(padded_w, tile, overlap)
    row_weights = axis_weights(padded_h, tile, overlap, blend)
    column_weights = axis_weights(padded_w, tile, overlap, blend)
    tile_h, tile_w = min(tile, padded_h), min(tile, padded_w)
    features = _encode_whole(model, padded, tile) if whole else None
    total = torch.zeros_like(padded[0])
    results = []
    for y, row_weight in zip(rows, row_weights):
        for x, column_weight in zip(columns, column_weights):
            if features is None:
                own = model.features(padded[:, :, y:y + tile_h, x:x + tile_w])
            else:
                own = [f[:, :, y >> i:(y + tile_h) >> i, x >> i:(x + tile_w) >> i] for i, f in enumerate(features)]
            if seen is not None:
                seen.append(own)
            residual, result = run_tile(model, own, rule)
            result.y, result.x = y, x
            results.append(result)
            weight = torch.from_numpy(row_weight[:, None] * column_weight).to(total)
            total[:, y:y + tile_h, x:x + tile_w] += weight * residual[0].to(total.dtype)
    return Restored((padded[0] + total)[:, :height, :width], results)


def _encode_whole(model: AdaRevD, padded: Tensor, tile: int) -> list[Tensor]:
    model.encoder.pool_locally(tile)
    try:
        return model.features(padded)
    finally:
        model.encoder.pool_locally(None)


def to_bytes(image: Tensor) -> Tensor:
    """8-bit values as the authors write them: clamp, times 255 in float32, round half to even."""
    return (image.float().clamp(0, 1) * 255).round().to(torch.uint8)
