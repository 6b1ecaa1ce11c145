"""The command line: `python -m transferstudy COMMAND`; the smaller commands stand here, the others in `commands/`.

Nothing heavy is imported until a command needs it, so that looking at results takes a moment.
"""

import argparse
import os
import sys

from .commands import modules
from .errors import StudyError


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m transferstudy", description="Run the study and look at its results."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

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
        help="start pretrained strategies from this file or name instead",
    )
    chosen.add_argument(
        "--data",
        metavar="PATH",
        help="cifar10.npz, cifar-10-batches-py, its archive, or a folder of class folders",
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--results", metavar="DIR", help="results folder (default: results/ or TRANSFERSTUDY_RESULTS)"
    )

    plan = commands.add_parser("plan", parents=[chosen, where], help="list the runs of a preset")
    plan.add_argument(
        "--cost", action="store_true", help="estimate hours from the time that finished runs took"
    )
    run = commands.add_parser("run", parents=[chosen, where], help="make the runs that are missing")
    run.add_argument(
        "--progress", choices=("bar", "lines", "none"), help="default: a bar on a terminal, else lines"
    )
    commands.add_parser("status", parents=[chosen, where], help="what is done, missing and stale")
    show = commands.add_parser("show", parents=[where], help="print one result")
    show.add_argument("run", help="run id or its beginning")
    show.add_argument("--json", action="store_true", help="print the whole record")
    commands.add_parser("verify", parents=[where], help="check every file and recompute every measure")
    shared = {"chosen": chosen, "where": where}
    for name, module in modules().items():
        own = commands.add_parser(name, parents=[shared[key] for key in module.PARENTS], help=module.HELP)
        module.arguments(own)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 2 for wrong input."""
    args = parser().parse_args(argv)
    try:
        run = COMMANDS.get(args.command) or modules()[args.command].run
        return run(args) or 0
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 130


def _specs(args, weights_name: str | None = None):
    from .data.source import data_source, dataset_name
    from .presets import expand, select

    overrides = {}
    if name := dataset_name(data_source(args.data)):
        overrides["dataset"] = name
    if weights_name:
        overrides["weights"] = weights_name
    return select(expand(args.preset, **overrides), args.only)


def _weights(args):
    """Return (file or None, the name that specs use or None)."""
    from .weightsfile import find_weights

    file = find_weights(args.weights)
    if args.weights and file is None:
        return None, args.weights
    # A file whose content is known stands for its name; the preset then keeps its identity.
    return file, file.name if args.weights and file else None


def _plan(args):
    from .cost import estimate
    from .store import Store

    specs = _specs(args, _weights(args)[1])
    store = Store(args.results)
    print(f"{'run':12}  {'strategy':16}  {'labels':>7}  {'seed':>4}  {'backbone':10}  {'weights':14}  state")
    for spec in specs:
        state = "done" if store.has(spec) else "to do"
        print(
            f"{spec.id}  {spec.strategy:16}  {spec.n_labels:7,}  {spec.seed:4}  {spec.backbone:10}  {spec.weights[:14]:14}  {state}"
        )
    if args.cost:
        print(estimate(specs, store))


def _run(args):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only: TensorFlow greets with a page of hints
    from .data.source import data_source
    from .runner import keeps_model, run_all
    from .store import Store

    file, name = _weights(args)
    specs = _specs(args, name)
    mode = args.progress or ("bar" if sys.stdout.isatty() else "lines")
    run_all(
        specs,
        Store(args.results),
        data_source(args.data),
        file,
        keep=lambda spec: keeps_model(args.preset, spec),
        verbose={"none": 0, "bar": 1, "lines": 2}[mode],
        say=lambda line: print(line, flush=True),
    )


def _status(args):
    from .runner import missing
    from .store import Store

    specs, store = _specs(args, _weights(args)[1]), Store(args.results)
    todo = missing(specs, store)
    arms: dict[tuple[str, int], list[bool]] = {}
    for spec in specs:
        arms.setdefault(spec.arm, []).append(spec not in todo)
    for (strategy, n_labels), done in arms.items():
        print(f"{strategy:16}  {n_labels:7,} labels  {sum(done)} of {len(done)} done")
    stale = sorted(set(store.ids()) - {s.id for s in _specs_of_all(args)})
    print(f"preset {args.preset}: {len(specs) - len(todo)} of {len(specs)} runs done")
    if stale:
        print(f"stale: {len(stale)} results belong to no preset: {', '.join(stale)}")


def _specs_of_all(args):
    from .presets import expand, preset_names

    return [spec for name in preset_names() for spec in expand(name)] + _specs(args, _weights(args)[1])


def _show(args):
    import json

    from .store import Store

    store = Store(args.results)
    matches = [i for i in store.ids() if i.startswith(args.run)]
    if len(matches) != 1:
        found = ", ".join(matches) if matches else "none"
        raise StudyError(
            f"show {args.run}: matches {len(matches)} results ({found}); `python -m transferstudy status` says what is there"
        )
    record = store.load(matches[0])
    if args.json:
        print(json.dumps(record, indent=1, sort_keys=True))
        return
    spec, test = record["spec"], record["metrics"]["test"]
    print(f"run {record['id']}  ({record['spec_hash']})")
    print("\n".join(f"  {key:20} {value}" for key, value in spec.items()))
    print(
        f"test: accuracy {test['accuracy']:.4f}, nll {test['nll']:.4f}, ece {test['ece']:.4f}, n {test['n']:,}"
    )
    print(f"started from: {record['weights']['name']} {record['weights']['sha256'] or ''}")
    print(f"data: {record['data']['name']} {record['data']['sha256']}")
    environment = record["environment"]
    print(
        f"made with: Keras {environment['libraries']['keras']} on {environment['backend']}, {environment['processor']}"
    )
    print(f"wall time: {record['timing']['total']['wall']:.0f} s, finished {record['finished']}")


def _verify(args):
    from .store import Store
    from .verify import verify

    checked = verify(Store(args.results))
    print(f"{checked} results: files whole, measures recomputed from the predictions and equal")


COMMANDS = {"plan": _plan, "run": _run, "status": _status, "show": _show, "verify": _verify}
