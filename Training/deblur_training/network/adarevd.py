"""The whole network: encoder, feature scales, K reversible sub-decoders with a head each, and what decides the exit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .classifier import make_classifier
from .config import ModelConfig
from .encoder import NAFNetEncoder, UFPNetEncoder
from .reversible import reversible_residuals
from .sub_decoder import State, SubDecoder


class AdaRevD(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        w, k = config.width, config.sub_decoders
        encoder = {"NAFNet": NAFNetEncoder, "UFPNet": UFPNetEncoder}[config.encoder]
        self.encoder = encoder(w, config.encoder_blocks, config.middle_blocks)
        self.conv_features = nn.ParameterList(nn.Parameter(torch.ones(1, w << i, 1, 1)) for i in range(5))
        self.subdenets = nn.ModuleList(SubDecoder(w, config.base_block) for _ in range(k))
        self.outputs = nn.ModuleList(nn.Sequential(nn.Conv2d(w, 3, 3, padding=1)) for _ in range(k))
        for (head,) in self.outputs:
            # A fresh network starts at its input, not at noise: the first steps would be spent on unlearning it.
            nn.init.normal_(head.weight, std=1e-3)
            nn.init.zeros_(head.bias)
        ape = make_classifier(config)
        if ape is not None:
            self.ape = ape

    def features(self, image: Tensor) -> list[Tensor]:
        """f0 … f4: everything behind the encoder sees these."""
        return self.scaled(self.encoder(image))

    def scaled(self, encoded: list[Tensor]) -> list[Tensor]:
        return [scale * e for scale, e in zip(self.conv_features, encoded)]

    @staticmethod
    def first_state(features: list[Tensor]) -> State:
        return features[3], features[2], features[1], features[0]

    def classified(self, features: list[Tensor]) -> Tensor:
        """The one of the features that the degradation classifier sees."""
        return features[3 if self.config.dx == "e3" else 4]

    def logits(self, features: list[Tensor]) -> Tensor:
        """The degradation classifier's outputs [batch, classes]."""
        return self.ape(self.classified(features))

    def states(self, features: list[Tensor]):
        """The state after each sub-decoder, in turn."""
        state = self.first_state(features)
        for sub_decoder in self.subdenets:
            state = sub_decoder(features[4], state)
            yield state

    def residuals(self, features: list[Tensor], reversible: bool = False) -> list[Tensor]:
        """restored − input of every sub-decoder. `reversible` stores only the last state for the backward pass."""
        if reversible:
            return list(reversible_residuals(self, features))
        return [head(state[3]) for head, state in zip(self.outputs, self.states(features))]

    def forward(self, image: Tensor, reversible: bool = False) -> list[Tensor]:
        """The restored image of every sub-decoder, unclamped. Sides must be multiples of 16."""
        return [image + r for r in self.residuals(self.features(image), reversible)]

    @torch.no_grad()
    def continue_after(self, trained: int, share: float = 0.0) -> None:
        """Fresh sub-decoders behind `trained` ones start with the output of the last of those. Idle ones hand it on; with a
        `share`, each adds so much of what a copy of that sub-decoder would add: its blocks then learn from the first step."""
        for sub_decoder, (head,) in zip(self.subdenets[trained:], self.outputs[trained:]):
            if share:
                sub_decoder.start_as_share(self.subdenets[trained - 1], share)
            else:
                sub_decoder.start_idle()
            head.load_state_dict(self.outputs[trained - 1][0].state_dict())

    def clamp_alpha(self) -> None:
        for sub_decoder in self.subdenets:
            sub_decoder.clamp_alpha()
