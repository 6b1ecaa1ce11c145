"""Options that several commands share, and what they mean."""

import argparse

from ..own_images.look.options import reading_options, split_options

VERBOSE = {"none": 0, "bar": 1, "lines": 2}  # --progress -> how much Keras says


def shared() -> dict[str, argparse.ArgumentParser]:
    """Return the shared groups of options, which a command names in `PARENTS`: which runs are chosen, where results lie."""
    chosen = argparse.ArgumentParser(add_help=False)
    chosen.add_argument("--preset", default="report", help="list of runs in presets.toml (default: report)")
    chosen.add_argument(
        "--only",
        action="append",
        metavar="WHAT",
        help="run id, strategy, or field=value[,value]; repeat to narrow down",
    )
    chosen.add_argument(
        "--weights",
        metavar="PATH|imagenet",
        help="start from this file (.npz, .weights.h5, .keras, .h5) or name instead, where it fits the network",
    )
    chosen.add_argument(
        "--data",
        metavar="PATH",
        help="cifar10.npz, cifar-10-batches-py, its archive, or a folder of class folders",
    )
    folder = chosen.add_argument_group("folders of pictures")
    split_options(folder)
    reading_options(folder)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--results", metavar="DIR", help="results folder (default: results/ or TRANSFERSTUDY_RESULTS)"
    )
    return {"chosen": chosen, "where": where}


def positive(text: str) -> int:
    """Read a whole number of at least 1 from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not {text!r}")
    return int(text)


def overrides(args, replaced: dict[str, str] | None) -> dict:
    """Return the fields of a run that the command line replaces: its data set, and its pretrained weights by network."""
    return {**folder(args)[0], **({"weights": replaced} if replaced else {})}


def folder(args) -> tuple[dict, dict | None]:
    """Return the fields that `--data` sets in every run and what its folder holds; the folder is read once a command."""
    from ..data.source import data_source
    from ..own_images.look.options import run_fields
    from ..plan.presets import expand

    if not hasattr(args, "folder_found"):
        args.folder_found = run_fields(args, data_source(args.data), expand(args.preset))
    return args.folder_found


def specs(args, replaced: dict[str, str] | None = None) -> list:
    """Return the chosen runs.

    Args:
        args: with `preset`, `only` and `data`.
        replaced: network -> name of the weights that replace the preset's own, as `weights` returns it.
    """
    from ..plan.presets import expand, select

    return select(expand(args.preset, **overrides(args, replaced)), args.only)


def weights(args) -> tuple:
    """Find the weights that `--weights` or the environment names, and say in one line which runs start from them.

    A file whose content is known stands for its name; the preset then keeps its identity.

    Returns:
        The file, or None; and network -> name of the weights that replace its own, or None.
    """
    from ..models.weightsfile import find_weights, serving
    from ..plan.presets import expand

    file = find_weights(args.weights)
    if not args.weights:
        return file, None
    replaced, said = serving(args.weights, file, expand(args.preset, **overrides(args, None)))
    print(said)
    return file, replaced
