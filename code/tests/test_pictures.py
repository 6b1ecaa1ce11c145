"""One way to read a picture: kinds of files times ways in (training, prediction, looking at a folder)."""

import os
import zlib
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from photos import both, picture
from PIL import Image, PngImagePlugin
from test_messages import PICTURES

from transferstudy.cli import main
from transferstudy.data import load
from transferstudy.data.folders.choice import Reading
from transferstudy.data.folders.pictures import UnreadablePicture, read_picture
from transferstudy.data.folders.survey import survey

GREY = np.tile(
    np.linspace(0, 255, 64).round().astype(np.uint8), (48, 1)
)  # black on the left, white on the right
SIDE = 16
TURNS = {  # EXIF orientation -> what a camera that is held so does to the pixels
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _grey(values, name):
    return lambda path: Image.fromarray(values).save(path / name) or path / name


def _saved(image, name, **options):
    return lambda path: image.save(path / name, **options) or path / name


def _turned(orientation: int, name: str):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(Image.fromarray(GREY).transpose(TURNS[orientation]), name, exif=exif)


def _transparent(mode: str) -> Image.Image:
    """Opaque black on the left half, nothing on the right."""
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 48))
    return image.convert(mode)


def _with_one(values, value):
    values.flat[-1] = value
    return values


RAMP, HALVES = GREY.astype(float), np.where(np.arange(64) < 32, 0.0, 255.0) * np.ones((48, 1))
KINDS = {  # name: (how it is written, what it shows, what must be noted)
    "grey": (_grey(GREY, "a.png"), RAMP, "from grey"),
    "16 bits": (_grey(GREY.astype(np.uint16) * 257, "a.png"), RAMP, "scaled to 8 bits"),
    "16 bits, TIFF": (_grey(GREY.astype(np.uint16) * 257, "a.tif"), RAMP, "scaled to 8 bits"),
    "16 bits held in 32": (_grey(GREY.astype(np.int32) * 257, "a.tif"), RAMP, "scaled to 8 bits"),
    "8 bits held in 32": (_grey(GREY.astype(np.int32), "a.tif"), RAMP, "scaled to 8 bits"),
    "32 bits": (_grey((GREY * (2.0**31 - 1) / 255).astype(np.int32), "a.tif"), RAMP, "scaled to 8 bits"),
    "decimals to 1": (_grey(GREY.astype(np.float32) / 255, "a.tif"), RAMP, "scaled to 8 bits"),
    "decimals to 255": (_grey(GREY.astype(np.float32), "a.tif"), RAMP, "scaled to 8 bits"),
    "decimals to 1 and one above": (
        _grey(_with_one(GREY.astype(np.float32) / 255, 1.001), "a.tif"),
        RAMP,
        "brightest values cut off",
    ),
    "8 bits held in 32 and one above": (
        _grey(_with_one(GREY.astype(np.int32), 256), "a.tif"),
        RAMP,
        "brightest values cut off",
    ),
    "MPO": (_saved(Image.fromarray(GREY).convert("RGB"), "a.mpo", quality=95, save_all=True), RAMP, None),
    "CMYK": (_saved(Image.fromarray(GREY).convert("CMYK"), "a.jpg", quality=95), RAMP, "from CMYK"),
    "palette": (_saved(Image.fromarray(GREY).convert("P"), "a.png"), RAMP, "from a palette"),
    "animation": (
        _saved(Image.fromarray(GREY), "a.gif", save_all=True, append_images=[Image.new("L", (64, 48))]),
        RAMP,
        "first frame of an animation",
    ),
    "transparent": (_saved(_transparent("RGBA"), "a.png"), HALVES, "transparency laid on white"),
    "transparent grey": (_saved(_transparent("LA"), "a.png"), HALVES, "transparency laid on white"),
    "transparent WebP": (_saved(_transparent("RGBA"), "a.webp", lossless=True), HALVES, "transparency laid on white"),
    "no suffix": (lambda path: _saved(Image.fromarray(GREY), "a.png")(path).rename(path / "a"), RAMP, "from grey"),
    "AVIF": (_saved(Image.fromarray(GREY).convert("RGB"), "a.avif", quality=95), RAMP, None),
    **{f"orientation {k}": (_turned(k, f"{k}.png"), RAMP, "turned upright") for k in TURNS},
    "orientation, JPEG": (_turned(6, "a.jpg"), RAMP, "turned upright"),
    "orientation, WebP": (_turned(8, "a.webp"), RAMP, "turned upright"),
    "orientation, TIFF": (_turned(6, "a.tif"), RAMP, "turned upright"),
}  # fmt: skip


def _expected(shown: np.ndarray, fit: str) -> np.ndarray:
    image = Image.fromarray(shown.astype(np.uint8))
    box = (8, 0, 56, 48) if fit == "crop" else (0, -8, 64, 56)
    return np.asarray(image.crop(box).resize((SIDE, SIDE), Image.Resampling.BICUBIC), float)


@pytest.fixture
def predicted(monkeypatch):
    """What a model gets to see from `predict`, of files and of a folder."""
    seen = []

    class Model:
        def get_layer(self, name):
            return SimpleNamespace(height=SIDE, pad_to_aspect_ratio=False)

        def __call__(self, x, training):
            seen.append(x[0])
            return np.array([[0.9, 0.1]])

        def predict_on_batch(self, x):
            seen.append(x)
            return np.tile([0.9, 0.1], (len(x), 1))

    notes = {"classes": ["cat", "dog"], "run": "made up"}
    for module in ("training.keras_file", "own_images.model.predict_folder"):
        monkeypatch.setattr(f"transferstudy.{module}.open_portable", lambda path: (Model(), notes))
    return seen


def predict_folder(root, tmp_path) -> tuple[int, list[str]]:
    """Classify a folder; return the exit status and the files in the table that it wrote."""
    (tmp_path / "model.keras").write_bytes(b"made up")
    table = tmp_path / "table.csv"
    status = main(["predict", str(root), "--model", str(tmp_path / "model.keras"), "--csv", str(table)])
    return status, [line.split(",")[0] for line in table.read_text().splitlines()[1:]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_alike_by_training_prediction_and_looking(kind, tmp_path, predicted, capsys):
    write, shown, note = KINDS[kind]
    root = both(tmp_path / "photos")
    path = write(root / "cat")
    inside = path.relative_to(root).as_posix()
    found = survey(root)
    facts = found.facts[found.files.index(inside)]
    assert (facts.width, facts.height) == (64, 48)
    assert note is None or note in facts.notes
    for fit in ("crop", "pad"):
        data = load("photos", root, SIDE, fit, Reading(conflicts="keep"))
        origins, x = data.train_origins, data.x_train
        if inside not in origins.files:
            origins, x = data.test_origins, data.x_test
        trained = x[origins.files.index(inside)]
        inner = slice(None) if fit == "crop" else slice(3, -3)  # black is added above and below
        np.testing.assert_allclose(trained.mean(axis=2)[inner], _expected(shown, fit)[inner], atol=12)
        assert fit == "crop" or not trained[:2].any()
        if fit == "crop":
            assert main(["predict", str(path)]) == 0
            np.testing.assert_array_equal(predicted.pop(), trained)
            assert note is None or note in capsys.readouterr().out
            status, files = predict_folder(root, tmp_path)
            assert (status, len(files)) == (0, 21)
            np.testing.assert_array_equal(predicted.pop()[files.index(inside)], trained)


def test_deep_colour_keeps_its_high_bits(tmp_path):
    """Pillow cannot write 16-bit colour, so the PNG file is written by hand: one chunk after another."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    values = (np.dstack([GREY, GREY, GREY]).astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = (64).to_bytes(4, "big") + (48).to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    read = read_picture(tmp_path / "a.png")
    assert "scaled to 8 bits" in read.notes
    np.testing.assert_array_equal(read.pixels[:, :, 0], GREY)


@pytest.mark.parametrize("name", ["a.bmp", "a.dib", "a.tif"])
def test_plain_colour_is_not_scaled(name, tmp_path):
    """A row of 72 pixels has 216 bytes, which says nothing about bits."""
    Image.new("RGB", (72, 48)).save(tmp_path / name)
    assert read_picture(tmp_path / name).notes == ()


def test_large_jpegs_are_decoded_small_and_look_the_same(tmp_path):
    large = picture(0, 0).resize((2048, 1536), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95)
    large.save(tmp_path / "a.png")
    small, whole = (read_picture(tmp_path / name, 32).pixels.astype(int) for name in ("a.jpg", "a.png"))
    assert np.abs(small - whole).mean() < 2


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    "behind", [bytes(999), b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 9 + bytes(99), "another picture"]
)
def test_what_follows_a_whole_jpeg_does_not_matter(behind, progressive, tmp_path):
    """Padding, the film of a moving photograph, and the second picture of an MPO file."""
    path, options = tmp_path / "a.jpg", {"quality": 95, "progressive": progressive}
    if behind == "another picture":
        picture(0, 0).save(path, format="MPO", save_all=True, append_images=[picture(0, 1)], **options)
        behind = bytes(99)
    else:
        picture(0, 0).save(path, **options)
    whole = read_picture(path).pixels
    path.write_bytes(path.read_bytes() + behind)
    np.testing.assert_array_equal(read_picture(path).pixels, whole)


def _text_bomb(path):
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 5_000_000, zip=True)
    Image.fromarray(GREY).save(path, pnginfo=text)


def _many_pixels(path):
    Image.new("1", (30_000, 30_000)).save(path)


def _cut(path):
    picture(0, 0).save(path, format="JPEG")
    path.write_bytes(path.read_bytes()[:1000])


def _zeros(path):
    """A copy that was interrupted after room had been reserved for it; the small picture inside it is whole."""
    small, large = BytesIO(), BytesIO()
    picture(0, 0, 16, 16).save(small, format="JPEG")
    exif = b"Exif\0\0" + small.getvalue()
    picture(0, 0, 640, 480).save(large, format="JPEG", exif=exif)
    content = large.getvalue()
    cut = len(content) * 3 // 4
    path.write_bytes(content[:cut] + bytes(len(content)))


def _changed(path):
    picture(0, 0).save(path)
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(bytes(content))


def _link_to_nothing(path):
    path.symlink_to(path.parent / "gone.png")


def _values(*values):
    array = np.full((16, 16), 0.5, np.float32)
    array.flat[: len(values)] = values
    return lambda path: Image.fromarray(array).save(path)


def _grey_of(value):
    return lambda path: Image.fromarray(np.full((16, 16), value, np.int32)).save(path)


REFUSED = {  # what is wrong, as test_messages calls it -> name of the file, how it is written
    "heic": ("a.heic", lambda p: p.write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))),
    "heic called jpg": ("a.jpg", lambda p: p.write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))),
    "web page": ("a.jpg", lambda p: p.write_text("<html>not found</html>")),
    "git lfs": (
        "a.png",
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    ),
    "empty": ("a.png", lambda p: p.touch()),
    "text": ("a.bmp", lambda p: p.write_text("hello")),
    "drawing": ("a.svg", lambda p: p.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")),
    "cut short": ("a.jpg", _cut),
    "zeros at the end": ("a.jpg", _zeros),
    "one byte changed": ("a.png", _changed),
    "long text": ("a.png", _text_bomb),
    "too many pixels": ("a.png", _many_pixels),
    "too small": ("a.png", lambda p: Image.new("RGB", (4, 40)).save(p)),
    "no number": ("a.tif", _values(np.nan)),
    "negative": ("a.tif", _values(-1)),
    "which white": ("a.tif", _values(1.5)),
    "which white of whole numbers": ("a.tif", _grey_of(300)),
    "pipe": ("a.png", os.mkfifo),
    "broken link": ("a.png", _link_to_nothing),
}


def test_every_reason_has_its_fault():
    assert REFUSED.keys() == PICTURES.keys()


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_named_with_its_reason(kind, tmp_path, predicted, capsys):
    (name, write), reason = REFUSED[kind], PICTURES[kind]
    if reason.startswith("HEIC") and "HEIF" in Image.OPEN:
        pytest.skip("pillow-heif is installed")
    root = both(tmp_path / "photos")
    write(root / "dog" / name)
    with pytest.raises(UnreadablePicture) as error:
        read_picture(root / "dog" / name, 32)
    assert error.value.reason == reason
    assert main(["predict", str(root / "dog" / name), str(root / "cat" / "photo000.png")]) == 2
    assert capsys.readouterr().err == f"error: {root / 'dog' / name}: {reason}\n"
    assert not predicted
    status, files = predict_folder(root, tmp_path)
    assert (status, len(files)) == (1, 20), "the others are classified, and the status says that one is not"
    assert (
        f"1 of 21 pictures cannot be read:\n  {reason[0].upper()}{reason[1:]}\n    dog/{name}\n"
        in capsys.readouterr().out
    )
    assert main(["look", str(root)]) == 0
    said = capsys.readouterr().out
    assert f"  {reason[0].upper()}{reason[1:]}\n    dog/{name}\n" in said
    assert main(["plan", "--preset", "smoke", "--data", str(root)]) == 2
    said = capsys.readouterr().err
    assert "1 of 21 pictures cannot be read" in said
    assert f"{reason[1:]}\n    dog/{name}\nMend them, or leave them out with --skip-unreadable." in said
    assert len(load("photos", root, 16, reading=Reading(skip_unreadable=True)).y_train) == 16
