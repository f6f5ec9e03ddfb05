"""The weighted mean of models: which tensors are mixed, which are the first model's, and which classes are shifted."""

import importlib.util
import json
import sys

import torch
from conftest import TRAINING
from safetensors import safe_open
from safetensors.torch import load_file, save_file

specification = importlib.util.spec_from_file_location("mean_of_models", TRAINING / "studies/mean.py")
study = importlib.util.module_from_spec(specification)
specification.loader.exec_module(study)


def model(value: float, decoders: int = 2) -> dict:
    """A network of a few tensors, all of one value; heads beyond the first hand on what they get."""
    tensors = {"encoder.intro.weight": torch.full((2, 3), value), study.LOGITS: torch.zeros(6)}
    for depth in range(decoders):
        tensors[f"subdenets.{depth}.alpha0"] = torch.full((2,), value + depth)
        tensors[f"outputs.{depth}.weight"] = torch.full((3,), value)
    return tensors


def test_weights_need_not_add_up_to_one():
    found = study.mean([(model(0), 1), (model(4), 3)], 2)
    assert torch.equal(found["encoder.intro.weight"], torch.full((2, 3), 3.0))
    assert torch.equal(found["subdenets.1.alpha0"], torch.full((2,), 4.0))


def test_depths_that_are_not_mixed_are_the_first_models_and_their_heads_follow():
    found = study.mean([(model(0), 1), (model(4), 1)], 1)
    assert torch.equal(found["subdenets.0.alpha0"], torch.full((2,), 2.0))
    assert torch.equal(found["subdenets.1.alpha0"], torch.full((2,), 1.0)), "the first model's"
    assert torch.equal(found["outputs.1.weight"], found["outputs.0.weight"]), "a head that handed on does so still"
    first = model(0)
    first["outputs.1.weight"] += 1
    assert torch.equal(study.mean([(first, 1), (model(4), 1)], 1)["outputs.1.weight"], first["outputs.1.weight"])


def test_what_another_lacks_or_has_in_another_size_is_mixed_without_it():
    other = model(4, decoders=1)
    other["encoder.intro.weight"] = torch.zeros(9)
    found = study.mean([(model(0), 1), (other, 1)], 2)
    assert torch.equal(found["encoder.intro.weight"], torch.zeros(2, 3))
    assert torch.equal(found["subdenets.1.alpha0"], torch.full((2,), 1.0))
    assert torch.equal(found["subdenets.0.alpha0"], torch.full((2,), 2.0))


def test_the_two_sharp_classes_are_shifted_and_the_name_is_set(tmp_path, monkeypatch):
    config = {"name": "old", "classifier": {"thresholds_db": [20, 25, 30, 35, 40]}}
    for name, value in (("a", 0.0), ("b", 4.0)):
        save_file(model(value), tmp_path / f"{name}.safetensors", {"config": json.dumps(config)})
    out = tmp_path / "out.safetensors"
    arguments = [f"{tmp_path}/a.safetensors=0.5", f"{tmp_path}/b.safetensors=0.5", "--sharp-shift", "1.5", "--name", "new"]
    monkeypatch.setattr(sys, "argv", ["mean.py", str(out), *arguments])
    study.main()
    assert load_file(out)[study.LOGITS].tolist() == [0, 0, 0, 0, 1.5, 1.5]
    with safe_open(out, "pt") as file:
        assert json.loads(file.metadata()["config"])["name"] == "new"
