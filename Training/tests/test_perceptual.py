"""`deblur-train perceptual`: which pictures are compared, and what is said where a package or its weights are missing. The
metrics themselves are their packages' matter."""

import csv
import json
import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_training.cli import main
from deblur_training.commands import perceptual


def picture(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 24, 3), level, np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path):
    for name, level in (("a", 10), ("b", 50)):
        picture(tmp_path / "out" / "scene" / f"{name}.png", level)
        picture(tmp_path / "set" / "scene" / "gt" / f"gt_{name}.png", level + 20)
        picture(tmp_path / "set" / "scene" / "gt" / f".hidden_{name}.png", 0)
    (tmp_path / "out" / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.fixture
def metrics(monkeypatch):
    monkeypatch.setattr(perceptual, "load_lpips", lambda: lambda result, sharp: float((sharp - result).abs().mean() * 255))
    monkeypatch.setattr(perceptual, "load_niqe", lambda: lambda result, sharp: float(result.mean() * 255))


def test_figures_of_every_picture(folders, metrics, capsys):
    code = main(["perceptual", "--results", str(folders / "out"), "--sharp", str(folders / "set"),
                 "--json", str(folders / "p.json"), "--csv", str(folders / "p.csv")])
    assert code == 0
    found = json.loads((folders / "p.json").read_text())
    assert [row["name"] for row in found["images"]] == ["scene/a", "scene/b"]
    assert found["mean"]["lpips"] == pytest.approx(20, abs=1e-3) and found["mean"]["niqe"] == pytest.approx(30, abs=1e-3)
    assert found["standard_deviation"]["niqe"] == pytest.approx(40 / 2 ** 0.5, abs=1e-3)
    rows = list(csv.DictReader((folders / "p.csv").open()))
    assert float(rows[1]["niqe"]) == pytest.approx(50, abs=1e-3)
    assert "| scene/b | 20.0000 | 50.0000 |" in capsys.readouterr().out


def test_niqe_needs_no_sharp_pictures(folders, metrics, capsys):
    assert main(["perceptual", "--results", str(folders / "out"), "--metrics", "niqe"]) == 0
    assert "NIQE" in capsys.readouterr().out


@pytest.mark.parametrize("more, words", [
    ([], "--sharp is missing"), (["--metrics", "psnr"], "lpips and niqe are known"),
    (["--metrics", "niqe", "--json", "nope/x.json"], "there is no folder nope"),
    (["--sharp", "{}/empty"], "there is no JPEG or PNG"), (["--sharp", "{}/other"], "2 of 2 results have no sharp picture")])
def test_mistakes_are_named_before_anything_is_loaded(folders, monkeypatch, capsys, more, words):
    monkeypatch.setattr(perceptual, "load", lambda name: pytest.fail("loaded"))
    (folders / "empty").mkdir()
    picture(folders / "other" / "c.png", 1)
    assert main(["perceptual", "--results", str(folders / "out")] + [m.format(folders) for m in more]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("error, words", [
    (ImportError("no module"), "pip install 'deblur-training[niqe]'"),
    (RuntimeError("operator torchvision::nms does not exist"), "pip install 'deblur-training[niqe]'"),
    (OSError("offline"), "put niqe_modelparameters.mat of pyiqa in $TORCH_HOME/hub/pyiqa")])
def test_what_is_missing_is_said(folders, monkeypatch, capsys, error, words):
    def fail():
        raise error
    monkeypatch.setattr(perceptual, "load_niqe", fail)
    assert main(["perceptual", "--results", str(folders / "out"), "--metrics", "niqe"]) == 1
    assert words in capsys.readouterr().err


def test_pyiqa_is_called_as_it_is_documented(monkeypatch):
    asked = []

    def create_metric(name):
        asked.append(name)
        return lambda batch: batch.mean().reshape(1, 1) if batch.dim() == 4 else None
    monkeypatch.setitem(sys.modules, "pyiqa", types.SimpleNamespace(create_metric=create_metric))
    assert perceptual.load("niqe")(torch.full((3, 8, 8), 0.25), None) == 0.25 and asked == ["niqe"]


def test_lpips_of_the_package(monkeypatch, tmp_path):
    """The real package with random weights of AlexNet in the place where its own would be: 0 for equal pictures."""
    try:
        import torchmetrics.image.lpip  # noqa: F401
        from torchvision.models import alexnet
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchmetrics and torchvision: {error}")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(1)
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(alexnet().state_dict(), tmp_path / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth")
    lpips = perceptual.load("lpips")
    one, other = torch.rand(3, 64, 64), torch.rand(3, 64, 64)
    assert lpips(one, one) == 0 and lpips(one, other) > 0
    with pytest.raises(ValueError, match="has a sharp picture of"):
        lpips(one, torch.rand(3, 32, 64))
