"""A recipe: the model's sizes, the blur it learns from, and how each phase trains. One JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from ..data.blur import BlurOptions
from ..network import ModelConfig

# What each phase trains. `encoder`: a network with a single sub-decoder, whose encoder the decoder phase inherits.
PHASES = {
    "encoder": ("encoder", "conv_features", "subdenets", "outputs"),
    "decoder": ("conv_features", "subdenets", "outputs"),
    "joint": ("encoder", "conv_features", "subdenets", "outputs"),
    "classifier": ("ape",),
}


LOSSES = ("l1", "psnr")


@dataclass
class Stage:
    """Patches of that side in batches of that many, until the given share of the phase is done."""

    until: float
    patch: int
    batch: int


@dataclass
class PhaseOptions:
    stages: list[Stage] = field(default_factory=lambda: [Stage(1.0, 256, 16)])
    rate: float = 1e-3
    final_rate: float = 1e-7
    warmup: float = 0.0  # share of the phase
    hold: float = 0.0  # share of the phase that stays at `rate`, warm-up included, before the cosine
    weight_decay: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.9)
    clip: float | None = 0.01
    ema: float = 0.999
    ema_every: int = 1  # steps; on a CPU the average costs a step's share
    # Sub-decoders that --init has not: 0, they start idle; else as that share of a copy of its last.
    further_share: float = 0.0
    # Weight of each sub-decoder's loss, in turn; none: all alike (Eq. 14).
    depth_weights: list[float] | None = None
    # "l1": Eq. 14. "psnr": mean over pairs of 10·log10 of the squared error, in which a mild blur counts as much as a
    # strong one.
    loss: str = "l1"
    frequency_weight: float = 0.01
    # Added to the squared error under that logarithm: 2e-4 is 37 dB. Much better tiles leave as they came, by the exit
    # table; learning from them must not outweigh the blurred ones.
    smallest_error: float = 2e-4
    # Weight of Eq. 15 beside the restoration's loss, in the phases that train more than the classifier: where the encoder
    # learns too, it then learns features that tell a sharp picture from a blurred one. 0: the paper's way.
    classification: float = 0.0
    # Pairs kept and used about `pool_uses` times each (0: every patch is made anew), of that many pixels a side.
    pool: int = 0
    pool_side: int = 256
    pool_uses: float = 16
    pool_encoded: bool = False  # in the classifier's phase: kept as the frozen encoder's features of a whole patch
    reversible: bool = True
    sharp: float | None = None  # share of sharp inputs in this phase, in place of the recipe's
    tones: float | None = None  # share of photographs with other tones in this phase, likewise
    kernel_noise: bool = True  # UFPNet's noise term is on in training

    def check(self) -> None:
        """What would else go wrong late, or silently."""
        if self.loss not in LOSSES:
            raise ValueError(f"the loss is one of {', '.join(LOSSES)}, not {self.loss!r}")
        if not self.smallest_error > 0:
            raise ValueError(f"smallest_error is above 0, not {self.smallest_error}")
        if not (0 <= self.warmup <= 1 and 0 <= self.hold < 1 and 0 <= self.further_share <= 1):
            raise ValueError(f"warmup, hold and further_share are shares, not {self.warmup}, {self.hold}, {self.further_share}")
        if self.depth_weights is not None and (self.loss != "psnr" or min(self.depth_weights, default=0) < 0
                                               or not sum(self.depth_weights) > 0):
            raise ValueError(f"depth_weights are weights of at least 0, not all 0, of the loss psnr, not {self.depth_weights}")
        if self.classification < 0:
            raise ValueError(f"classification is a weight of at least 0, not {self.classification}")
        if self.pool < 0 or self.pool_uses <= 0 or (self.pool_encoded and not self.pool):
            raise ValueError(f"a pool holds pairs that are used more than 0 times, and pool_encoded needs one: pool {self.pool}, "
                             f"pool_uses {self.pool_uses}")
        ends = [s.until for s in self.stages]
        if not ends or ends != sorted(ends) or ends[-1] < 1:
            raise ValueError(f"stages go on until growing shares of the phase, the last until 1, not {ends}")
        for stage in self.stages:
            if stage.patch < 16 or stage.patch % 16 or stage.batch < 1:
                raise ValueError(f"a patch is a multiple of 16 pixels and a batch at least 1, not {stage}")

    def stage(self, progress: float) -> Stage:
        return next((s for s in self.stages if progress < s.until), self.stages[-1])

    @staticmethod
    def from_json(values: dict) -> "PhaseOptions":
        _check(values, PhaseOptions)
        values = dict(values)
        if "stages" in values:
            for stage in values["stages"]:
                _check(stage, Stage)
            values["stages"] = [Stage(**s) for s in values["stages"]]
        options = PhaseOptions(**values)
        options.check()
        return options


@dataclass
class Recipe:
    model: ModelConfig
    blur: BlurOptions
    phases: dict[str, PhaseOptions]
    seed: int = 1

    def phase(self, name: str) -> PhaseOptions:
        if name not in self.phases:
            raise ValueError(f"the recipe has no phase {name!r}; it has {', '.join(self.phases)}")
        return self.phases[name]

    def as_json(self) -> dict:
        return {"model": asdict(self.model), "blur": asdict(self.blur), "seed": self.seed,
                "phases": {name: asdict(p) for name, p in self.phases.items()}}

    @staticmethod
    def from_json(values: dict) -> "Recipe":
        unknown = set(values.get("phases", {})) - set(PHASES)
        if unknown:
            raise ValueError(f"unknown phases: {', '.join(sorted(unknown))}")
        _check(values["model"], ModelConfig)
        return Recipe(ModelConfig(**values["model"]), BlurOptions.from_json(values.get("blur", {})),
                      {name: PhaseOptions.from_json(p) for name, p in values.get("phases", {}).items()},
                      values.get("seed", 1))

    @staticmethod
    def read(path: Path) -> "Recipe":
        return Recipe.from_json(json.loads(path.read_text()))


def _check(values: dict, kind: type) -> None:
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"{kind.__name__} knows no {', '.join(sorted(unknown))}")
