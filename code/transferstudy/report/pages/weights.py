"""What pages say of the pretraining: records, manifests of the shipped weights, and the tables made of them."""

from statistics import fmean

from IPython.display import Markdown

from ...analysis.study import Study
from ...paths import results_dir, weights_dir
from ...results.pretrained import manifests, pretraining_records
from ..markdown import pipe_table
from ..sources import NETWORKS
from ..values import Value, capital, code, count, literal, percent


def packing(manifest: dict) -> tuple[str, float, float]:
    """Return what the cost of packing was measured by, and the accuracy (0..1) before and after; of a probe the means over its seeds."""
    if "source" in manifest:
        before, after = manifest["source"]["before"], manifest["source"]["after"]
        return "top-1 on Tiny ImageNet", before["top1"], after["top1"]
    probe = manifest["probe"]
    how = f"linear probe on CIFAR-10, {count(probe['n_labels'])} labels, {probe['image_size']} px"
    return how, fmean(probe["before"]), fmean(probe["after"])


def shipped() -> Markdown:
    """Return a table of the weights in `results/weights`: form, size, and an accuracy before and after packing."""
    rows = []
    for name, m in manifests(results_dir() / "weights").items():
        how, before, after = packing(m)
        size, sha256 = f"{m['bytes'] / 1e6:.1f}", f"`{m['sha256'][:12]}…`"
        rows.append([code(name), literal(m["form"]), size, how, percent(before), percent(after), sha256])
    header = "weights | form | MB | measured by | before | as shipped | SHA-256 in records"
    return pipe_table(header, rows, "llrlrrl")


def own() -> list[dict]:
    """Return the records of the project's own pretraining runs on all images: the latest for each network, VGG16 first."""
    latest: dict[str, dict] = {}
    for record in sorted(pretraining_records(results_dir()).values(), key=lambda r: r["finished"]):
        if record["spec"]["per_class"] is None:
            latest[record["spec"]["backbone"]] = record
    return [latest[name] for name in NETWORKS if name in latest]


def outcome() -> str:
    """Return what the project's own pretraining runs reached, and which network is still to be done."""
    found, sentences = {r["spec"]["backbone"]: r for r in own()}, []
    for backbone, name in NETWORKS.items():
        if backbone not in found:
            option = backbone.removesuffix("_bn")
            sentences.append(
                f"{capital(name)} has not been pretrained by this project: "
                f"`python -m transferstudy pretrain --backbone {option}` does it."
            )
            continue
        record = found[backbone]
        reached = Value(percent(record["final"]["top1"]), f"/results/pretraining/{record['id']}.json")
        sentences.append(
            f"After {count(len(record['epochs']))} epochs, {name} classifies {reached._repr_markdown_()} of "
            "the source's validation images correctly."
        )
    return " ".join(sentences)


def used(study: Study) -> str:
    """Return which weights the results of a study started from, whether they are shipped, and who made them."""
    shipped_here, sentences = manifests(weights_dir()), []
    started = {(r["weights"]["name"], r["spec"]["backbone"]) for r in study.records.values()}
    for name, backbone in sorted(started, key=lambda pair: (pair[1] == "compact", pair)):
        network = NETWORKS.get(backbone, "VGG16")
        network = capital(network) if sentences else network
        if name == "none":
            continue
        manifest = shipped_here.get(name)
        if manifest:
            origin = manifest["made_from"]
            maker = "by this project" if origin["pretraining"] else "outside this project"
            sentences.append(
                f"{network} starts from {code(name)}: pretrained {maker}, stored as {literal(manifest['form'])}, and part of this "
                "repository."
            )
        elif name == "imagenet":
            sentences.append(f"{network} starts from the weights that Keras downloads.")
        else:
            packed = [n for n, m in shipped_here.items() if m["made_from"]["card"] == f"{backbone}-{name}"]
            also = f" Its packed form, {code(packed[0])}, is part of this repository." if packed else ""
            sentences.append(
                f"{network} starts from {code(name)}: pretrained outside this project, in the form in which its makers gave it.{also}"
            )
    return " ".join(sentences)


def facts(*records: dict) -> Markdown:
    """Return a table of pretraining runs, one a column: data, settings, outcome, time and hardware."""
    columns = [_facts(record) for record in records]
    rows = [[key, *(column[key] for column in columns)] for key in columns[0]]
    names = [capital(NETWORKS[r["spec"]["backbone"]]) for r in records]
    return pipe_table(["", *names], rows, "l" + "l" * len(records))


def _facts(record: dict) -> dict[str, str]:
    spec, data, final = record["spec"], record["data"], record["final"]
    wall, cpu = record["timing"]["wall"] / 60, record["timing"]["cpu"] / 60
    environment = record["environment"]
    where = environment["accelerators"] or [f"{environment['processor']}, {environment['cores']} cores"]
    smoothing = f", label smoothing {spec['label_smoothing']:g}" if spec["label_smoothing"] else ""
    where = [literal(name) for name in where]
    return {
        "data": f"{count(data['train'])} training and {count(data['validation'])} validation images of {count(data['classes'])} classes",
        "images": f"{spec['image_size']} pixels a side, {literal(spec['augmentation'])}",
        "parameters": count(record["parameters"]),
        "training": f"{spec['epochs']} epochs, batches of {spec['batch_size']}, SGD with Nesterov momentum, peak rate "
        f"{spec['learning_rate']:g}, weight decay {spec['weight_decay']:g}{smoothing}",
        "precision": code(spec["precision"]),
        "top-1, top-5": f"{percent(final['top1'])}, {percent(final['top5'])} of {count(final['n'])} validation images, from the stored file",
        "time": f"{wall:.0f} minutes, {cpu:.0f} core-minutes",
        "hardware": ", ".join(where),
        "software": f"Keras {literal(environment['libraries']['keras'])} on {literal(environment['backend'])}",
        "record": f"[`{record['id']}`](/results/pretraining/{record['id']}.json)",
    }
