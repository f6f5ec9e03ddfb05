"""What a model is: sizes, exits, classes. Written to and read from a checkpoint's metadata."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

# Files the engine reads carry these two; the rest of the configuration is one JSON text.
FORMAT, VERSION = "deblur", "1"

GOPRO_THRESHOLDS_DB = (20.0, 25.0, 30.0, 35.0, 40.0)


@dataclass
class ModelConfig:
    """Sizes and exit rule of one AdaRevD."""

    width: int = 16
    encoder_blocks: list[int] = field(default_factory=lambda: [1, 1, 1, 8])
    sub_decoders: int = 4
    encoder: str = "NAFNet"  # or "UFPNet"
    name: str = "adarevd"
    middle_blocks: int = 1
    # "fcnaf" (FourierBlock) in every published model; "naf" swaps in plain NAFBlocks (the paper's Table 4).
    base_block: str = "fcnaf"
    classifier_type: str | None = "hard_simple"  # "single", "multi" (regressors) or None
    dx: str = "e3"
    classes: int = 6
    thresholds_db: list[float] = field(default_factory=lambda: list(GOPRO_THRESHOLDS_DB))
    # Sub-decoder per class, hardest class first; 0 leaves the tile as it came.
    exit_table: list[int] | None = None
    # O_c^j (Eq. 13), per class: j = 1 against the blurred input, then each sub-decoder against the one before it.
    increments_db: list[list[float | None]] | None = None
    tau: float | None = None
    tile: int = 384
    overlap: int = 32

    def to_metadata(self) -> dict[str, str]:
        """The `__metadata__` of a `.safetensors` file: text to text."""
        config = {
            "name": self.name,
            "architecture": "AdaRevD",
            "encoder": self.encoder,
            "width": self.width,
            "encoder_blocks": self.encoder_blocks,
            "middle_blocks": self.middle_blocks,
            "sub_decoders": self.sub_decoders,
        }
        if self.base_block != "fcnaf":
            config["base_block"] = self.base_block
        if self.classifier_type is not None:
            config["classifier"] = {"type": self.classifier_type, "dx": self.dx}
            if self.classifier_type == "hard_simple":
                config["classifier"] |= {"classes": self.classes, "thresholds_db": self.thresholds_db}
        config["exit_table"] = self.exit_table
        config["increments_db"] = self.increments_db
        config["tau"] = self.tau
        config["tile"] = self.tile
        config["overlap"] = self.overlap
        if self.increments_db is not None:
            config["increments_first"] = "sub-decoder 1 against the blurred input"
        return {"format": FORMAT, "version": VERSION, "config": json.dumps({k: v for k, v in config.items()
                                                                            if v is not None})}

    @staticmethod
    def from_metadata(metadata: dict[str, str]) -> "ModelConfig":
        if metadata.get("format") != FORMAT:
            raise ValueError(f"metadata format is {metadata.get('format')!r}, expected {FORMAT!r}")
        c = json.loads(metadata["config"])
        classifier = c.get("classifier")
        model = ModelConfig(
            width=c["width"], encoder_blocks=c["encoder_blocks"], sub_decoders=c["sub_decoders"],
            encoder=c["encoder"], name=c.get("name", "adarevd"), middle_blocks=c.get("middle_blocks", 1),
            base_block=c.get("base_block", "fcnaf"), exit_table=c.get("exit_table"),
            increments_db=c.get("increments_db"), tau=c.get("tau"), tile=c.get("tile", 384),
            overlap=c.get("overlap", 32), classifier_type=classifier["type"] if classifier else None)
        if classifier:
            model.dx = classifier["dx"]
            model.classes = classifier.get("classes", model.classes)
            model.thresholds_db = classifier.get("thresholds_db", model.thresholds_db)
        return model
