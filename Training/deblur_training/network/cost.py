"""GFLOP per tile (2 per multiply-add of convolutions and linear layers; transforms and pointwise work not counted)."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from .adarevd import AdaRevD
from .config import ModelConfig


def cost_of(config: ModelConfig, tile: int = 384) -> dict:
    """Counted on shapes alone: nothing is computed."""
    with torch.device("meta"), torch.no_grad():
        model = AdaRevD(config).eval()
        image = torch.empty(1, 3, tile, tile)
        features = model.features(image)
        state = model.first_state(features)
        gflop = {
            "encoder": _gflop(lambda: model.encoder(image)),
            "sub-decoder": _gflop(lambda: model.subdenets[0](features[4], state)),
            "head": _gflop(lambda: model.outputs[0](state[3])),
        }
        if config.classifier_type == "hard_simple":
            gflop["classifier"] = _gflop(lambda: model.logits(features))
    gflop["full depth"] = (gflop["encoder"] + config.sub_decoders * gflop["sub-decoder"] + gflop["head"]
                           + gflop.get("classifier", 0))
    parameters = sum(v.numel() for v in model.state_dict().values())
    return {"gflop": gflop, "parameters": parameters, "megabytes_bf16": 2 * parameters / 1e6}


def _gflop(work) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e9
