"""What pages say of the pretraining: records, manifests of the shipped weights, and the tables made of them."""

from IPython.display import Markdown

from ..errors import StudyError
from ..paths import results_dir
from ..pretraining.records import manifests, pretraining_records
from ..values import count, percent
from .markdown import pipe_table


def pretraining(name: str) -> dict:
    """Return the record of the pretraining run that made weights `name`.

    Raises:
        StudyError: there is none; the message names the command that makes it.
    """
    found = [r for r in pretraining_records(results_dir()).values() if r["weights"]["name"] == name]
    if not found:
        raise StudyError(
            f"results/pretraining: no record of weights {name!r}; make it with python -m transferstudy pretrain --backbone small --data PATH"
        )
    return found[-1]


def shipped() -> Markdown:
    """Return a table of the weights in `results/weights`: form, size, and their accuracy on the source task before and after packing."""
    rows = []
    for name, m in manifests(results_dir() / "weights").items():
        before, after = m["source"]["before"], m["source"]["after"]
        rows.append(
            [
                f"`{name}`",
                m["form"],
                f"{m['bytes'] / 1e6:.1f}",
                percent(before["top1"]),
                percent(after["top1"]),
                percent(after["top5"]),
                f"`{m['sha256'][:12]}…`",
            ]
        )
    return pipe_table(
        ["weights", "form", "MB", "top-1 before", "top-1 as shipped", "top-5 as shipped", "SHA-256"],
        rows,
        "llrrrrl",
    )


def facts(record: dict) -> Markdown:
    """Return a table of one pretraining run: data, settings, outcome, time and hardware."""
    spec, data, final = record["spec"], record["data"], record["final"]
    wall, cpu = record["timing"]["wall"] / 60, record["timing"]["cpu"] / 60
    environment = record["environment"]
    where = environment["accelerators"] or [f"{environment['processor']}, {environment['cores']} cores"]
    rows = [
        ["data", f"{count(data['train'])} training and {count(data['validation'])} validation images of {count(data['classes'])} classes"],
        ["images", f"{spec['image_size']} pixels a side, {spec['augmentation']}"],
        ["parameters", count(record["parameters"])],
        ["training", f"{spec['epochs']} epochs, batches of {spec['batch_size']}, SGD with Nesterov momentum, peak rate {spec['learning_rate']:g}"],
        ["top-1, top-5", f"{percent(final['top1'])}, {percent(final['top5'])} of {count(final['n'])} validation images, from the stored file"],
        ["time", f"{wall:.0f} minutes, {cpu:.0f} minutes of processor time"],
        ["hardware", ", ".join(where)],
        ["software", f"Keras {environment['libraries']['keras']} on {environment['backend']}"],
        ["record", f"`results/pretraining/{record['id']}.json`"],
    ]  # fmt: skip
    return pipe_table(["", "as run"], rows, "ll")
