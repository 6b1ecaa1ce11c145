"""Models: raw pixels in, the right layers learn, weights files are checked before anything is loaded."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from transferstudy.errors import StudyError
from transferstudy.models import (
    between,
    build_model,
    load_weights,
    set_norm_momentum,
    set_trainable,
    split_at,
    standardise_head,
    trainable_layers,
)  # fmt: skip
from transferstudy.models.build import STANDARDISE
from transferstudy.models.convolution import (
    check_arithmetic,
    convolve_in_float32,
    gradient_by_products,
    without_avx512,
)
from transferstudy.models.weightsfile import find_weights, resolve
from transferstudy.plan.backbones import BACKBONES

VGG_CONVS = [
    f"block{b}_conv{k}"
    for b, depth in zip(range(1, 6), (2, 2, 3, 3, 3), strict=True)
    for k in range(1, depth + 1)
]


@pytest.fixture(scope="module")
def vgg():
    keras.utils.set_random_seed(0)
    return build_model("vgg16", 10, 32, standardise=True)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def test_preprocessing_is_keras_own_and_inside(vgg, pixels):
    inside = keras.Model(vgg.input, vgg.get_layer("preprocess").output).predict(pixels, verbose=0)
    expected = keras.applications.vgg16.preprocess_input(pixels.astype("float32").copy())
    np.testing.assert_allclose(inside, expected, atol=1e-4)


def test_the_network_is_keras_vgg16(vgg):
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    for layer in theirs.layers:
        if layer.weights:
            ours = vgg.get_layer(layer.name)
            assert [v.shape for v in ours.weights] == [v.shape for v in layer.weights]
            layer.set_weights(ours.get_weights())
    x = np.random.default_rng(1).normal(0, 50, (2, 32, 32, 3)).astype("float32")
    ours = keras.Model(vgg.get_layer("preprocess").output, vgg.get_layer("pooled").output)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("train_from", "expected"),
    [
        (None, ["head_logits"]),
        ("block5", [*VGG_CONVS[10:], "head_logits"]),
        ("block4", [*VGG_CONVS[7:], "head_logits"]),
        ("block3", [*VGG_CONVS[4:], "head_logits"]),
        ("block2", [*VGG_CONVS[2:], "head_logits"]),
        ("all", [*VGG_CONVS, "head_logits"]),
    ],
)
def test_exactly_these_layers_learn(vgg, train_from, expected):
    assert set_trainable(vgg, train_from) == expected
    assert {v.path.split("/")[-2] for v in vgg.trainable_weights} == set(expected)


def test_batch_normalisation_learns_with_its_block():
    model = build_model("compact", 10, 32)
    names = trainable_layers(model, "block3")
    assert names == ["block3_conv1", "block3_bn1", "block3_conv2", "block3_bn2", "head_logits"]


@pytest.mark.parametrize("train_from", [None, "block5", "block3"])
def test_prefix_and_suffix_are_the_model(vgg, pixels, train_from):
    prefix, suffix = split_at(vgg, train_from)
    whole = vgg.predict(pixels, verbose=0)
    np.testing.assert_allclose(
        suffix.predict(prefix.predict(pixels, verbose=0), verbose=0), whole, rtol=1e-4, atol=1e-5
    )


def test_between_leads_from_the_cut_to_the_pooled_features(vgg, pixels):
    prefix, _ = split_at(vgg, "block5")
    pooled, _ = split_at(vgg, None)
    chained = between(vgg, "block5").predict(prefix.predict(pixels, verbose=0), verbose=0)
    np.testing.assert_allclose(chained, pooled.predict(pixels, verbose=0), rtol=1e-4, atol=1e-4)
    assert between(vgg, None) is None


def test_head_standardises_and_survives_silent_units():
    model = build_model("compact", 10, 32, standardise=True)
    features = np.random.default_rng(0).normal(3, 2, (500, 128)).astype("float32")
    features[:, 0] = 0
    standardise_head(model, features)
    out = np.asarray(model.get_layer("head_standardise")(features))
    assert abs(out[:, 1:].mean()) < 0.01
    assert abs(out[:, 1:].std() - 1) < 0.02
    woken = features.copy()
    woken[:, 0] = 1
    assert np.abs(np.asarray(model.get_layer("head_standardise")(woken))[:, 0]).max() < 10
    assert "head_standardise" not in trainable_layers(model, "all")


def test_he_start_keeps_the_signal_alive(vgg, pixels):
    """Keras' default start would leave features many orders of magnitude smaller than the pixels."""
    pooled, _ = split_at(vgg, None)
    assert pooled.predict(pixels, verbose=0).std() > 1


@pytest.mark.parametrize("name", [n for n in BACKBONES if n not in ("vgg16", "vgg16_bn", "compact")])
def test_every_registered_backbone_builds_and_can_be_cut(name):
    side = max(32, BACKBONES[name].min_size)
    model = build_model(name, 5, 32, image_size=side)
    x = np.zeros((1, 32, 32, 3), np.uint8)
    for stage in BACKBONES[name].cuts:
        prefix, suffix = split_at(model, stage)
        assert suffix.count_params() < model.count_params()
        assert suffix.output.shape == (None, 5)
        assert prefix.output.shape[0] is None
    assert np.isfinite(np.asarray(model(x))).all()


def test_too_small_images_are_refused():
    with pytest.raises(StudyError, match="'inception_v3' needs images of at least 75 pixels, not 32"):
        build_model("inception_v3", 10, 32)


def _weights_of(model):
    return {
        f"{layer.name}/{v.name}": np.asarray(v)
        for layer in model.layers for v in layer.weights if not layer.name.startswith("head")
    }  # fmt: skip


def test_weights_file_round_trip(tmp_path):
    source, target = build_model("compact", 10, 32), build_model("compact", 7, 32)
    path = tmp_path / "w.npz"
    np.savez(path, **_weights_of(source), **{"head/kernel": np.zeros((128, 200))})
    assert len(load_weights(target, path)) == 12
    np.testing.assert_array_equal(
        target.get_layer("block1_conv1").get_weights()[0], source.get_layer("block1_conv1").get_weights()[0]
    )


@pytest.mark.parametrize("damage", ["other network", "wrong shape", "truncated", "text", "no layers"])
def test_wrong_weights_files_change_nothing(tmp_path, damage):
    model = build_model("compact", 10, 32)
    before = [w.copy() for w in model.get_weights()]
    arrays, path = _weights_of(model), tmp_path / "w.npz"
    if damage == "other network":
        arrays = {k.replace("block3", "block9"): v for k, v in arrays.items()}
    if damage == "wrong shape":
        arrays["block2_conv1/kernel"] = np.zeros((5, 5, 32, 64))
    if damage == "no layers":
        arrays = {"x": np.zeros(3)}
    np.savez(path, **{k: v + 1 for k, v in arrays.items()})
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:900])
    if damage == "text":
        path.write_text("not an archive")
    with pytest.raises(StudyError, match=r"w\.npz") as error:
        load_weights(model, path)
    assert ("another network" in str(error.value)) == (damage in ("other network", "wrong shape"))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_file_that_a_spec_names_is_the_one_that_is_used(tmp_path, monkeypatch):
    path = tmp_path / "anything.npz"
    np.savez(path, **{"layer/kernel": np.ones((3, 3, 1, 1))})
    monkeypatch.delenv("TRANSFERSTUDY_WEIGHTS", raising=False)
    assert find_weights(None) is None
    assert find_weights("imagenet") is None
    given = find_weights(str(path))
    assert resolve(given.name, given) == given
    assert resolve("imagenet", given) is None
    with pytest.raises(StudyError, match=r"'sha256:[0-9a-f]{64}' instead; give the file with --weights PATH"):
        resolve("tiny-imagenet", given)
    with pytest.raises(StudyError, match="no file given"):
        resolve("tiny-imagenet", None)
    with pytest.raises(StudyError, match=r"neither a weights file \(.npz, .*\) nor one of none, imagenet,"):
        find_weights(str(tmp_path / "gone.npz"))


@pytest.fixture
def bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


def test_widened_convolutions_round_what_float32_gives(bfloat16):
    layer = keras.layers.Conv2D(32, 3, padding="same", use_bias=False)
    model = keras.Sequential([keras.Input((4, 4, 64)), layer, keras.layers.Flatten(dtype="float32")])
    convolve_in_float32(model)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 4, 4, 64)).astype("float32")
    rounded = [np.asarray(keras.ops.cast(a, "bfloat16"), "float32") for a in (images, layer.kernel)]
    exact = keras.ops.conv(*rounded, padding="same")
    expected = np.asarray(keras.ops.cast(exact, "bfloat16"), "float32")
    got = model.predict(images, verbose=0).reshape(expected.shape)
    # A sum taken in another order may fall on the other side of a rounding: by one unit of 8 bits, and rarely.
    np.testing.assert_allclose(got, expected, rtol=2**-7, atol=1e-6)
    assert (got == expected).mean() > 0.99


def test_only_convolutions_in_bfloat16_are_widened(bfloat16):
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 3, dtype="float32"), keras.layers.Conv2D(2, 1)]
    )
    convolve_in_float32(model)
    assert ["convolution_op" in vars(layer) for layer in model.layers] == [False, True]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="replaces TensorFlow's own gradient")
@pytest.mark.parametrize("side", [2, 4])
def test_gradients_by_products_are_tensorflows_own(side):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((side, side, 6)), keras.layers.Conv2D(5, 3, padding="same")])
    rng = np.random.default_rng(side)
    x = tf.constant(rng.normal(size=(7, side, side, 6)), tf.float32)
    upstream = tf.constant(rng.normal(size=(7, side, side, 5)), tf.float32)

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x)
        return [y, *tape.gradient(y, [x, model.layers[0].kernel.value, model.layers[0].bias.value], upstream)]

    own = gradients()
    gradient_by_products(model)
    assert "convolution_op" in vars(model.layers[0])
    for expected, got in zip(own, gradients(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_only_small_maps_get_the_other_gradient():
    conv = keras.layers.Conv2D
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            conv(4, 3, padding="same"),
            conv(4, 3, padding="same", strides=4),
            conv(4, 3, padding="same"),
            conv(4, 1, padding="same"),
            conv(4, 3, padding="valid"),
        ]
    )
    gradient_by_products(model)
    assert ["convolution_op" in vars(layer) for layer in model.layers] == [False, False, True, False, False]


@pytest.mark.parametrize("found", [["X86_V3"], ["X86_V3", "X86_V4"], ["AVX2", "AVX512F"]])
def test_processors_without_avx512_are_told_apart(monkeypatch, found):
    if keras.backend.backend() != "tensorflow":
        assert not without_avx512()
        return
    import tensorflow as tf

    simd = {"SIMD Extensions": {"baseline": ["X86_V2"], "found": found}}
    monkeypatch.setattr(np, "show_config", lambda mode: simd)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert without_avx512() == (len(found) == 1)
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert not without_avx512()


class TwoWays:
    """A network in bfloat16 whose compiled form adds `off` to what it gives otherwise."""

    input_shape = (None, 8, 8, 3)

    def __init__(self, off: float, dtype: str = "bfloat16"):
        self.off, self.layers = off, [SimpleNamespace(compute_dtype=dtype)]

    def __call__(self, pixels, training):
        return pixels.mean(axis=(1, 2))

    def predict(self, pixels, verbose):
        return self(pixels, False) + self.off


@pytest.mark.parametrize("off", [np.nan, -120.0])
def test_a_network_that_is_compiled_wrongly_is_refused(monkeypatch, off):
    where = "transferstudy.models.convolution"
    monkeypatch.setattr(f"{where}.accelerators", lambda: [])
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    check_arithmetic(TwoWays(0.5))
    check_arithmetic(TwoWays(off, "float32"))
    with pytest.raises(StudyError, match="nothing was trained"):
        check_arithmetic(TwoWays(off))
    monkeypatch.setattr(f"{where}.accelerators", lambda: ["A GPU"])
    check_arithmetic(TwoWays(off))
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    check_arithmetic(TwoWays(off))


def test_running_statistics_follow_as_asked_and_those_of_the_head_stay():
    model = build_model("compact", 10, 32, standardise=True)
    set_norm_momentum(model, 0.5)
    head = model.get_layer(STANDARDISE)
    assert head.momentum == 0.99
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 7 and {layer.momentum for layer in norms if layer is not head} == {0.5}
    pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype("float32")
    norm = model.get_layer("block1_bn1")
    before, inputs = norm.moving_mean.numpy().copy(), keras.Model(model.input, norm.input)
    model(pixels, training=True)
    batch = keras.ops.convert_to_numpy(inputs(pixels)).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(norm.moving_mean.numpy(), 0.5 * before + 0.5 * batch, rtol=1e-3, atol=1e-3)
