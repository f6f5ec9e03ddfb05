"""Phases, resuming, checkpoints, exits and files of the trainer, on a network of width 4."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import TRAINING
from test_data import picture

from deblur_training.cli import main
from deblur_training.data.blur import BlurMaker
from deblur_training.data.encoded import EncodedPool
from deblur_training.data.photos import PhotoStore
from deblur_training.data.pool import PairPool
from deblur_training.evaluation.pairs import make_pairs, read_pairs, write_pairs
from deblur_training.evaluation.report import as_markdown, report
from deblur_training.evaluation.score import score_tiles
from deblur_training.network import AdaRevD, ModelConfig
from deblur_training.network.checkpoint import load_model, read_tensors, save_model
from deblur_training.network.classifier import classification_loss, degradation_class
from deblur_training.network.config import GOPRO_THRESHOLDS_DB
from deblur_training.training.clock import Clock, learning_rate
from deblur_training.training.loss import decibel_loss, restoration_loss
from deblur_training.training.recipe import PhaseOptions, Recipe, Stage
from deblur_training.training.setup import initialise
from deblur_training.training.state import read_state, slim, unslim
from deblur_training.training.trainer import Trainer


@pytest.fixture(scope="module")
def store():
    return PhotoStore([picture(220, 220, 1), picture(200, 240, 2)], [], ["a.jpg", "b.jpg"], torch.device("cpu"))


def recipe():
    found = Recipe.read(TRAINING / "recipes" / "tiny.json")
    for options in found.phases.values():
        options.stages = [Stage(0.5, 32, 2), Stage(1.0, 48, 2)]
    return found


def trainer(store, folder, phase="joint", steps=6, own=None):
    own = own or recipe()
    torch.manual_seed(1)
    return Trainer(own, phase, AdaRevD(own.model), store, Clock(total_steps=steps), folder)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_a_resumed_run_equals_an_undisturbed_one(store, tmp_path):
    straight = trainer(store, tmp_path / "straight")
    assert straight.train()
    broken = trainer(store, tmp_path / "broken")
    for _ in range(3):
        broken.step()
    broken.save()
    torch.manual_seed(77)
    again = trainer(store, tmp_path / "broken")
    again.resume()
    assert again.clock.step == 3 and again.train()
    assert same(straight.model.state_dict(), again.model.state_dict())
    assert same(straight.average.state(), again.average.state())


def test_training_brings_the_loss_down(store, tmp_path):
    own = recipe()
    own.blur.longest = 6
    run = trainer(store, tmp_path, steps=30, own=own)
    blurred, sharp = run.maker.batch(2, 32)

    def loss():
        with torch.no_grad():
            return float(restoration_loss(run.model(blurred), blurred * 0, sharp, 0.01))
    before = loss()
    run.maker.batch = lambda count, patch: (blurred, sharp)
    run.train(log_every=1000)
    assert loss() < 0.97 * before


@pytest.mark.parametrize("phase, frozen, trained", [
    ("joint", [], ["encoder", "subdenets", "outputs", "conv_features"]),
    ("decoder", ["encoder"], ["subdenets", "outputs", "conv_features"]),
    ("classifier", ["encoder", "subdenets", "outputs", "conv_features"], ["ape"])])
def test_a_phase_trains_its_part_alone(store, tmp_path, phase, frozen, trained):
    run = trainer(store, tmp_path, phase, steps=2)
    before = copy.deepcopy(run.model.state_dict())
    run.train()
    moved = {k.split(".")[0] for k, v in run.model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == set(trained) and not moved & set(frozen)


def test_a_checkpoint_of_another_phase_is_refused(store, tmp_path):
    trainer(store, tmp_path, "joint").save()
    with pytest.raises(ValueError, match="holds a joint phase"):
        trainer(store, tmp_path, "classifier").resume()


def test_a_slim_checkpoint_holds_the_run(store, tmp_path):
    run = trainer(store, tmp_path)
    for _ in range(3):
        run.step()
    run.save()
    full = read_state(tmp_path / "last.pt")
    lean = slim(copy.deepcopy(full))
    assert "optimizer" not in lean
    back = unslim(lean)
    assert same(back["parameters"], full["parameters"])
    for key, value in full["average"].items():
        gap = (value - full["parameters"][key]).abs().max()
        assert (back["average"][key] - value).abs().max() <= 0.004 * gap + 1e-7
    torch.save(slim(full), tmp_path / "last.pt")
    again = trainer(store, tmp_path)
    again.resume()
    assert again.clock.step == 3
    again.step()


def test_the_single_decoder_network_seeds_the_next_phase(store, tmp_path):
    own = recipe()
    own.model.sub_decoders = 1
    run = trainer(store, tmp_path / "encoder", "encoder", steps=2, own=own)
    run.train()
    model = AdaRevD(recipe().model)
    initialise(model, tmp_path / "encoder" / "last.pt")
    average = run.average.state()
    assert all(torch.equal(p, average[n]) for n, p in model.named_parameters() if n.startswith("encoder."))
    blurred, _ = run.maker.batch(1, 32)
    with torch.no_grad():
        first, second = model(blurred)
    assert torch.equal(first, second) and not torch.equal(first, blurred)
    with pytest.raises(ValueError, match="another shape"):
        initialise(AdaRevD(ModelConfig(8, [1, 1, 1, 2], 2)), tmp_path / "encoder" / "last.pt")


def test_the_loss_is_that_of_the_specification():
    generator = torch.Generator().manual_seed(0)
    blurred, sharp, a, b = torch.rand(4, 2, 3, 16, 24, generator=generator, dtype=torch.float64)
    expected = 0.0
    for residual in (a, b):
        restored = blurred + residual
        spectrum = np.fft.rfft2(restored.numpy()) - np.fft.rfft2(sharp.numpy())
        expected += float((restored - sharp).abs().mean()) + 0.01 * np.abs(spectrum).mean()
    assert math.isclose(float(restoration_loss([a, b], blurred, sharp, 0.01)), expected / 2, rel_tol=1e-12)


def test_the_loss_in_decibels_counts_every_pair_alike():
    sharp = torch.zeros(2, 3, 16, 16)
    blurred = torch.stack([torch.full((3, 16, 16), v) for v in (0.1, 0.4)])
    residual = -blurred / 2  # halves every difference: 6.02 dB each, whatever the blur
    gain = float(decibel_loss([blurred * 0], blurred, sharp, 2e-4) - decibel_loss([residual], blurred, sharp, 2e-4))
    assert 5.7 < gain < 6.02
    assert float(decibel_loss([-blurred], blurred, sharp, 1e-4)) == pytest.approx(10 * math.log10(1e-4), abs=1e-4)


def test_a_weight_of_zero_leaves_a_depth_out():
    blurred, sharp = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    shallow, deep = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    alone = decibel_loss([deep], blurred, sharp, 2e-4)
    assert torch.isclose(decibel_loss([shallow, deep], blurred, sharp, 2e-4, [0.0, 3.0]), alone)
    both = decibel_loss([shallow, deep], blurred, sharp, 2e-4)
    assert torch.isclose(decibel_loss([shallow, deep], blurred, sharp, 2e-4, [2.0, 2.0]), both)


def test_a_pool_hands_out_crops_of_its_pairs_and_renews_them(store):
    maker = BlurMaker(store, 5)
    made, original = [], maker.batch

    def counted(count, size):
        pairs = original(count, size)
        made.extend(torch.stack(pairs, dim=1))
        return pairs
    maker.batch = counted
    pool = PairPool(maker, capacity=6, side=64, uses=4)
    for _ in range(12):
        blurred, sharp = pool.batch(2, 32)
        for pair in torch.stack([blurred, sharp], dim=1):
            # Channels sorted by their sum, in each of the eight orientations: one pair holds the patch.
            assert any(holds(whole, pair) for whole in made), "a patch that is no crop of a pair"
    assert len(pool.pairs) == 6 and abs(len(made) - (8 + 24 / 4)) <= 2
    assert pool.batch(1, 80)[0].shape == (1, 3, 80, 80)  # larger than its pairs: it starts anew


def test_the_classifier_learns_from_patches_that_are_encoded_once(store, tmp_path):
    own = recipe()
    own.phases["classifier"] = replace(own.phases["classifier"], pool=12, pool_uses=4, pool_encoded=True,
                                       stages=[Stage(1.0, 32, 4)])
    run = trainer(store, tmp_path, "classifier", steps=12, own=own)
    assert isinstance(run.pairs, EncodedPool)
    seen, encoded = [], run.pairs.encode
    run.pairs.encode = lambda blurred, sharp: seen.append((blurred, sharp)) or encoded(blurred, sharp)
    features, labels = run.pairs.batch(4, 32)
    # What is handed out is what the whole network would compute for one of the patches, under that patch's class.
    blurred, sharp = (torch.cat(parts) for parts in zip(*seen))
    with torch.no_grad():
        whole = run.model.classified(run.model.features(blurred))
    for feature, label in zip(features, labels):
        close = [i for i in range(len(whole)) if torch.allclose(whole[i], feature, atol=1e-5)]
        assert len(close) == 1 and degradation_class(blurred, sharp, GOPRO_THRESHOLDS_DB)[close[0]] == label
    before = copy.deepcopy(run.model.ape.state_dict())
    assert run.train()
    assert not same(before, run.model.ape.state_dict())
    made = sum(len(b) for b, _ in seen)
    assert 16 + 13 * 4 / 4 - 4 < made <= 16 + 13 * 4 / 4 and len(run.pairs.pairs) == 12


def test_classes_are_learnt_beside_the_restoration_where_the_recipe_says_so(store, tmp_path):
    gradients = {}
    for weight in (0.0, 2.0):
        own = recipe()
        own.phases["joint"] = replace(own.phases["joint"], classification=weight, reversible=False)
        run = trainer(store, tmp_path / str(weight), own=own)
        blurred, sharp = BlurMaker(store, 5).batch(2, 32)
        numbers = run._restoration_losses(blurred, sharp)
        numbers["loss"].backward()
        gradients[weight] = {n: p.grad for n, p in run.model.named_parameters()}
        assert ("accuracy" in numbers) == (weight > 0)
    assert all(gradients[0.0][n] is None for n in gradients[0.0] if n.startswith("ape."))
    # What the weight adds, and to whom: the classifier and the encoder under it, not the sub-decoders.
    torch.manual_seed(1)
    model = AdaRevD(own.model)
    labels = degradation_class(blurred, sharp, GOPRO_THRESHOLDS_DB)
    (2.0 * classification_loss(model.logits(model.features(blurred)), labels)).backward()
    for name, parameter in model.named_parameters():
        added = (gradients[2.0][name] if gradients[2.0][name] is not None else torch.zeros_like(parameter))
        if gradients[0.0][name] is not None:
            added = added - gradients[0.0][name]
        expected = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        assert torch.allclose(added, expected, atol=1e-5), name
    assert run.model.encoder.intro.weight.grad.abs().max() > 0


def test_a_weight_of_classes_needs_a_classifier(store, tmp_path):
    own = recipe()
    own.phases["joint"] = replace(own.phases["joint"], classification=1.0)
    own.model.classifier_type = None
    with pytest.raises(ValueError, match="no classifier"):
        trainer(store, tmp_path, own=own)


def holds(whole, patch):
    """Whether `patch` [2, 3, 32, 32] is a crop of `whole` [2, 3, h, w], turned and with its channels permuted."""
    for order in PairPool.ORDERS:
        for turn in range(4):
            for flip in (False, True):
                turned = torch.rot90(whole[:, list(order)], turn, (2, 3))
                turned = turned.flip(3) if flip else turned
                windows = turned.unfold(2, 32, 1).unfold(3, 32, 1)
                corner = (windows[:, :, :, :, 0, 0] - patch[:, :, None, None, 0, 0]).abs().amax((0, 1))
                for y, x in (corner < 1e-6).nonzero().tolist():
                    if torch.allclose(windows[:, :, y, x], patch, atol=1e-6):
                        return True
    return False


def test_schedules():
    options = PhaseOptions(warmup=0.1, rate=1e-3, final_rate=1e-7, stages=[Stage(0.3, 64, 8), Stage(1, 256, 2)])
    assert learning_rate(options, 0.05) == pytest.approx(5e-4)
    assert learning_rate(options, 0.1) == pytest.approx(1e-3) and learning_rate(options, 1) == pytest.approx(1e-7)
    held = PhaseOptions(warmup=0.1, hold=0.6, rate=1e-3, final_rate=1e-7)
    assert learning_rate(held, 0.05) == pytest.approx(5e-4)
    assert learning_rate(held, 0.1) == learning_rate(held, 0.59) == 1e-3
    assert learning_rate(held, 0.8) == pytest.approx(5e-4, rel=1e-3) and learning_rate(held, 1) == pytest.approx(1e-7)
    assert [options.stage(p).patch for p in (0, 0.29, 0.3, 1.0)] == [64, 64, 256, 256]
    with pytest.raises(ValueError):
        Clock()


def test_a_run_by_minutes_ends_in_time(store, tmp_path):
    run = trainer(store, tmp_path)
    clock = run.clock = Clock(total_seconds=1.5)

    def tick():
        clock.step, clock.seconds = clock.step + 1, clock.seconds + 0.4
    clock.tick = tick
    assert run.train() and clock.step == 4
    rows = (tmp_path / "joint.csv").read_text().splitlines()
    assert rows[0].startswith("step,seconds,progress") and len(rows) == 2


@pytest.mark.parametrize("dtype, tolerance", [("fp32", 0), ("fp16", 1e-3), ("bf16", 8e-3)])
def test_export_and_back(tmp_path, dtype, tolerance):
    torch.manual_seed(3)
    config = ModelConfig(4, [1, 1, 1, 2], 2, name="a model", exit_table=[2, 2, 1, 1, 0, 0], tau=0.05,
                         increments_db=[[1.0, 0.1], [0.5, None]] + [[None, None]] * 4)
    model = AdaRevD(config)
    save_model(model, tmp_path / "m.safetensors", dtype)
    first = (tmp_path / "m.safetensors").read_bytes()
    save_model(model, tmp_path / "m.safetensors", dtype)
    assert (tmp_path / "m.safetensors").read_bytes() == first  # equal models have equal digests
    back = load_model(tmp_path / "m.safetensors")
    assert back.config == config
    for key, value in model.state_dict().items():
        assert torch.allclose(back.state_dict()[key], value, rtol=tolerance, atol=1e-7)


def test_a_value_that_the_type_cannot_hold_is_refused(tmp_path):
    model = AdaRevD(ModelConfig(4, [1, 1, 1, 1], 1))
    with torch.no_grad():
        model.outputs[0][0].bias[0] = 1e6
    with pytest.raises(ValueError, match="outputs.0.0.bias"):
        save_model(model, tmp_path / "m.safetensors", "fp16")


def test_pairs_go_through_files_and_a_report_comes_out(store, tmp_path):
    pairs = make_pairs(store, 5, seed=4, size=64)
    write_pairs(pairs, tmp_path)
    back = read_pairs(tmp_path)
    for a, b in zip(pairs, back):
        assert a.name == b.name and (a.blurred - b.blurred).abs().max() < 1e-6 and torch.equal(a.sharp, b.sharp)
    assert [p.name for p in pairs] == [p.name for p in make_pairs(store, 5, seed=4, size=64)]
    model = AdaRevD(ModelConfig(4, [1, 1, 1, 1], 2, exit_table=[2, 1, 1, 0, 0, 0]))
    found = report(model, back, torch.device("cpu"))
    single = score_tiles(model, back, torch.device("cpu"), batch=1)
    assert found["psnr_by_depth"][2] == pytest.approx(np.mean([s.psnr[2] for s in single]), abs=1e-3)
    assert "| adaptive [2, 1, 1, 0, 0, 0] |" in as_markdown(found)


def test_the_commands_from_photographs_to_a_model(tmp_path, capsys):
    from PIL import Image
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(2):
        Image.fromarray(picture(224, 224, i)).save(photos / f"{i}.jpg")
    at = lambda name: str(tmp_path / name)
    tiny = str(TRAINING / "recipes" / "tiny.json")
    steps = [
        ["pack", "--photos", str(photos), "--out", at("p.npz"), "--texts", "2"],
        ["train", "--recipe", tiny, "--phase", "joint", "--photos", at("p.npz"), "--run", at("joint"), "--total-steps",
         "2", "--device", "cpu"],
        ["train", "--recipe", tiny, "--phase", "classifier", "--photos", at("p.npz"), "--run", at("cls"), "--init",
         at("joint/last.pt"), "--total-steps", "2", "--device", "cpu"],
        ["export", at("cls/last.pt"), at("m.safetensors")],
        ["calibrate", at("m.safetensors"), "--photos", at("p.npz"), "--pairs", "4", "--size", "64", "--tau", "0.05",
         "--write", at("done.safetensors"), "--device", "cpu"],
        ["slim", at("cls/last.pt"), at("slim.pt"), "--part-mib", "1"],
        ["slim", "--join", at("slim.pt.00"), at("joined.pt")],
        ["synth", "--photos", at("p.npz"), "--out", at("pairs"), "--count", "2", "--size", "64"],
        ["validate", at("done.safetensors"), "--folder", at("pairs"), "--sheet", at("s.jpg"), "--device", "cpu"]]
    for step in steps:
        assert main(step) == 0, capsys.readouterr().err
    tensors, metadata = read_tensors(tmp_path / "done.safetensors")
    config = ModelConfig.from_metadata(metadata)
    assert len(config.exit_table) == 6 and config.tau == 0.05 and len(config.increments_db) == 6
    assert all(v.dtype == torch.bfloat16 for v in tensors.values())
    assert main(["train", "--recipe", tiny, "--phase", "joint", "--photos", at("none.npz"), "--run", at("x"),
                 "--total-steps", "1"]) == 1
    assert "none.npz" in capsys.readouterr().err
