import os
import sys
from pathlib import Path

import pytest
import torch

TRAINING = Path(__file__).resolve().parents[1]
REPOSITORY = TRAINING.parent
sys.path.insert(0, str(TRAINING))
torch.set_num_threads(1)


def shared(*parts: str) -> Path:
    """A file beside the repository that not every checkout has; the test is skipped where it is absent."""
    root = Path(os.environ.get("DEBLUR_SHARED", REPOSITORY.parent / "shared"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path
