"""Names for the arrays of Keras' HDF5 files, old and new, as the network itself names them: `<layer>/<variable>`."""

import re

import h5py

from .layout import convolutions

# Keras 3 numbers layers by class within their container: layers/functional/layers/conv2d_3/vars/0.
_KERAS3 = re.compile(
    r"(?:(?P<container>.*)/)?_?(?:layers|layer_checkpoint_dependencies)/(?P<kind>[^/]+)/vars/(?P<index>\d+)"
)
_PARTS = ("kernel", "bias")
_NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")
# What Keras 1 called a kernel and a bias; the VGG16 on Keras' host still does: block1_conv1_W_1:0.
_KERAS1 = re.compile(r"(?:.*_)?(?P<what>[Wb])(?:_\d+)?")


def named(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return the arrays of a Keras HDF5 file by `<layer>/<variable>`; the optimiser's are left out.

    Where a model has two layers of one name, in models that are nested, the second one keeps its whole path as its name.
    """
    datasets = {}

    def visit(path: str, item) -> None:
        if isinstance(item, h5py.Dataset) and not path.startswith(("optimizer/", "optimizer_weights/")):
            datasets[path] = item

    file.visititems(visit)  # follows no link into another file
    new = {path: match for path in datasets if (match := _KERAS3.fullmatch(path))}
    names = _keras3(file, new) if new else {path: _classic(path) for path in datasets if "/" in path}
    found: dict[str, h5py.Dataset] = {}
    for path, name in names.items():
        found[path if name in found else name] = datasets[path]
    return found


def _classic(path: str) -> str:
    """Name an array by the two last parts of its path: block1_conv1/block1_conv1/kernel:0 is block1_conv1/kernel."""
    group, _, variable = path.rpartition("/")
    variable = re.sub(r":\d+$", "", variable)
    if old := _KERAS1.fullmatch(variable):
        variable = {"W": "kernel", "b": "bias"}[old["what"]]
    return f"{group.rpartition('/')[2]}/{variable}"


def _keras3(file: h5py.File, matches: dict[str, re.Match]) -> dict[str, str]:
    """Name arrays by the `name` that Keras keeps with each layer; the first versions of Keras 3 kept none, only an order."""
    layers: dict[str, list[str]] = {}
    for path in matches:
        layers.setdefault(path.rpartition("/")[0], []).append(path)
    ordered, names = _in_order({group: matches[paths[0]] for group, paths in layers.items()}), {}
    for group, paths in layers.items():
        name = file[group].attrs.get("name")
        layer = name if isinstance(name, str) else ordered.get(group, group.removesuffix("/vars"))
        for path in paths:
            names[path] = f"{layer}/{_variable(matches[path], len(paths))}"
    return names


def _variable(match: re.Match, count: int) -> str:
    index, normalises = int(match["index"]), match["kind"].startswith("batch_normalization")
    known = _NORMALISATION if normalises else _PARTS
    complete = count == len(known) if normalises else count <= len(known)
    return known[index] if complete and index < len(known) else str(index)


def _in_order(layers: dict[str, re.Match]) -> dict[str, str]:
    """Return group -> layer name for a container whose convolutions are as many as VGG16's: the k-th is VGG16's k-th."""
    containers: dict[str, list[tuple[int, str]]] = {}
    for group, match in layers.items():
        if number := re.fullmatch(r"conv2d(?:_(\d+))?", match["kind"]):
            containers.setdefault(match["container"] or "", []).append((int(number[1] or 0), group))
    vgg16, found = convolutions("vgg16"), {}
    for groups in containers.values():
        if len(groups) == len(vgg16):
            found |= {group: name for (_, group), name in zip(sorted(groups), vgg16, strict=True)}
    return found
