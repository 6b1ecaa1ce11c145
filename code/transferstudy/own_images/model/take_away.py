"""What is taken away from a study besides its report: the model, its exports, and the list of labels to check."""

import csv
import io
import time

import numpy as np

from ...results.environment import describe
from ...results.records import digest, write_atomic
from ...training import keras_file
from ..report.arm import specs_of
from ..report.outcome import CHECKED, Outcome, load
from ..study.folder import LABELS, StudyFolder
from ..study.run import Making
from . import final_model
from .mistake_maps import keep_maps

_SHOWN_SIDE = 128


def take_away(wish, making: Making) -> None:
    """Write the model, its exports, the list of labels to check, and the pictures and maps that pages show."""
    outcome, folder = load(wish.folder), wish.folder
    write_labels(folder, outcome)
    _keep_pictures(folder, outcome, making)
    _write_model(wish, outcome, making)
    keep_maps(folder, outcome, making.source)


def write_labels(folder: StudyFolder, outcome: Outcome) -> int:
    """Write the pictures whose label the networks doubt most as CSV, surest first, and return their number.

    The networks that judge a picture had not seen it. A doubt is no proof: most such pictures are mistakes of the networks.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "label", "networks say", "probability"])
    doubted = [m for m in outcome.mistakes() if m[2] >= CHECKED]
    for i, predicted, p in doubted:
        label = outcome.classes[outcome.best.y[i]]
        table.writerow([outcome.pictures["files"][i], label, outcome.classes[predicted], f"{p:.3f}"])
    write_atomic(folder.root / LABELS, text.getvalue().encode("utf-8", "surrogateescape"))
    return len(doubted)


def shown_files(outcome: Outcome) -> list[str]:
    """Return the pictures that pages show: mistakes, findings of the look, and the first of each class."""
    files = outcome.pictures["files"]
    found = [files[i] for i, *_ in outcome.mistakes()[:12]]
    look = outcome.look
    for kind in ("conflicts", "near", "exact"):
        found += [name for members in look[kind][:4] for name in members[:3]]
    found += [name for names in look["odd"].values() for name in names[:3]]
    firsts = {}
    for name, label in zip(files, outcome.pictures["labels"], strict=True):
        firsts.setdefault(label, []).append(name)
    found += [name for names in list(firsts.values())[:12] for name in names[:3]]
    return list(dict.fromkeys(found))


def _keep_pictures(folder: StudyFolder, outcome: Outcome, making: Making) -> None:
    from ...data.folders.pictures import read_picture
    from ...data.mosaic import to_mosaic

    shown = shown_files(outcome)
    pixels = [read_picture(making.source / name, _SHOWN_SIDE, making.frame.fit).pixels for name in shown]
    buffer = io.BytesIO()
    empty = np.zeros((0, _SHOWN_SIDE, _SHOWN_SIDE, 3), np.uint8)
    sheet = to_mosaic(np.stack(pixels) if pixels else empty, 8)
    np.savez(buffer, files=np.array(shown), side=_SHOWN_SIDE, sheet=np.frombuffer(sheet, np.uint8))
    write_atomic(folder.records / "shown.npz", buffer.getvalue())


def _write_model(wish, outcome: Outcome, making: Making) -> None:
    """Train the recommended strategy on all labels, unless the model that is there is just that one."""
    folder, best = wish.folder, outcome.best
    spec, steps = specs_of(best)[0], final_model.chosen_steps(best.records)
    wanted = {"strategy": best.strategy.name, "spec": spec.model_dump(), "steps": steps}
    if folder.has("model") and folder.model.is_file():
        card = folder.read("model")
        same = all(card[key] == value for key, value in wanted.items())
        if same and digest(folder.model.read_bytes()) == card["sha256"]:
            wish.say("  The model is there already.")
            return
    began = time.monotonic()
    data = making.data(spec.image_size)
    wish.say(f"  Training {best.strategy.label.lower()} on all labels ...")
    model, learned_from = final_model.train_on_all(spec, data, wish.weights, steps)
    whole = final_model.portable(model, spec, len(data.classes))
    off = final_model.check_same(model, whole, data.x_test[:64])
    notes = {
        "classes": list(data.classes),
        "input": "pixels (n, height, width, 3), RGB, 0 to 255, of any size; the model makes them square itself",
        "output": "probabilities (n, classes), in the order of `classes`",
        "run": f"study of {making.frame.dataset}",
        "weights": {k: best.records[0]["weights"][k] for k in ("name", "sha256")},
        "expected_accuracy": [best.accuracy.value, best.accuracy.low, best.accuracy.high],
    }
    sha256 = keras_file.save(whole, folder.model, notes)
    exports = final_model.export(whole, folder.root)
    for name, said in exports.items():
        wish.say(f"  {name}: {said}")
    folder.write(
        "model",
        {
            **wanted,
            "sha256": sha256,
            "bytes": folder.model.stat().st_size,
            "learned_from": learned_from,
            "classes": list(data.classes),
            "exports": exports,
            "rounding": off,
            "seconds": round(time.monotonic() - began, 1),
            "environment": describe(),
        },
    )
    wish.say(f"  model.keras: {folder.model.stat().st_size / 1e6:.1f} MB, {time.monotonic() - began:.0f} s")
