"""The network against the golden vectors of the published code (README of the goldens: tolerances)."""

import json

import numpy as np
import pytest
import torch
from conftest import shared
from PIL import Image

from deblur_training.network.checkpoint import load_model, parameters_sha256, read_tensors
from deblur_training.network.inference import ExitRule, restore, to_bytes
from deblur_training.network.tiling import axis_weights, starts


def read_input(folder):
    return torch.from_numpy(np.array(Image.open(folder / "input.png").convert("RGB"))).permute(2, 0, 1).float() / 255


def close_activation(name, value, expected):
    value = value.detach().numpy()
    assert value.shape == expected.shape, name
    assert np.abs(value - expected).max() <= 2e-4 * expected.std(), name


def close_output(output, folder, image, stride=1):
    expected = np.load(folder / "expected.npy")
    got, source = output.numpy()[:, ::stride, ::stride], image.numpy()[:, ::stride, ::stride]
    assert np.abs(got - expected).max() <= 2e-5 * (expected - source).std()
    levels = np.asarray(Image.open(folder / "expected.png")).astype(int)
    off = np.abs(to_bytes(output).permute(1, 2, 0).numpy().astype(int) - levels)
    assert off.max() <= 1 and (off > 0).mean() <= 1e-4


@pytest.mark.parametrize("case", ["nafnet_w8_k2", "ufpnet_w8_k2"])
def test_one_tile_with_its_activations(case):
    folder = shared("goldens", case)
    config = json.loads((folder / "config.json").read_text())
    model = load_model(folder / "weights.pth")
    assert parameters_sha256(model.state_dict()) == config["parameters_sha256"]
    assert model.config.encoder_blocks == config["enc_blk_nums"] and model.config.sub_decoders == 2
    image = read_input(folder)
    expected = np.load(folder / "activations.npz")
    with torch.no_grad():
        encoded = model.encoder(image[None])
        for i, e in enumerate(encoded):
            close_activation(f"e{i}", e[0], expected[f"encoder_e{i}"])
        features = model.scaled(encoded)
        assert np.abs(model.logits(features)[0].numpy() - expected["logits"]).max() < 1e-3
        for j, state in enumerate(model.states(features), start=1):
            for name, d in zip(("d4", "d3", "d2", "d1"), state):
                close_activation(f"{name}_{j}", d[0], expected[f"{name}_{j}"])
            restored = image + model.outputs[j - 1](state[3])[0]
            assert np.abs(restored.numpy() - expected[f"restored_{j}"]).max() < 2e-5
        if case.startswith("ufpnet"):
            check_kernel_branch(model.encoder, image, expected, config["points_row_column"])
    close_output(restore(model, image, ExitRule(fixed=2)).image, folder, image)


def check_kernel_branch(encoder, image, expected, points):
    m, sigma, code = encoder.kernel_code(image[None])
    maps = encoder.kernel_maps(image[None])
    rows, columns = torch.tensor(points).T
    at_points = lambda t: t[0][:, rows, columns].T.numpy()
    assert np.abs(at_points(code) - expected["code_at_points"]).max() < 1e-4
    close_activation("softmax", torch.from_numpy(at_points(m)), expected["softmax_at_points"])
    close_activation("kernel", torch.from_numpy(at_points(maps[0])), expected["kernel_at_points"])
    close_activation("sigma", sigma[0, 0], expected["sigma"])
    for i in (1, 2):
        close_activation(f"kernel {i}", maps[i][0].mean(0), expected[f"kernel_level{i}_mean_over_channels"])


@pytest.mark.parametrize("case", ["nafnet_w8_k4_adaptive", "tlc_w8", "regressor_w8_k4"])
def test_whole_images(case):
    folder = shared("goldens", case)
    config = json.loads((folder / "config.json").read_text())
    regressor = config["classifier_type"] != "hard_simple"
    model = load_model(folder / config["weights"][0], folder / config["classifier"])
    image = read_input(folder)
    rule = ExitRule(tau=config["exit_threshold"]) if regressor else ExitRule(table=config["exit_idx"])
    done = restore(model, image, rule, whole=config["mode"] == "A", blend="authors")
    expected = json.loads((folder / "tiles.json").read_text())["tiles"]
    assert [(t.y, t.x, t.exit) for t in done.tiles] == [(t["y"], t["x"], t["exit"]) for t in expected]
    for got, want in zip(done.tiles, expected):
        key = "increments" if regressor else "logits"
        assert np.abs(np.array(getattr(got, key)) - np.array(want[key])).max() < 1e-3
    close_output(done.image, folder, image, config.get("expected_stride", 1))


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
        assert abs(float(done.image.mean()) - variant["output_mean"]) < 1e-5


@pytest.mark.parametrize("whole", [False, True])
def test_an_image_smaller_than_a_tile(whole):
    folder = shared("goldens", "small_image")
    model = load_model(folder / "../nafnet_w8_k2/weights.pth")
    image = read_input(folder)
    close_output(restore(model, image, ExitRule(fixed=2), whole=whole, blend="authors").image, folder, image)
    safe = restore(model, image, ExitRule(fixed=2), whole=whole).image.numpy()
    assert np.abs(safe - np.load(folder / "expected_edge_safe.npy")).max() < 2e-5


def test_every_container():
    folder = shared("goldens", "formats")
    image = read_input(folder)
    for name in json.loads((folder / "config.json").read_text())["weights"]:
        model = load_model(folder / name, entry="params_ema" if "ema" in name else None)
        close_output(restore(model, image, ExitRule(fixed=1)).image, folder, image)


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
