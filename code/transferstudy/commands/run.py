"""`python -m transferstudy run`: make the runs of a preset that are missing."""

import sys

from ..errors import StudyError
from .options import VERBOSE, folder, overrides, positive, specs, weights

HELP = "make the runs that are missing"
PARENTS = ("chosen", "where")
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--progress", choices=("bar", "lines", "none"), help="default: a bar on a terminal, else lines"
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="N runs at a time, each with its share of the cores",
    )
    parser.add_argument("--backend", choices=("dask", "ray"), help="run on a cluster that exists already")
    parser.add_argument("--address", metavar="ADDRESS", help="of the cluster, such as tcp://host:8786")


def run(args) -> None:
    """Run the command."""
    from ..data.source import data_source
    from ..own_images.look.options import reading, say_folder
    from ..plan.presets import following, untuned
    from ..results.store import Store
    from ..running.runner import run_all

    file, replaced = weights(args)
    chosen = specs(args, replaced)
    open_arms = set(untuned(args.preset)) & {spec.arm for spec in chosen}
    if open_arms:
        strategy, n_labels = sorted(open_arms)[0]
        raise StudyError(
            f"--preset {args.preset}: settings of {len(open_arms)} arms, {strategy} at {n_labels:,} labels among them, "
            "are not tuned yet: run --preset tuning first, then put what python -m transferstudy tuned prints into presets.toml"
        )
    if found := folder(args)[1]:
        say_folder(found, chosen, Store(args.results))
    mode = args.progress or ("bar" if sys.stdout.isatty() else "lines")
    run_all(
        chosen,
        Store(args.results),
        data_source(args.data),
        file,
        keep=following(args.preset, "keep_model", **overrides(args, replaced)),
        robust=following(args.preset, "robustness", **overrides(args, replaced)),
        verbose=VERBOSE[mode],
        say=lambda line: print(line, flush=True),
        jobs=args.jobs,
        backend=args.backend,
        address=args.address,
        again=_command(args),
        reading=reading(args),
    )


def _command(args) -> str:
    """Return the `run` command that was given, without what only this call needs."""
    from ..own_images.look.options import command_line, given

    named = {f"--{name}": getattr(args, name) for name in ("preset", "data", "weights", "results")}
    return command_line(["run"], named | given(args))
