"""The command line: `python -m transferstudy COMMAND`; the smaller commands stand here, the others in `commands/`.

Nothing heavy is imported until a command needs it, so that looking at results takes a moment.
"""

import argparse
import shlex
import signal
import sys
import threading
from contextlib import contextmanager

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
    run.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="N runs at a time, each with its share of the cores",
    )
    run.add_argument("--backend", choices=("dask", "ray"), help="run on a cluster that exists already")
    run.add_argument("--address", metavar="ADDRESS", help="of the cluster, such as tcp://host:8786")
    commands.add_parser("status", parents=[chosen, where], help="what is done, missing and stale")
    show = commands.add_parser("show", parents=[where], help="print one result")
    show.add_argument("run", help="run id or its beginning")
    show.add_argument("--json", action="store_true", help="print the whole record")
    check = commands.add_parser(
        "verify", parents=[where], help="check every file, every measure, and where the weights came from"
    )
    check.add_argument("--data", metavar="PATH", help="hash CIFAR-10's images too")
    check.add_argument("--source", metavar="PATH", help="hash Tiny ImageNet's images too")
    shared = {"chosen": chosen, "where": where}
    for name, module in modules().items():
        own = commands.add_parser(name, parents=[shared[key] for key in module.PARENTS], help=module.HELP)
        module.arguments(own)
    return top


def positive(text: str) -> int:
    """Read a whole number of at least 1 from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, not {text!r}")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for wrong input, 130 or 143 when it was told to stop."""
    args = parser().parse_args(argv)
    try:
        with _terminable():
            run = COMMANDS.get(args.command) or modules()[args.command].run
            return run(args) or 0
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("stopped; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return 128 + (signal.SIGTERM if isinstance(stop, _Terminated) else signal.SIGINT)


class _Terminated(KeyboardInterrupt):
    """SIGTERM came: from `kill`, or from a cluster whose time limit is reached."""


@contextmanager
def _terminable():
    """Take SIGTERM as Ctrl-C is taken; by default Python ends at once, and worker processes would compute on without it."""

    def stop(*_):
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _overrides(args, weights_name: str | None) -> dict:
    from .data.source import data_source, dataset_name

    overrides = {}
    if name := dataset_name(data_source(args.data)):
        overrides["dataset"] = name
    if weights_name:
        overrides["weights"] = weights_name
    return overrides


def _specs(args, weights_name: str | None = None):
    from .presets import expand, select

    return select(expand(args.preset, **_overrides(args, weights_name)), args.only)


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
    from .presets import following
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
        robust = following(args.preset, "robustness", **_overrides(args, _weights(args)[1]))
        print(estimate(specs, store, robust))


def _run(args):
    from .data.source import data_source
    from .presets import following, untuned
    from .runner import run_all
    from .store import Store

    file, name = _weights(args)
    specs = _specs(args, name)
    open_arms = set(untuned(args.preset)) & {spec.arm for spec in specs}
    if open_arms:
        strategy, n_labels = sorted(open_arms)[0]
        raise StudyError(
            f"--preset {args.preset}: settings of {len(open_arms)} arms, {strategy} at {n_labels:,} labels among them, "
            "are not tuned yet: run --preset tuning first, then put what python -m transferstudy tuned prints into presets.toml"
        )
    mode = args.progress or ("bar" if sys.stdout.isatty() else "lines")
    run_all(
        specs,
        Store(args.results),
        data_source(args.data),
        file,
        keep=following(args.preset, "keep_model", **_overrides(args, name)),
        robust=following(args.preset, "robustness", **_overrides(args, name)),
        verbose={"none": 0, "bar": 1, "lines": 2}[mode],
        say=lambda line: print(line, flush=True),
        jobs=args.jobs,
        backend=args.backend,
        address=args.address,
        again=_command(args),
    )


def _command(args) -> str:
    """Return the `run` command that was given, without what only this call needs."""
    given = {
        "--preset": args.preset,
        "--data": args.data,
        "--weights": args.weights,
        "--results": args.results,
    }
    options = [part for option, value in given.items() if value for part in (option, str(value))]
    return shlex.join(["python", "-m", "transferstudy", "run", *options])


def _status(args):
    from .runner import missing
    from .store import Store

    specs, store = _specs(args, _weights(args)[1]), Store(args.results)
    todo = missing(specs, store)
    todo_ids = {spec.id for spec in todo}
    groups: dict[tuple, list[bool]] = {}
    for spec in specs:
        groups.setdefault((spec.arm, spec.image_size, spec.purpose), []).append(spec.id not in todo_ids)
    sizes = {spec.image_size for spec in specs}
    for ((strategy, n_labels), side, purpose), done in groups.items():
        what = (f"  {side} px" if len(sizes) > 1 else "") + ("  tuning" if purpose == "tuning" else "")
        print(f"{strategy:16}  {n_labels:7,} labels{what}  {sum(done)} of {len(done)} done")
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
    spec = record["spec"]
    print(f"run {record['id']}  ({record['spec_hash']})")
    print("\n".join(f"  {key:20} {value}" for key, value in spec.items()))
    for part, name in (("val", "validation"), ("test", "test")):
        if found := record["metrics"].get(part):
            print(
                f"{name}: accuracy {found['accuracy']:.4f}, nll {found['nll']:.4f}, ece {found['ece']:.4f}, n {found['n']:,}"
            )
    if "test" not in record["metrics"]:
        print("test: a tuning run does not look at the test images")
    if robust := record["metrics"].get("robustness"):
        print(f"corrupted: {robust['images']:,} test images, {robust['clean']:.4f} as they are")
        for kind, shares in robust["accuracy"].items():
            print(f"  {kind:20} {', '.join(f'{share:.4f}' for share in shares)}")
    print(f"started from: {record['weights']['name']} {record['weights']['sha256'] or ''}")
    print(f"data: {record['data']['name']} {record['data']['sha256']}")
    environment = record["environment"]
    print(
        f"made with: Keras {environment['libraries']['keras']} on {environment['backend']}, {environment['processor']}"
    )
    print(f"wall time: {record['timing']['total']['wall']:.0f} s, finished {record['finished']}")


def _verify(args):
    from .agreement import check as check_again
    from .applications import load as load_applications
    from .applications import path as applications_path
    from .chain import check, check_pixels
    from .data.source import data_source
    from .keras_mistakes.stored import check_all
    from .paths import cards_dir, energy_file
    from .records import read_record
    from .sheet import check as check_sheet
    from .store import Store
    from .verify import roundings, verify

    store = Store(args.results)
    checked = verify(store)
    print(f"{checked} results: files whole, measures recomputed from the predictions and equal")
    for rounding, count in sorted(roundings(store).items()):
        print(
            f"  {count} of them hold predictions rounded to {rounding}; the probabilities of each image sum to 1"
        )
    reached = check(store, cards_dir())
    print(
        f"{reached['results']} results started from known weights; {reached['weights']} shipped weights files and "
        f"{reached['pretraining']} pretraining records agree with each other and with the cards"
    )
    tables = [*sorted((store.root / "bench").glob("*.json")), energy_file()]
    for path in tables:
        read_record(path, f"python -m transferstudy {path.parent.name}")
    print(f"{len(tables)} tables of energy and speed: whole")
    if twice := check_again(store):
        print(f"{twice} runs made again elsewhere: file whole, how far they agree computed anew and equal")
    mistakes = check_all(store.root)
    print(
        f"{mistakes} demonstrations of mistakes: files whole, accuracies recomputed from the predictions and equal"
    )
    if applications_path(store.root).is_file():
        offered = load_applications(store.root)
        print(
            f"{len(offered['builders'])} networks of keras.applications, as Keras {offered['keras']} builds them: file whole"
        )
    data, source = (data_source(path) if path else None for path in (args.data, args.source))
    if pictures := check_sheet(store.root, data):
        print(
            f"explore/sheet.webp: {pictures} test images, {'every pixel' if data else 'the file'} as recorded"
        )
    for name in check_pixels(data, source, cards_dir()):
        print(f"{name}: the images are those of the card")


COMMANDS = {"plan": _plan, "run": _run, "status": _status, "show": _show, "verify": _verify}
