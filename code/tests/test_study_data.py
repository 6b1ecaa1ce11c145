"""Data: the same images and splits wherever they come from, and clear errors where they cannot be had."""

import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image

from transferstudy.data import ImageData, draw, load, loading
from transferstudy.data.augmentation import augment
from transferstudy.data.batches import Batches
from transferstudy.data.mosaic import from_mosaic, to_mosaic
from transferstudy.errors import StudyError
from transferstudy.paths import SAMPLE


@pytest.fixture(scope="module")
def pool() -> ImageData:
    """A made-up data set with 200 training images in each of 3 classes."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (660, 8, 8, 3), dtype=np.uint8)
    y = np.arange(660) % 3
    return ImageData.build("made-up", "abc", (x[:600], y[:600]), (x[600:], y[600:]), "a test", "a test")


def test_sample_is_small_real_and_labelled():
    sample = load("cifar10-sample")
    assert SAMPLE.stat().st_size < 1_000_000
    assert sample.x_train.shape == (200, 32, 32, 3)
    assert np.bincount(sample.y_train).tolist() == [20] * 10
    assert np.bincount(sample.y_test).tolist() == [9] * 10
    assert len(np.unique(np.concatenate([sample.x_train, sample.x_test]).reshape(290, -1), axis=0)) == 290
    assert "Krizhevsky" in sample.origin


@pytest.mark.parametrize(("count", "columns"), [(5, 3), (6, 3), (2, 3), (1, 1)])
def test_images_come_back_from_one_picture_to_the_pixel(count, columns):
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    back = from_mosaic(to_mosaic(images, columns), 8)
    np.testing.assert_array_equal(back[:count], images)
    assert len(back) % columns == 0
    assert not back[count:].any()


def test_what_is_no_picture_or_of_other_sides_is_not_split():
    with pytest.raises(OSError, match="cannot identify image"):
        from_mosaic(b"nothing", 8)
    with pytest.raises(ValueError, match="cannot reshape"):
        from_mosaic(to_mosaic(np.zeros((2, 8, 8, 3), np.uint8), 2), 7)


def test_order_of_the_source_does_not_matter(pool):
    rng = np.random.default_rng(1)
    order, test_order = rng.permutation(600), rng.permutation(60)
    other = ImageData.build(
        "made-up", "abc",
        (pool.x_train[order], pool.y_train[order][:, None]), (pool.x_test[test_order], pool.y_test[test_order]),
        "elsewhere", "a test",
    )  # fmt: skip
    assert other.sha256 == pool.sha256
    assert (other.x_train == pool.x_train).all()
    assert (other.y_test == pool.y_test).all()


def test_draws_are_balanced_nested_and_cut_eighty_twenty(pool):
    small, large = draw(pool, 60, 0), draw(pool, 300, 0)
    assert (len(small.train), len(small.validation)) == (48, 12)
    for split in (small, large):
        assert not set(split.train) & set(split.validation)
        for part in (split.train, split.validation):
            assert np.ptp(np.bincount(pool.y_train[part])) == 0
    assert set(small.train) <= set(large.train)
    assert set(small.validation) <= set(large.validation)


def test_seeds_draw_different_images(pool):
    assert set(draw(pool, 60, 0).train) != set(draw(pool, 60, 1).train)


def test_validation_is_capped(pool, monkeypatch):
    monkeypatch.setattr("transferstudy.data.splits.MAX_VALIDATION", 30)
    split = draw(pool, 600, 0)
    assert (len(split.train), len(split.validation)) == (570, 30)


def test_uneven_numbers_give_the_first_classes_one_more(pool):
    split = draw(pool, 61, 0)
    assert np.bincount(pool.y_train[np.concatenate([split.train, split.validation])]).tolist() == [21, 20, 20]


@pytest.mark.parametrize(("n", "said"), [(601, "only 600 labelled images"), (7, "too few for 3 classes")])
def test_impossible_draws(pool, n, said):
    with pytest.raises(StudyError, match=said):
        draw(pool, n, 0)


def test_a_class_that_is_too_small_is_named(pool):
    keep = np.flatnonzero((pool.y_train != 1) | (np.cumsum(pool.y_train == 1) <= 5))
    thin = ImageData.build(
        "thin", "abc", (pool.x_train[keep], pool.y_train[keep]), (pool.x_test, pool.y_test), "", ""
    )
    with pytest.raises(StudyError, match="100 images of 'b', thin has 5"):
        draw(thin, 300, 0)


def _archive(tmp_path, **changes):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8), "y_train": np.arange(40) % 10,
        "x_test": rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8), "y_test": np.arange(20) % 10,
    }  # fmt: skip
    path = tmp_path / "cifar10.npz"
    np.savez(path, **{**arrays, **changes})
    return path, arrays


@pytest.fixture
def small_counts(monkeypatch):
    monkeypatch.setattr(loading, "_CIFAR10_COUNTS", {"train": 40, "test": 20})


def test_npz_archive(tmp_path, small_counts):
    path, arrays = _archive(tmp_path)
    data = load("cifar10", path)
    assert data.x_train.shape == arrays["x_train"].shape
    assert data.classes == loading.CIFAR10_CLASSES


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x_train": np.zeros((40, 32, 32), np.uint8)}, r"expected an array of shape \(n, side, side, 3\)"),
        ({"x_train": np.zeros((40, 32, 32, 3), np.float32)}, "expected uint8"),
        ({"y_train": np.full(40, 10)}, r"labels must lie in 0..9, found 10..10"),
        ({"y_train": np.arange(39) % 10}, "expected 40 integer labels"),
        ({"y_train": np.zeros(40, int)}, "no image of class number 1"),
        ({"x_test": np.zeros((5, 32, 32, 3), np.uint8)}, "CIFAR-10 has 20"),
    ],
)
def test_wrong_archives(tmp_path, small_counts, changes, said):
    path, _ = _archive(tmp_path, **changes)
    with pytest.raises(StudyError, match=said) as error:
        load("cifar10", path)
    assert str(path) in str(error.value)


def test_truncated_archive_is_named(tmp_path, small_counts):
    path, _ = _archive(tmp_path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StudyError, match=r"cifar10\.npz: cannot be read as an \.npz archive"):
        load("cifar10", path)


def _official(arrays, folder):
    folder.mkdir()
    x = arrays["x_train"].transpose(0, 3, 1, 2).reshape(-1, 3072)
    for k in range(5):
        part = slice(8 * k, 8 * k + 8)
        content = {b"data": x[part], b"labels": arrays["y_train"][part].tolist()}
        (folder / f"data_batch_{k + 1}").write_bytes(pickle.dumps(content, protocol=2))
    test = {
        b"data": arrays["x_test"].transpose(0, 3, 1, 2).reshape(-1, 3072),
        b"labels": arrays["y_test"].tolist(),
    }
    (folder / "test_batch").write_bytes(pickle.dumps(test, protocol=2))


def test_official_folder_and_archive_give_the_same_data(tmp_path, small_counts):
    path, arrays = _archive(tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    _official(arrays, folder)
    tar = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(tar, "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-py")
    expected = load("cifar10", path).sha256
    assert load("cifar10", folder).sha256 == expected
    assert load("cifar10", tmp_path).sha256 == expected
    assert load("cifar10", tar).sha256 == expected
    tar.write_bytes(tar.read_bytes()[:2000])
    with pytest.raises(StudyError, match="cannot be read as CIFAR-10"):
        load("cifar10", tar)


class _Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_a_pickle_that_wants_to_run_code_is_refused(tmp_path, small_counts, capsys):
    _, arrays = _archive(tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    _official(arrays, folder)
    (folder / "data_batch_1").write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(StudyError, match="which CIFAR-10's own files do not"):
        load("cifar10", folder)
    assert capsys.readouterr().out == ""


def test_no_data_and_no_network(monkeypatch):
    def offline():
        raise OSError("URL fetch failure")

    monkeypatch.setattr("keras.datasets.cifar10.load_data", offline)
    with pytest.raises(StudyError, match=r"could not be downloaded.*--data PATH or TRANSFERSTUDY_DATA"):
        load("cifar10", None)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "flowers"
    for name in ("daisy", "rose"):
        (root / name).mkdir(parents=True)
        for k in range(10):
            pixels = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{k}.png")
    return root


def test_a_folder_of_class_folders_is_a_data_set(folder):
    data = load("flowers", folder, side=16)
    assert data.classes == ("daisy", "rose")
    assert data.x_train.shape == (16, 16, 16, 3)
    assert np.bincount(data.y_test).tolist() == [2, 2]
    for name in ("daisy", "rose"):
        for k, path in enumerate(sorted((folder / name).iterdir())):
            path.rename(path.with_name(f"renamed-{9 - k}.png"))
    assert load("flowers", folder, side=16).sha256 == data.sha256, "names and order do not matter"


def test_a_folder_with_train_and_test(folder, tmp_path):
    root = tmp_path / "both"
    root.mkdir()
    folder.rename(root / "train")
    for name in ("daisy", "tulip"):
        (root / "test" / name).mkdir(parents=True)
        (root / "train" / "daisy" / f"{'0' if name == 'daisy' else '1'}.png").rename(
            root / "test" / name / "0.png"
        )
    with pytest.raises(StudyError, match="'rose' stands in only one of train and test"):
        load("both", root)
    (root / "test" / "tulip").rename(root / "test" / "rose")
    data = load("both", root)
    assert (len(data.y_train), data.y_test.tolist()) == (18, [0, 1])


def test_a_file_that_is_no_image_is_named(folder):
    (folder / "rose" / "3.png").write_bytes(b"no image")
    with pytest.raises(StudyError, match=r"3\.png: cannot be read as an image"):
        load("flowers", folder)


def test_augmentation_shifts_and_mirrors_only():
    images = np.arange(4 * 16 * 16 * 3, dtype=np.uint64).astype(np.uint8).reshape(4, 16, 16, 3)
    rng = np.random.default_rng(0)
    assert (augment(images, "none", rng) == images).all()
    flipped = augment(images, "flip", rng)
    for image, new in zip(images, flipped, strict=True):
        assert (new == image).all() or (new == image[:, ::-1]).all()
    shifted = augment(np.repeat(images[:1], 200, 0), "crop-flip", rng)
    assert shifted.shape == (200, 16, 16, 3)
    assert len(np.unique(shifted.reshape(200, -1), axis=0)) > 20


def test_batches_see_every_image_once_a_pass_and_repeat_exactly():
    x = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    made = Batches(x, np.arange(10), batch_size=5, steps=2, seed=3)
    first = np.concatenate([made[0][1], made[1][1]])
    assert sorted(first) == list(range(10))
    made.on_epoch_end()
    second = np.concatenate([made[0][1], made[1][1]])
    assert sorted(second) == list(range(10))
    assert (first != second).any()
    again = Batches(x, np.arange(10), batch_size=5, steps=2, seed=3)
    assert (again[1][0] == Batches(x, np.arange(10), 5, 2, 3)[1][0]).all()
    assert (np.concatenate([again[0][1], again[1][1]]) == first).all()
