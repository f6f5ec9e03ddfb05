"""The network AdaRevD in PyTorch, with the key names of its published checkpoints."""

from .adarevd import AdaRevD
from .config import ModelConfig

__all__ = ["AdaRevD", "ModelConfig"]
