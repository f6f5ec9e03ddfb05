"""Where a phase starts from: recipes, model files with other sizes, encoders of other checkpoints, photographs."""

import subprocess

import numpy as np
import pytest
import torch
from conftest import TRAINING
from PIL import Image
from test_data import picture

from deblur_training.cli import main
from deblur_training.data.photos import PhotoStore
from deblur_training.fixtures.parameters import fill
from deblur_training.network import AdaRevD, ModelConfig
from deblur_training.network.checkpoint import read_tensors, save_model, save_pth
from deblur_training.network.cost import cost_of
from deblur_training.training.clock import Clock
from deblur_training.training.recipe import PhaseOptions, Recipe
from deblur_training.training.setup import initialise, take_encoder
from deblur_training.training.trainer import Trainer

RECIPES = sorted((TRAINING / "recipes").glob("*.json"))


def filled(*sizes, seed=1, **more):
    model = AdaRevD(ModelConfig(*sizes, **more))
    with torch.no_grad():
        fill(model, seed)
    return model.eval()


def outputs(model):
    image = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        features = model.features(image)
        return [*model.residuals(features), model.logits(features)]


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_every_recipe_loads_and_its_model_is_small_enough(path):
    recipe = Recipe.read(path)
    assert "classifier" in recipe.phases and cost_of(recipe.model)["megabytes_bf16"] <= 20
    assert Recipe.from_json(recipe.as_json()) == recipe  # what a checkpoint holds


@pytest.mark.parametrize("phase, message", [
    ({"loss": "l2"}, "the loss is one of"), ({"stages": [{"until": 1, "patch": 100, "batch": 1}]}, "multiple of 16"),
    ({"stages": [{"until": 0.5, "patch": 64, "batch": 1}]}, "last until 1"), ({"stages": []}, "last until 1"),
    ({"stages": [{"until": 1, "patch": 64, "batches": 1}]}, "knows no batches"), ({"rates": 1}, "knows no rates")])
def test_a_recipe_that_cannot_work_is_refused(phase, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_json({"model": {}, "phases": {"joint": phase}})


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_phase_of_no_length_is_refused(seconds):
    with pytest.raises(ValueError, match="longer than nothing"):
        Clock(total_seconds=seconds)


def test_a_deeper_network_starts_as_the_one_it_comes_from(tmp_path, capsys):
    small = filled(4, [1, 1, 1, 2], 2)
    save_model(small, tmp_path / "m.safetensors")
    deep = AdaRevD(ModelConfig(4, [1, 2, 1, 5], 3, middle_blocks=2))
    initialise(deep, tmp_path / "m.safetensors")
    first, second, third, logits = outputs(deep)
    expected = outputs(small)
    # Every sub-decoder of the file, the further one that hands on, and the classifier.
    for got, wanted in zip((first, second, third, logits), (*expected[:2], expected[1], expected[2])):
        assert torch.equal(got, wanted)
    assert "not taken" not in capsys.readouterr().out


def test_a_shallower_network_says_what_it_leaves(tmp_path, capsys):
    save_model(filled(4, [1, 1, 1, 3], 3), tmp_path / "m.safetensors")
    initialise(AdaRevD(ModelConfig(4, [1, 1, 1, 1], 2)), tmp_path / "m.safetensors")
    assert "not taken" in capsys.readouterr().out


def test_fresh_blocks_learn(tmp_path):
    """The identity must not be a trap: after a few steps the added blocks have moved, inside too."""
    save_model(filled(4, [1, 1, 1, 1], 2), tmp_path / "m.safetensors")
    recipe = Recipe.from_json({"model": {"width": 4, "encoder_blocks": [1, 1, 1, 3], "sub_decoders": 2},
                               "phases": {"joint": {"stages": [{"until": 1, "patch": 32, "batch": 2}]}}})
    torch.manual_seed(1)
    model = AdaRevD(recipe.model)
    initialise(model, tmp_path / "m.safetensors")
    before = {k: v.clone() for k, v in model.state_dict().items()}
    store = PhotoStore([picture(220, 220, 1)], [], ["a.jpg"], torch.device("cpu"))
    Trainer(recipe, "joint", model, store, Clock(total_steps=4), tmp_path / "run").train()
    for part in ("beta", "gamma", "conv1.weight", "conv5.weight"):
        key = f"encoder.encoders.3.2.{part}"
        assert not torch.equal(model.state_dict()[key], before[key]), key


def test_a_further_sub_decoder_may_start_as_a_share_of_the_last(tmp_path):
    """Its levels add that share of what a copy would add, so its output lies near the last one's, and all of it learns."""
    save_model(filled(8, [1, 1, 1, 1], 1, classes=6), tmp_path / "one.safetensors", "fp32")
    first = {}
    for share in (0.0, 0.1, 0.2):
        model = AdaRevD(ModelConfig(8, [1, 1, 1, 1], 2, classes=6))
        initialise(model, tmp_path / "one.safetensors", share)
        image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(5))
        before, after = model.residuals(model.features(image))
        first[share] = float((after - before).detach().abs().mean())
        model.zero_grad()
        after.square().mean().backward()
        if share:
            own = dict(model.subdenets[1].named_parameters())
            assert all(p.grad is not None and p.grad.abs().max() > 0 for name, p in own.items() if not name.endswith("bias"))
    assert first[0.0] < 1e-6 < first[0.1] < first[0.2]


def test_the_encoder_phase_takes_any_checkpoint(tmp_path):
    source = filled(4, [1, 1, 1, 2], 1)
    save_model(source, tmp_path / "m.safetensors")
    save_pth(source, tmp_path / "m.pth")
    plain = {k: v for k, v in source.encoder.state_dict().items()} | {"ending.weight": torch.zeros(3, 4, 3, 3)}
    torch.save({"params": {"module." + k: v for k, v in plain.items()}}, tmp_path / "nafnet.pth")
    recipe = Recipe.from_json({"model": {"width": 4, "encoder_blocks": [1, 1, 1, 2], "sub_decoders": 1},
                               "phases": {"encoder": {}}})
    store = PhotoStore([picture(220, 220, 1)], [], ["a.jpg"], torch.device("cpu"))
    Trainer(recipe, "encoder", source, store, Clock(total_steps=1), tmp_path).save()
    for name in ("m.safetensors", "m.pth", "nafnet.pth", "last.pt"):
        model = AdaRevD(ModelConfig(4, [1, 1, 1, 2], 3))
        take_encoder(model, tmp_path / name)
        for key, value in model.encoder.state_dict().items():
            assert torch.equal(value, source.encoder.state_dict()[key]), (name, key)


@pytest.mark.parametrize("sizes, message", [
    ((4, [1, 1, 1, 3], 1), "lacks"), ((4, [1, 1, 1, 1], 1), "has too many"), ((8, [1, 1, 1, 2], 1), "another shape")])
def test_an_encoder_of_other_sizes_is_refused(tmp_path, sizes, message):
    save_model(filled(4, [1, 1, 1, 2], 1), tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match=message):
        take_encoder(AdaRevD(ModelConfig(*sizes)), tmp_path / "m.safetensors")


def test_a_file_of_another_network_starts_nothing(tmp_path):
    torch.save({"params": {"intro.weight": torch.zeros(4, 3, 3, 3)}}, tmp_path / "nafnet.pth")
    with pytest.raises(ValueError, match="--encoder"):
        initialise(AdaRevD(ModelConfig(4, [1, 1, 1, 1], 1)), tmp_path / "nafnet.pth")


def test_large_photographs_are_shrunk_and_broken_ones_named(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(picture(300, 500, 1)).save(folder / "large.jpg", quality=99)
    Image.fromarray(picture(150, 200, 2)).save(folder / "small.png")
    pack = ["pack", "--photos", str(folder), "--out", str(tmp_path / "p.npz"), "--texts", "2", "--longest-side", "250"]
    assert main(pack) == 0
    store = PhotoStore.open(tmp_path / "p.npz")
    assert store.heights.tolist() == [150, 150] and store.widths.tolist() == [250, 200]
    small = store.crops(torch.tensor([1]), torch.tensor([0]), torch.tensor([0]), 150, torch.tensor([0]))[0]
    assert torch.equal((small * 255).round().byte().permute(1, 2, 0), torch.from_numpy(picture(150, 200, 2)[:, :150]))
    (folder / "broken.jpg").write_bytes((folder / "large.jpg").read_bytes()[:2000])
    assert main(pack) == 1
    assert "broken.jpg" in capsys.readouterr().err


def test_a_model_without_a_classifier_has_no_exits_to_calibrate(tmp_path, capsys):
    save_model(filled(4, [1, 1, 1, 1], 1, classifier_type=None), tmp_path / "m.safetensors")
    np.savez(tmp_path / "p.npz")  # not reached
    assert main(["calibrate", str(tmp_path / "m.safetensors"), "--photos", str(tmp_path / "p.npz")]) == 1
    assert "no degradation classifier" in capsys.readouterr().err


def test_bench_counts_the_batch_that_fitted(tmp_path, capsys, monkeypatch):
    step = Trainer._step

    def tight(self, stage):
        if stage.batch > 2:
            raise torch.OutOfMemoryError("does not fit")
        return step(self, stage)
    monkeypatch.setattr(Trainer, "_step", tight)
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(picture(224, 224, 1)).save(folder / "a.png")
    assert main(["bench", "--recipe", str(TRAINING / "recipes" / "tiny.json"), "--photos", str(folder), "--patches", "32",
                 "--megapixels", "0.008", "--variants", "plain", "--steps", "1", "--device", "cpu", "--flags",
                 str(tmp_path / "flags")]) == 0
    assert "plain, 32, 2:" in capsys.readouterr().out
    assert (tmp_path / "flags").read_text() == "--reversible off\n"


def test_bench_joins_variants_and_writes_what_asks_for_them(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(picture(224, 224, 1)).save(folder / "a.png")
    bench = ["bench", "--recipe", str(TRAINING / "recipes" / "tiny.json"), "--photos", str(folder), "--patches", "32",
             "--megapixels", "0.002", "--steps", "1", "--device", "cpu", "--flags", str(tmp_path / "flags"), "--variants"]
    assert main([*bench, "bf16+channels-last", "--phase", "encoder"]) == 0
    assert "bf16+channels-last, 32, 2:" in capsys.readouterr().out
    assert (tmp_path / "flags").read_text() == "--reversible off --precision bf16 --channels-last\n"
    for wrong, said in (("fast", "no variant 'fast'"), ("fp32+bf16", "one precision")):
        assert main([*bench, wrong]) == 1
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("options", [{"pool_encoded": True}, {"pool": 4, "pool_uses": 0}, {"smallest_error": 0},
                                     {"classification": -1}, {"hold": 1.0}, {"further_share": -0.1},
                                     {"depth_weights": [1.0]}, {"loss": "psnr", "depth_weights": [0.0, 0.0]}])
def test_options_that_would_go_wrong_later_are_refused(options):
    with pytest.raises(ValueError, match="pool|smallest_error|classification|shares|depth_weights"):
        PhaseOptions.from_json(options)


@pytest.mark.parametrize("missing", ["val.npz", "model.safetensors"])
def test_a_lease_is_not_begun_without_its_files(tmp_path, missing):
    for name in {"train.npz", "val.npz", "model.safetensors"} - {missing}:
        (tmp_path / name).write_bytes(b"x")
    done = subprocess.run(["bash", str(TRAINING / "lease.sh"), "first"], capture_output=True, text=True, timeout=60, env={
        "PATH": "/usr/bin:/bin", "OUT": str(tmp_path / "out"), "DATA": str(tmp_path), "WORK": str(tmp_path / "work"),
        "INIT": str(tmp_path / "model.safetensors")})
    assert done.returncode == 2 and f"{missing} is not there" in done.stderr


def test_the_name_of_an_export_can_be_chosen(tmp_path):
    recipe = Recipe.read(TRAINING / "recipes" / "tiny.json")
    store = PhotoStore([picture(220, 220, 1)], [], ["a.jpg"], torch.device("cpu"))
    Trainer(recipe, "joint", AdaRevD(recipe.model), store, Clock(total_steps=1), tmp_path).save()
    assert main(["export", str(tmp_path / "last.pt"), str(tmp_path / "m.safetensors"), "--name", "mine-2"]) == 0
    config = ModelConfig.from_metadata(read_tensors(tmp_path / "m.safetensors")[1])
    assert config.name == "mine-2" and config.exit_table == [2] * 6
