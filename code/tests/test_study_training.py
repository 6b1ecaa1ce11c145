"""Training: the head first, the best state kept, the test images never seen, equal seeds equal results."""

import random
import threading

import keras
import numpy as np
import pytest
from keras.src.random import seed_generator

from transferstudy.data import load
from transferstudy.models import build_model, load_weights
from transferstudy.models.weightsfile import find_weights
from transferstudy.plan.spec import RunSpec
from transferstudy.results.metrics import measure
from transferstudy.training import run, train
from transferstudy.training.adamw import adamw
from transferstudy.training.phase import KeepBest
from transferstudy.training.prediction import predict

SMALL = {
    "dataset": "cifar10-sample", "image_size": 32, "n_labels": 100, "backbone": "compact", "weights": "none",
    "strategy": "small_scratch", "learning_rate": 3e-3, "min_steps": 12, "evaluations": 3, "batch_size": 16, "seed": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def sample():
    return load("cifar10-sample")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A weights file for the compact network: random, but a file like any other."""
    keras.utils.set_random_seed(7)
    model = build_model("compact", 10, 32)
    path = tmp_path_factory.mktemp("weights") / "compact.npz"
    arrays = {
        f"{x.name}/{v.name}": np.asarray(v)
        for x in model.layers
        for v in x.weights
        if not x.name.startswith("head")
    }
    np.savez(path, **arrays)
    return find_weights(str(path))


def spec(**changes) -> RunSpec:
    return RunSpec.parse({**SMALL, **changes})


def tuned(pretrained, **changes) -> RunSpec:
    return spec(
        strategy="small_finetune", weights=pretrained.name, head_learning_rate=1e-3, head_min_steps=6, **changes
    )  # fmt: skip


def probe_of(pretrained, **changes) -> RunSpec:
    return spec(
        strategy="linear_probe", weights=pretrained.name, learning_rate=None, min_steps=0, augmentation="none",
        head_learning_rate=1e-2, head_min_steps=20, **changes
    )  # fmt: skip


class Untouchable:
    def __getattr__(self, name):
        raise AssertionError("the test images were read")

    __getitem__ = __len__ = __array__ = __getattr__


@pytest.fixture(scope="module")
def runs(sample):
    """Networks trained from scratch with seeds 0, 0 and 1, the first of them where nobody may read the test images."""
    guarded = type(sample)(**{**vars(sample), "x_test": Untouchable(), "y_test": Untouchable()})
    return [train(spec(seed=s), data, verbose=0) for s, data in ((0, guarded), (0, sample), (1, sample))]


@pytest.fixture(scope="module")
def tuned_run(sample, pretrained):
    return train(tuned(pretrained), sample, pretrained, verbose=0)


@pytest.fixture(scope="module")
def probe_run(sample, pretrained):
    return train(probe_of(pretrained), sample, pretrained, verbose=0)


def test_equal_specs_give_equal_models_without_the_test_images_and_other_seeds_do_not(runs, sample):
    made = [predict(run, sample) for run in runs]
    np.testing.assert_array_equal(made[0]["test_log_p"], made[1]["test_log_p"])
    assert (made[0]["test_log_p"] != made[2]["test_log_p"]).any()
    assert set(made[0]) == {"val_log_p", "val_y", "test_log_p", "test_y"}


def test_scratch_learns(sample):
    """Forty steps on eighty images: the training loss must fall well below that of guessing, ln 10."""
    log = train(spec(min_steps=40, evaluations=4, augmentation="none"), sample, verbose=0).phases[-1]
    assert log.steps == 40
    assert log.rounds[-1]["loss"] < 1.9


def test_head_first_then_everything(tuned_run, pretrained):
    run = tuned_run
    assert [p.name for p in run.phases] == ["head", "main"]
    assert run.learning["head"] == ["head_logits"]
    assert run.learning["main"][0] == "block1_conv1"
    assert run.weights_sha256 == pretrained.sha256
    assert run.trainable_parameters == sum(int(np.prod(v.shape)) for v in run.model.trainable_weights)


def test_a_frozen_network_stays_as_it_was(probe_run, pretrained):
    fresh = build_model("compact", 10, 32)
    load_weights(fresh, pretrained.path)
    for layer in fresh.layers:
        if layer.weights and not layer.name.startswith("head"):
            kept = probe_run.model.get_layer(layer.name).get_weights()
            for a, b in zip(layer.get_weights(), kept, strict=True):
                np.testing.assert_array_equal(a, b)


def test_cached_prefix_gives_what_the_whole_network_gives(sample, probe_run):
    """Stored activations and the untouched network agree: the model that predicts is the one that was trained in parts."""
    made = predict(probe_run, sample)
    best = probe_run.phases[0].rounds[probe_run.phases[0].best_round]
    assert measure(made["val_log_p"], made["val_y"])["accuracy"] == pytest.approx(
        best["val_accuracy"], abs=1e-6
    )
    assert measure(made["val_log_p"], made["val_y"])["nll"] == pytest.approx(best["val_loss"], rel=0.02)


def test_the_best_state_is_kept_and_ties_go_to_the_lower_loss():
    class Model:
        def __init__(self):
            self.state, self.stop_training = 0, False

        def get_weights(self):
            return self.state

    keep, model = KeepBest(patience=2), Model()
    keep.set_model(model)
    for epoch, (accuracy, loss) in enumerate([(0.5, 2.0), (0.6, 1.5), (0.6, 1.4), (0.6, 1.6), (0.5, 1.0)]):
        model.state = epoch
        keep.on_epoch_end(epoch, {"val_accuracy": accuracy, "val_loss": loss})
    assert model.stop_training
    assert keep.weights == keep.best_round == 2
    assert keep.rounds[2] == {"val_accuracy": 0.6, "val_loss": 1.4}


def test_equal_seeds_pair_the_arms(runs, tuned_run):
    a, b = runs[1].split, tuned_run.split
    np.testing.assert_array_equal(a.train, b.train)
    np.testing.assert_array_equal(a.validation, b.validation)


def test_the_backend_behind_a_result_is_named_with_its_version():
    """Whatever the distribution is called: TensorFlow's build without GPUs is `tensorflow-cpu`."""
    from transferstudy.results.environment import describe

    made = describe()
    assert made["backend"] in made["libraries"]


def test_the_fused_update_follows_adam():
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype("float32") for shape in ((30, 20), (20,))]
    gradients = [[rng.normal(size=w.shape).astype("float32") for w in start] for _ in range(20)]
    rate = keras.optimizers.schedules.CosineDecay(1e-4, 20, warmup_target=1e-2, warmup_steps=5)

    def after(make) -> list[np.ndarray]:
        rule = make(learning_rate=rate, weight_decay=0.1, global_clipnorm=1.0)
        rule.exclude_from_weight_decay(var_names=["bias"])
        variables = [keras.Variable(w, name=name) for w, name in zip(start, ("kernel", "bias"), strict=True)]
        rule.build(variables)
        for step in gradients:
            rule.apply([keras.ops.convert_to_tensor(g) for g in step], variables)
        return [keras.ops.convert_to_numpy(v) for v in variables]

    for ours, reference, before in zip(after(adamw), after(keras.optimizers.AdamW), start, strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-5, atol=1e-6)
        assert np.abs(ours - before).max() > 0.05


def test_the_fused_update_refuses_what_it_would_not_do():
    with pytest.raises(TypeError, match="amsgrad"):
        adamw(learning_rate=1e-3, amsgrad=True)


@pytest.mark.parametrize(
    ("backbone", "asked", "found"),
    [("compact", {}, 0.99), ("compact", {"norm_momentum": 0.9}, 0.9), ("mobilenet_v2", {}, 0.999)],
)
def test_running_statistics_follow_as_the_network_was_built_unless_asked(backbone, asked, found):
    strategy = "small_scratch" if backbone == "compact" else "scratch_bn"
    spec = RunSpec(
        dataset="cifar10-sample", image_size=32, n_labels=50, backbone=backbone, weights="none", strategy=strategy,
        learning_rate=1e-3, min_steps=4, seed=0, **asked,
    )  # fmt: skip
    model, _ = run.start_model(spec, 10, 32, None)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in norms} == {found}


def test_other_threads_that_draw_random_numbers_do_not_change_where_a_network_starts():
    """As in the worker of a cluster, whose own threads draw from Python's `random` too."""
    spec = RunSpec(
        dataset="cifar10-sample", image_size=32, n_labels=50, backbone="compact", weights="none",
        strategy="small_scratch", learning_rate=1e-3, min_steps=4, seed=3,
    )  # fmt: skip
    keras.utils.set_random_seed(3)
    quiet = build_model("compact", 10, 32).get_weights()
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            random.random()  # noqa: S311

    other = threading.Thread(target=draw)
    other.start()
    try:
        model, _ = run.start_model(spec, 10, 32, None)
    finally:
        stop.set()
        other.join()
    assert all(np.array_equal(a, b) for a, b in zip(quiet, model.get_weights(), strict=True))
    assert seed_generator.python_random is random
