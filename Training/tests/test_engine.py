"""The engine's output on the shipped model against PyTorch's, at every exit. Skipped where `deblur` was not built;
DEBLUR names another executable."""

import os
import subprocess

import numpy as np
import pytest
import torch
from conftest import REPOSITORY, shared
from PIL import Image

from deblur_training.data.blur import BlurMaker
from deblur_training.data.drawn import drawn_pictures
from deblur_training.data.photos import PhotoStore
from deblur_training.network.checkpoint import load_model
from deblur_training.network.inference import ExitRule, restore

MODEL = next(p for p in sorted((REPOSITORY / "Models").glob("*.safetensors")))
TOLERANCE = 1e-3  # of 0…1, the project's promise for real pictures


def engine(*arguments):
    executable = os.environ.get("DEBLUR", REPOSITORY / ".build" / "release" / "deblur")
    if not os.path.exists(executable):
        pytest.skip(f"{executable} is not built")
    done = subprocess.run([executable, "image", "--quiet", "--model", MODEL, *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def blurred(photo, seed):
    maker = BlurMaker(PhotoStore([photo], [], ["one"], torch.device("cpu")), seed)
    maker.options.sharp, maker.options.objects = 0, 0
    return maker.batch(1, 416)[0][0]


def drawn(seed):
    return np.array(drawn_pictures(1, seed, 640, 560)[0])


PICTURES = {
    "drawn": lambda: drawn(3),
    "astronaut": lambda: pytest.importorskip("skimage.data").astronaut(),
    "photograph": lambda: np.array(Image.open(shared("photos", "val", "0001.jpg")).convert("RGB"))}


@pytest.mark.parametrize("name", PICTURES)
def test_every_exit_agrees_with_pytorch(name, tmp_path):
    image = blurred(PICTURES[name](), 5)  # 416 pixels: four tiles
    Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy()).save(tmp_path / "in.png")
    model = load_model(MODEL)
    for depth in range(1, model.config.sub_decoders + 1):
        engine("--exit", depth, tmp_path / "in.png", tmp_path / "out.npy")
        ours = np.load(tmp_path / "out.npy").transpose(2, 0, 1)
        expected = restore(model, image, ExitRule(fixed=depth)).image.numpy()
        assert ours.shape == expected.shape
        off = np.abs(ours - expected).max()
        print(f"{name}, exit {depth}: {off:.1e}")
        assert off <= TOLERANCE, (name, depth)


def test_adaptive_exits_agree_with_pytorch(tmp_path):
    image = blurred(drawn(4), 6)
    Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy()).save(tmp_path / "in.png")
    model = load_model(MODEL)
    engine(tmp_path / "in.png", tmp_path / "out.npy")
    expected = restore(model, image, ExitRule(table=model.config.exit_table)).image.numpy()
    assert np.abs(np.load(tmp_path / "out.npy").transpose(2, 0, 1) - expected).max() <= TOLERANCE
