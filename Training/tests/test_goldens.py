"""The network against the golden vectors of the published code.

Those are float32 of another machine, as ours are of this one: both are held against float64, and each may be off by what
float32 can do for the case. The README's tolerances, which are for engines of any kind, hold besides.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import shared
from PIL import Image
from precision import check, recorded, truth_and_room

from deblur_training.network.checkpoint import load_model, parameters_sha256, read_tensors
from deblur_training.network.inference import ExitRule, restore, to_bytes
from deblur_training.network.tiling import axis_weights, starts


def read_input(folder):
    return torch.from_numpy(np.array(Image.open(folder / "input.png").convert("RGB"))).permute(2, 0, 1).float() / 255


def typed(image, model):
    return image.to(next(model.parameters()).dtype)


def agree(model, run, golden, stated):
    """Holds both, each tensor of `run(model)` and the golden one of its name, against float64; and the two against each other
    by the tolerance stated for the name, where there is one. The rooms."""
    truth, room = truth_and_room(model, run)
    with torch.no_grad():
        ours = run(model)
    assert ours.keys() == golden.keys()
    for name, value in ours.items():
        expected = torch.as_tensor(np.asarray(golden[name]))
        assert value.shape == expected.shape, name
        check(f"ours, {name}", value, truth[name], room[name])
        check(f"golden, {name}", expected, truth[name], room[name])
        assert name not in stated or (value - expected).abs().max() <= stated[name], name
    return room


def same_levels(output, folder):
    levels = np.asarray(Image.open(folder / "expected.png")).astype(int)
    off = np.abs(to_bytes(output).permute(1, 2, 0).numpy().astype(int) - levels)
    assert off.max() <= 1 and (off > 0).mean() <= 1e-4


def close_output(model, run, folder, image, stride=1, file="expected.npy", mode=""):
    """`run(model)` gives the whole picture; the golden one may hold a part of its rows and columns."""
    expected = np.load(folder / file)
    pictures = []

    def output(model):
        pictures.append(run(model))  # the last is that of the model itself
        return {"output": pictures[-1][:, ::stride, ::stride]}

    deviation = float((expected - image.numpy()[:, ::stride, ::stride]).std())
    room = agree(model, output, {"output": expected}, {"output": 2e-4 * deviation})
    recorded(folder.name, Path(file).stem + mode, room["output"])
    if file == "expected.npy":
        same_levels(pictures[-1], folder)


def activations(model, image, points):
    """All that the golden file of one tile holds, by its names."""
    found = {}
    encoded = model.encoder(image[None])
    for i, e in enumerate(encoded):
        found[f"encoder_e{i}"] = e[0]
    features = model.scaled(encoded)
    found["logits"] = model.logits(features)[0]
    for j, state in enumerate(model.states(features), start=1):
        for name, d in zip(("d4", "d3", "d2", "d1"), state):
            found[f"{name}_{j}"] = d[0]
        found[f"restored_{j}"] = image + model.outputs[j - 1](state[3])[0]
    if points:
        m, sigma, code = model.encoder.kernel_code(image[None])
        maps = model.encoder.kernel_maps(image[None])
        rows, columns = torch.tensor(points).T
        for name, value in (("softmax", m), ("code", code), ("kernel", maps[0])):
            found[f"{name}_at_points"] = value[0][:, rows, columns].T
        found["sigma"] = sigma[0, 0]
        for i in (1, 2):
            # The noise of channels goes out in their mean, the rounding of the mean's own sums would not.
            found[f"kernel_level{i}_mean_over_channels"] = maps[i][0].double().mean(0)
    return found


@pytest.mark.parametrize("case", ["nafnet_w8_k2", "ufpnet_w8_k2"])
def test_one_tile_with_its_activations(case):
    folder = shared("goldens", case)
    config = json.loads((folder / "config.json").read_text())
    model = load_model(folder / "weights.pth")
    assert parameters_sha256(model.state_dict()) == config["parameters_sha256"]
    assert model.config.encoder_blocks == config["enc_blk_nums"] and model.config.sub_decoders == 2
    image, file = read_input(folder), np.load(folder / "activations.npz")
    points = config["points_row_column"] if case.startswith("ufpnet") else None
    golden = {name: file[name] for name in activations(model, image, points)}
    stated = {name: 2e-4 * float(value.std()) for name, value in golden.items()}
    stated["logits"] = 1e-3
    # The README's 1e-4 is less than some CPUs' float32 can do here (4.4e-4), which still shows a biased deviation (1e-3).
    stated.pop("code_at_points", None)
    deviation = float((np.load(folder / "expected.npy") - image.numpy()).std())
    stated |= {name: 2e-4 * deviation for name in golden if name.startswith("restored")}
    agree(model, lambda m: activations(m, typed(image, m), points), golden, stated)
    close_output(model, lambda m: restore(m, typed(image, m), ExitRule(fixed=2)).image, folder, image)


@pytest.mark.parametrize("case", ["nafnet_w8_k4_adaptive", "tlc_w8", "regressor_w8_k4"])
def test_whole_images(case):
    folder = shared("goldens", case)
    config = json.loads((folder / "config.json").read_text())
    regressor = config["classifier_type"] != "hard_simple"
    model = load_model(folder / config["weights"][0], folder / config["classifier"])
    image = read_input(folder)
    rule = ExitRule(tau=config["exit_threshold"]) if regressor else ExitRule(table=config["exit_idx"])
    expected = json.loads((folder / "tiles.json").read_text())["tiles"]
    key = "increments" if regressor else "logits"

    def picture(model):
        done = restore(model, typed(image, model), rule, whole=config["mode"] == "A", blend="authors")
        assert [(t.y, t.x, t.exit) for t in done.tiles] == [(t["y"], t["x"], t["exit"]) for t in expected]
        for got, want in zip(done.tiles, expected):
            assert np.abs(np.array(getattr(got, key)) - np.array(want[key])).max() < 1e-3
        return done.image

    close_output(model, picture, folder, image, config.get("expected_stride", 1))


def test_regressor_variants():
    folder = shared("goldens", "regressor_w8_k4")
    image = read_input(folder)
    for variant in json.loads((folder / "variants.json").read_text()):
        model = load_model(folder / "../nafnet_w8_k4_adaptive/weights.pth", folder / variant["classifier"],
                           dx=variant["dx"])
        assert model.config.classifier_type == variant["classifier_type"]
        done = restore(model, image, ExitRule(tau=variant["exit_threshold"]), blend="authors")
        assert [t.exit for t in done.tiles] == variant["exits"], variant["classifier"]
        for got, want in zip(done.tiles, variant["increments"]):
            assert np.abs(np.array(got.increments) - np.array(want)).max() < 1e-3
        assert abs(float(done.image.double().mean()) - variant["output_mean"]) < 1e-5


@pytest.mark.parametrize("whole", [False, True])
def test_an_image_smaller_than_a_tile(whole):
    folder = shared("goldens", "small_image")
    model = load_model(folder / "../nafnet_w8_k2/weights.pth")
    image = read_input(folder)
    for blend, file in (("authors", "expected.npy"), ("edge_safe", "expected_edge_safe.npy")):
        def picture(model, blend=blend):
            return restore(model, typed(image, model), ExitRule(fixed=2), whole=whole, blend=blend).image

        close_output(model, picture, folder, image, file=file, mode=" whole" if whole else " tile")


def test_every_container():
    folder = shared("goldens", "formats")
    image = read_input(folder)
    for name in json.loads((folder / "config.json").read_text())["weights"]:
        model = load_model(folder / name, entry="params_ema" if "ema" in name else None)
        close_output(model, lambda m: restore(m, typed(image, m), ExitRule(fixed=1)).image, folder, image)


def test_tile_grid_and_weights():
    folder = shared("goldens", "blend_1d")
    full = np.load(folder / "full_weights.npz")
    for text, case in json.loads((folder / "blend_1d.json").read_text()).items():
        assert starts(int(text)) == case["starts"]
        for style in ("authors", "edge_safe"):
            if style == "edge_safe" and case["authors_total_min_max"][1] > 1:
                # Three tiles overlap. The file holds the weights before the division that the specification asks for.
                check_sum_is_one(int(text))
                continue
            for weights, want in zip(axis_weights(int(text), style=style), case[style]):
                assert abs(weights.sum() - want["sum"]) < 1e-3
                assert np.allclose(weights[:4], want["head"], atol=1e-6)
                assert np.allclose(weights[-4:], want["tail"], atol=1e-6)
    for key in full:
        style, length, index = key.rsplit("_", 2)
        assert np.allclose(axis_weights(int(length), style=style)[int(index)], full[key], atol=1e-6)


def check_sum_is_one(length):
    total = np.zeros(length)
    for at, weights in zip(starts(length), axis_weights(length)):
        total[at:at + len(weights)] += weights
    assert np.abs(total - 1).max() < 1e-12


@pytest.mark.parametrize("encoder, k", [("nafnet", 2), ("nafnet", 4), ("ufpnet", 2), ("ufpnet", 8)])
def test_names_and_shapes_of_published_checkpoints(encoder, k):
    from deblur_training.network import AdaRevD, ModelConfig
    rows = [line.split("\t") for line in shared("spec", "state_dict", f"{encoder}_k{k}.tsv").read_text().splitlines()]
    names = {"nafnet": "NAFNet", "ufpnet": "UFPNet"}
    with torch.device("meta"):
        model = AdaRevD(ModelConfig(width=64, encoder_blocks=[1, 1, 1, 28], sub_decoders=k, encoder=names[encoder]))
    parameters = dict(model.named_parameters())
    got = {key: ("x".join(map(str, v.shape)), "parameter" if key in parameters else "buffer")
           for key, v in model.state_dict().items()}
    assert got == {row[0]: (row[1], row[2]) for row in rows if row[0] != "key"}


def test_the_configuration_is_read_off_the_tensors():
    tensors, metadata = read_tensors(shared("models", "starter.safetensors"))
    from deblur_training.network.checkpoint import infer_config
    from deblur_training.network.config import ModelConfig
    stated, inferred = ModelConfig.from_metadata(metadata), infer_config(tensors)
    for name in ("width", "encoder_blocks", "sub_decoders", "encoder", "middle_blocks", "classifier_type", "dx",
                 "classes"):
        assert getattr(stated, name) == getattr(inferred, name)
    back = ModelConfig.from_metadata(stated.to_metadata())
    assert back == stated
