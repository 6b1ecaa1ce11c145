"""The one way in which a picture file becomes pixels: for training, for prediction, for looking at a folder.

What is done to a picture, always in this order, and noted in `Picture.notes`:

1. It is turned upright, as its EXIF orientation says.
2. More than 8 bits a channel are scaled to 0..255 by the full range of their type: 0..65535 for 16 bits, 0..4095 where a TIFF
   file says 12 bits. Wider whole numbers take the smallest of the ranges 0..255, 0..65535, 0..2^31-1 (2^32-1 unsigned) that
   holds the largest value, decimal numbers the smallest of 0..1, 0..255, 0..65535. Values up to a tenth above a range are taken for
   white. Negative or infinite values are refused, and so are pictures that a range would turn as good as black.
3. Transparent parts are laid on white.
4. Grey, palette and CMYK become RGB. Colour profiles are not applied. Of an animation the first frame counts.
5. With a side given: the centred square is cut out ("crop"), or black is added to make a square ("pad"), and the square is
   resized with antialiasing (bicubic). A JPEG file may be decoded at 1/2, 1/4 or 1/8 of its size where that leaves at least
   twice the side.
"""

import hashlib
import re
import stat
import warnings
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from ...errors import StudyError, printable

# Pillow warns of odd but readable files, and of pictures between its limit of pixels and twice that; beyond, it refuses.
warnings.filterwarnings("ignore", module=r"PIL\.")
Fit = Literal["crop", "pad"]
MIN_SIDE = 8
MAX_BYTES = 1 << 30
_OVERSHOOT = 1.1  # largest value over white, up to which a picture has this white
# Only these of Pillow's readers: others start programs (EPS starts Ghostscript) or read what is no picture.
_FORMATS = ("AVIF", "BMP", "DIB", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
_CUT = "this file is cut short. Copy it again."
# ITU T.81, section B.1.1: neither a stuffed zero, nor a restart within a scan, nor a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_BACKGROUND = (255, 255, 255, 255)
_ORIENTATION = 0x0112  # EXIF 2.32, section 4.6.4; 1 is upright, 5 to 8 exchange width and height
_BITS_PER_SAMPLE, _SAMPLE_FORMAT, _UNSIGNED = 258, 339, 1  # TIFF 6.0, section 8 and page 80


@dataclass(frozen=True)
class Picture:
    """A picture as training and prediction see it.

    Attributes:
        pixels: uint8 RGB in 0..255, shape (height, width, 3); square when a side was asked for.
        width, height: of the upright picture in the file, in pixels.
        format: the file's format, such as "JPEG".
        notes: what was done to it, in words: "turned upright", "scaled to 8 bits", "brightest values cut off", "transparency laid on white", "from CMYK",
            "from a palette", "from grey", "first frame of an animation".
        sha256: hex digest of the file.
    """

    pixels: np.ndarray
    width: int
    height: int
    format: str
    notes: tuple[str, ...]
    sha256: str


class UnreadablePicture(StudyError):
    """A file that cannot be read as a picture.

    Attributes:
        file: the file.
        reason: what is wrong and what mends it, without the file's name.
    """

    def __init__(self, file, reason: str):
        self.file, self.reason = file, reason
        super().__init__(f"{printable(file)}: {reason}")


def read_picture(path: Path, side: int | None = None, fit: Fit = "crop") -> Picture:
    """Read a picture file.

    Args:
        path: the file.
        side: pixels a side of the square to return, or None for the whole picture.
        fit: how a picture that is not square becomes one; see the module.

    Raises:
        UnreadablePicture: no such file, not a plain file, damaged, too large or too small, or a format that cannot be read here.
    """
    return decode(read_bytes(path), path, side, fit)


def read_bytes(path: Path) -> bytes:
    """Return the content of a picture file; a pipe or a device, which might never end, is refused before it is opened.

    Raises:
        UnreadablePicture: missing, not a plain file, not permitted, empty, or larger than 1 GiB.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            word = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe, a device or a socket"
            raise UnreadablePicture(path, f"this is {word}, not a file. Name picture files.")
        if about.st_size > MAX_BYTES:
            raise UnreadablePicture(
                path, "this file is larger than 1 GiB, the limit for one picture. Save it smaller."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        word = "this link points to no file" if path.is_symlink() else "no such file"
        raise UnreadablePicture(path, f"{word}. Check the name.") from None
    except PermissionError:
        raise UnreadablePicture(path, "you may not read this file. Change its permissions.") from None
    except (OSError, ValueError) as error:
        raise UnreadablePicture(
            path, f"this file cannot be read ({getattr(error, 'strerror', None) or error})."
        ) from None
    if not data:
        raise UnreadablePicture(path, "this file is empty. Copy it again.")
    return data


def decode(
    data: bytes, path: Path, side: int | None = None, fit: Fit | Literal["squeeze"] = "crop"
) -> Picture:
    """Return the picture in the content of a file.

    Args:
        data: the file's content.
        path: the file, to be named in an error.
        side: as in `read_picture`.
        fit: as in `read_picture`; or "squeeze": the whole picture, its shape not kept, for comparing pictures.

    Raises:
        UnreadablePicture: as `read_picture`.
    """
    if data.startswith(b"\xff\xd8\xff") and data.endswith(b"\0\0") and not _jpeg_ends(data):
        raise UnreadablePicture(path, _CUT)
    try:
        with Image.open(BytesIO(data), formats=_readable()) as image:
            pixels, size, kind, notes = _pixels(image, path, side, fit)
    except UnreadablePicture:
        raise
    except Image.DecompressionBombError:
        limit = 2 * Image.MAX_IMAGE_PIXELS // 1_000_000
        raise UnreadablePicture(
            path, f"this picture has more than {limit} million pixels, the limit. Save it smaller."
        ) from None
    except MemoryError:
        raise UnreadablePicture(
            path, "this picture does not fit into this machine's memory. Save it smaller."
        ) from None
    except Exception as error:  # damaged files make Pillow's readers raise almost anything
        raise UnreadablePicture(path, _reason(data, error)) from None
    return Picture(pixels, *size, kind, notes, hashlib.sha256(data).hexdigest())


def _jpeg_ends(data: bytes) -> bool:
    """Whether the first picture in a JPEG file has its end marker; what may follow it, such as a film, does not matter.

    A copy that was interrupted may have its full size and zeros for the rest, which the decoder takes for grey.
    """
    at = 2
    while marker := _MARKER.search(data, at):
        if marker[1] == b"\xd9":
            return True
        # The length of a segment is skipped with it: a small picture in it has an end of its own.
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return False


def _pixels(image: Image.Image, path: Path, side: int | None, fit: str):
    notes, size, kind = [], image.size, image.format
    if min(size) < MIN_SIDE:
        raise UnreadablePicture(
            path,
            f"this picture has {size[0]} x {size[1]} pixels; at least {MIN_SIDE} a side are needed. Put a larger one there.",
        )
    deep = any(_is_deep(tile) for tile in image.tile)
    if kind != "MPO" and getattr(image, "is_animated", False):
        notes.append("first frame of an animation")
    if kind in ("JPEG", "MPO") and side:
        image.draft(None, (2 * side, 2 * side))
    tags = getattr(image, "tag_v2", {})
    bits, unsigned = tags.get(_BITS_PER_SAMPLE, (0,))[0], tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0]
    turn = image.getexif().get(_ORIENTATION, 1)
    image.load()
    if turn in range(2, 9):
        notes.append("turned upright")
    drafted = image.size != size
    image = ImageOps.exif_transpose(image)
    if not drafted:
        size = image.size
    elif turn in range(5, 9):
        size = size[::-1]
    if image.mode[0] in "IF" or deep:
        notes.append("scaled to 8 bits")
    if image.mode[0] in "IF":
        scaled, cut = _eight_bits(image, path, bits, kind == "TIFF" and unsigned == _UNSIGNED)
        image = Image.fromarray(scaled)
        notes += ["brightest values cut off"] * cut
    image, found = _rgb(image)
    notes += found
    if side and fit == "squeeze":
        image = image.resize((side, side), Image.Resampling.BOX)
    elif side:
        make = ImageOps.fit if fit == "crop" else ImageOps.pad
        image = make(image, (side, side), Image.Resampling.BICUBIC)
    return np.array(image), size, kind, tuple(notes)


def _is_deep(tile) -> bool:
    """Whether a part of a file has 16 bits a channel, by Pillow's name for how its numbers lie there ("RGB;16B")."""
    numbers = tile.args if isinstance(tile.args, str) else str((tile.args or "?")[0])
    return ";16" in numbers and numbers != "BGR;16"  # which is 16 bits for all channels together


def _eight_bits(image: Image.Image, path: Path, bits: int, unsigned: bool) -> tuple[np.ndarray, bool]:
    """Scale a grey picture of more than 8 bits to uint8 by the rule of the module; say whether values lay above the range."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        tops = (4095,) if bits == 12 else (65_535,)
    elif image.mode == "I":
        values = values.view(np.uint32) if unsigned else values
        tops = (255, 65_535, 2**31 - 1, 2**32 - 1)
    else:
        tops = (1, 255, 65_535)
    values = values.astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > _OVERSHOOT * tops[-1]:
        raise UnreadablePicture(
            path,
            f"its pixel values lie outside the range 0 to {tops[-1]:,}, so it is not clear what is black and what is white. "
            "Save it with 8 or 16 bits.",
        )
    # One value above a range, as sharpening and enlarging leave, must not make the whole picture black.
    number = next(k for k, top in enumerate(tops) if values.max() <= _OVERSHOOT * top)
    top = tops[number]
    if number and values.max() < top / 100:
        raise UnreadablePicture(
            path,
            f"its largest pixel value is {values.max():,.6g}, so it is not clear whether white is {tops[number - 1]:,} or {top:,}. "
            "Save it with 8 or 16 bits.",
        )
    return np.round(np.minimum(values, top) * (255 / top)).astype(np.uint8), bool(values.max() > top)


def _rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    notes = {"P": ["from a palette"], "PA": ["from a palette"], "CMYK": ["from CMYK"]}.get(image.mode, [])
    if image.mode in ("1", "L", "LA", "La"):
        notes = ["from grey"]
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            notes.append("transparency laid on white")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _BACKGROUND), image)
    return image.convert("RGB"), notes


@cache
def _readable() -> tuple[str, ...]:
    """Return those of the formats that this installation reads; HEIC where the optional pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        pass
    else:
        register_heif_opener()
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# The first bytes of the common formats.
MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP")


def _reason(data: bytes, error: Exception) -> str:
    """Say in plain words why a file is not readable, from its first bytes and what Pillow said."""
    head = data[:512].lstrip().lower()
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC and "HEIF" not in _readable():
        return (
            'HEIC pictures cannot be read here. Install their reader with pip install "transferstudy[heic]", '
            "or convert the file to JPEG or PNG."
        )
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis") and "AVIF" not in _readable():
        return "AVIF pictures cannot be read here. Convert the file to JPEG or PNG."
    if head.startswith((b"<!doctype", b"<html")):
        return "this is a web page, not a picture. Download the picture again."
    if head.startswith(b"version https://git-lfs"):
        return "this is a Git LFS pointer, not the picture itself. Fetch it with git lfs pull."
    if "text" in str(error).lower() and isinstance(error, ValueError):
        return "this PNG file holds a text of more than 1 MiB, the limit. Save the picture without it."
    if "truncated" in str(error).lower():
        return _CUT
    if data.startswith(MAGIC) or data[4:8] == b"ftyp":
        return "this file is damaged, or of a kind that cannot be read. Copy it again, or convert it to JPEG or PNG."
    return "this is not a picture that can be read. Convert it to JPEG or PNG."
