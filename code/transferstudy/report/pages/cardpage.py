"""Pages from cards: a page needs its title and one call of `card_page`."""

from IPython.display import Markdown

from ...paths import project_root, results_dir, weights_dir
from ...results.pretrained import manifests, pretraining_records
from ..cards import read_card
from ..cardschema import Counts, DataCard, WeightsCard
from ..markdown import pipe_table
from ..values import count, listing, percent
from .weights import packing

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}


def card_page(name: str) -> Markdown:
    """Return the body of the page of `cards/<name>.yaml`, sections and all.

    Raises:
        StudyError: there is no such card, it is not valid, or a record it leads to is damaged.
    """
    found = read_card(name)
    body = _data(found) if isinstance(found, DataCard) else _weights(found)
    return Markdown(
        "\n\n".join([*body, f"This page is made from [`cards/{name}.yaml`](/cards/{name}.yaml)."])
    )


def _data(card: DataCard) -> list[str]:
    facts = {
        "Source": f"[@{card.citation}]",
        "Images": _counts(card.images),
        "Size": f"{card.side} by {card.side} pixels, colour",
        "Classes": count(card.classes),
        "Licence": card.licence,
        "Datasheet of its authors": card.datasheet,
        "Content hash of our copy": _code(card.sha256),
    }
    copy = [card.origin, card.checks, f"Order of the images in our copy: {card.order}."]
    if card.lossless and card.jpeg_only:
        rows = [
            [word, count(kept), count(getattr(card.jpeg_only, split) or 0)]
            for split, word in _SPLITS.items()
            if (kept := getattr(card.lossless, split))
        ]
        copy.insert(1, pipe_table(["split", "lossless", "from JPEG"], rows, "lrr").data)
    return [
        "A data card in the form of a datasheet [@gebru2021datasheets], with what we could find out. It is no work of the data set's authors.",
        _table(facts),
        "## Motivation {#motivation}", card.motivation,
        "## Composition {#composition}", *card.composition,
        "## Collection {#collection}", card.collection,
        "## Preparation and labels {#preparation}", card.preparation,
        "## Uses {#uses}", "Fit for:", _list(card.uses), "Not fit for:", _list(card.not_for),
        "## Distribution {#distribution}", card.distribution,
        "## Our copy {#copy}", *copy,
        "## Maintenance {#maintenance}", card.maintenance,
        "## What is known to be wrong {#faults}", _list(card.known_faults),
    ]  # fmt: skip


def _weights(card: WeightsCard) -> list[str]:
    root = results_dir()
    made = {i: r for i, r in pretraining_records(root).items() if r["weights"]["name"] == card.pretraining}
    finished = [record["finished"][:10] for record in made.values()]
    facts = {
        "Made by": card.developers,
        "Date": card.date or (finished[-1] if finished else "not made yet"),
        "Version": card.version,
        "Network": card.network,
        "Stored as": card.stored,
    }
    if card.file:
        facts |= {"File": f"`{card.file}`", "SHA-256": _code(card.sha256)}
    facts |= {
        "Batch normalisation": card.batch_norm,
        "Input": card.input,
        "Licence": card.licence,
        "Cite as": f"[@{card.citation}]" if card.citation else "the repository, by its citation file",
        "Questions": card.contact,
        **({"Not to be confused with": card.not_} if card.not_ else {}),
    }
    return [
        "A model card [@mitchell2019model].",
        "## Model details {#details}", _table(facts), *_shipped(card, made),
        *(["## How our copy was checked {#checks}", card.checks] if card.checks else []),
        "## Intended use {#use}", "Made for:", _list(card.intended), f"Meant for: {card.users}.", "Out of scope:",
        _list(card.not_for),
        "## Factors {#factors}", card.factors,
        "## Metrics {#metrics}", card.metrics, f"Decision threshold: {card.thresholds}.",
        "## Training data {#training-data}", _training_data(card),
        "## Evaluation data {#evaluation-data}", f"Accuracy was measured {card.measured}.", card.evaluation,
        "## Training and its outcome {#outcome}", *(_own(card, made) if card.pretraining else _reported(card)),
        "## Quantitative analyses {#analyses}", *_analyses(card, made),
        "## Ethical considerations {#ethics}", _list(card.ethics),
        "## Caveats and recommendations {#caveats}", _list(card.caveats),
    ]  # fmt: skip


def _training_data(card: WeightsCard) -> str:
    page = f"card-{card.source_card}.qmd"
    where = f"[{card.source}]({page})" if (project_root() / "chapters" / page).is_file() else card.source
    shrunk = f", averaged from {card.original_side}" if card.original_side != card.side else ""
    what = f"{_counts(card.images)} images of {count(card.classes)} classes"
    return f"{where}: {what}, at {card.side} pixels a side{shrunk}."


def _reported(card: WeightsCard) -> list[str]:
    t = card.training
    minutes = "" if t.minutes is None else f"{t.minutes} minutes on "
    rows = {
        "Epochs": count(t.epochs),
        "Optimiser": f"{t.optimiser}, batches of {t.batch_size}",
        "Learning rate": t.learning_rate,
        "Weight decay": t.weight_decay,
        "Label smoothing": f"{t.label_smoothing:g}",
        "Augmentation": t.augmentation,
        "Seed": "not reported" if t.seed is None else t.seed,
        "Made with": ", ".join([t.framework, t.precision, f"{minutes}{t.hardware}"]),
        "Top-1 on validation images": percent(card.validation_top1),
    }
    return ["As their makers report it; none of it was measured by this project.", _table(rows)]


def _own(card: WeightsCard, made: dict[str, dict]) -> list[str]:
    if not made:
        return [
            f"Not made yet: there is no record of a pretraining named `{card.pretraining}` in `results/pretraining/`. "
            "`python -m transferstudy pretrain` makes it."
        ]
    rows = []
    for run_id, r in made.items():
        spec = r["spec"]
        rows.append(
            [
                f"[`{run_id}`](/results/pretraining/{run_id}.json)", count(len(r["epochs"])), f"{spec['learning_rate']:g}",
                f"{spec['weight_decay']:g}", percent(r["final"]["top1"]), percent(r["final"]["top5"]),
                f"{r['timing']['wall'] / 60:.0f}", r["environment"]["processor"],
            ]
        )  # fmt: skip
    header = ["record", "epochs", "peak rate", "weight decay", "top-1", "top-5", "minutes", "processor"]
    return [
        "Trained by this project's own `python -m transferstudy pretrain`. Every setting, the log of every epoch and the machine "
        "stand in the record; accuracies are of the validation images, from the stored weights.",
        pipe_table(header, rows, "lrrrrrrl").data,
    ]


def _shipped(card: WeightsCard, made: dict[str, dict]) -> list[str]:
    """Say which packed files in `results/weights/` were made from these weights, and what the packing cost."""
    rows = []
    for name, m in manifests(weights_dir()).items():
        if m["made_from"]["card"] == card.name or m["made_from"]["pretraining"] in made:
            how, before, after = packing(m)
            rows.append(
                [
                    f"`{name}`", m["form"], f"{m['bytes'] / 1e6:.1f} MB", how, percent(before, 2), percent(after, 2),
                    _code(m["file_sha256"]),
                ]
            )  # fmt: skip
    if not rows:
        return []
    header = ["name", "form", "size", "measured by", "before packing", "as shipped", "SHA-256 of the file"]
    return ["In the repository, ready to start from:", pipe_table(header, rows, "llrlrrl").data]


def _analyses(card: WeightsCard, made: dict[str, dict]) -> list[str]:
    """Accuracy as a whole and class by class, from the manifests; what could not be split is said."""
    body = []
    for name, m in manifests(weights_dir()).items():
        if m["made_from"]["card"] != card.name and m["made_from"]["pretraining"] not in made:
            continue
        if "probe" in m:
            body += _probe(name, m["probe"])
            continue
        found, rows = m["source"]["after"], []
        for word, key in (("top-1", "top1"), ("top-5", "top5")):
            low, high = _interval(found[key], found["n"])
            rows.append(
                [word, percent(found[key]), f"{100 * low:.1f} to {100 * high:.1f}", count(found["n"])]
            )
        body += [
            f"As a whole, `{name}`. The interval is for the draw of validation images alone, not for another training run.",
            pipe_table(["measure", "accuracy", "95 % interval", "images"], rows, "lrrr").data,
        ]
        if classes := found.get("class_top1"):
            ranked = sorted(classes, key=classes.get)
            few = 5
            lines = [
                [word, ", ".join(f"{c.split(',')[0]} ({percent(classes[c], 0)})" for c in group)]
                for word, group in (("worst", ranked[:few]), ("best", ranked[: -few - 1 : -1]))
            ]
            middle = ranked[len(ranked) // 2]
            body += [
                f"By class, top-1: the median of the {count(len(classes))} classes is {percent(classes[middle], 0)}. "
                f"With {count(found['n'] / len(classes))} images a class, single classes are known only roughly.",
                pipe_table(["classes", "top-1 within the class"], lines, "ll").data,
            ]
    body.append(
        "By other groups, and by groups that cross: not possible. The source has labels for what is in a picture, and for nothing else."
    )
    return body


def _probe(name: str, probe: dict) -> list[str]:
    """Say what a linear probe gives from weights before and after packing, seed by seed."""
    rows = [
        [str(seed), percent(before, 1), percent(after, 1), percent(agree, 1)]
        for seed, before, after, agree in zip(
            probe["seeds"], probe["before"], probe["after"], probe["agree"], strict=True
        )
    ]
    return [
        f"What does the rounding in `{name}` cost? We trained linear probes with {count(probe['n_labels'])} labels of CIFAR-10 at "
        f"{probe['image_size']} pixels from the exact and from the rounded weights. Both were tested on the same "
        f"{count(probe['held_out'])} images, from which no probe had learned.",
        pipe_table(["seed", "exact", "rounded", "same class named"], rows, "lrrr").data,
    ]


def _interval(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n, both 0..1."""
    from scipy.stats import binomtest

    found = binomtest(round(share * n), n).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def _counts(images: Counts) -> str:
    return listing([f"{count(n)} {word}" for split, word in _SPLITS.items() if (n := getattr(images, split))])


def _table(facts: dict[str, object]) -> str:
    return pipe_table(["Fact", "What is known"], [[key, value] for key, value in facts.items()], "ll").data


def _list(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _code(sha256: str) -> str:
    return f"`{sha256[:16]}…`"
