"""`python -m transferstudy plan`: list the runs of a preset, and estimate how long they take."""

import sys
import time

from ..errors import StudyError
from .options import overrides, specs, weights

HELP = "list the runs of a preset"
PARENTS = ("chosen", "where")
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--cost", action="store_true", help="estimate hours from the time that finished runs took"
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="with --cost: first measure this machine, some seconds for each kind of run",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="with --measure: measure only kinds of which no run is finished, and write the times to results/bench, for the page "
        "on the second plan; nothing else should run meanwhile",
    )


def run(args) -> None:
    """Run the command."""
    from ..analysis.costs.estimate import estimate, without_pace
    from ..plan.presets import following
    from ..results.store import Store
    from ..running.runner import fold_words

    _, replaced = weights(args)
    chosen = specs(args, replaced)
    store = Store(args.results)
    print(f"{'run':12}  {'strategy':16}  {'labels':>7}  {'seed':>4}  {'backbone':10}  {'weights':14}  state")
    for spec in chosen:
        state = ("done" if store.has(spec) else "to do") + fold_words(spec)
        print(
            f"{spec.id}  {spec.strategy:16}  {spec.n_labels:7,}  {spec.seed:4}  {spec.backbone:10}  {spec.weights[:14]:14}  {state}"
        )
    if args.measure and not args.cost:
        raise StudyError("--measure: it is for the estimate; give --cost as well")
    if args.keep and not args.measure:
        raise StudyError("--keep: it keeps what was measured; give --cost --measure as well")
    if args.cost:
        measured = ()
        if args.measure:
            from .. import keras_settings

            keras_settings.prepare()
            from ..training.timing import measured as measure

            left = [s for s in chosen if not store.has(s)]
            if args.keep:
                left = without_pace(left, [store.load(run_id) for run_id in store.ids()])
            measured = measure(left, lambda line: print(line, file=sys.stderr))
            if args.keep:
                _keep(measured, store)
        robust = following(args.preset, "robustness", **overrides(args, replaced))
        print(estimate(chosen, store, robust, measured))


def _keep(measured: list[dict], store) -> None:
    from ..results.environment import describe
    from ..results.records import write_record

    path = store.root / "bench" / "paces.json"
    made = time.strftime("%Y-%m-%d", time.gmtime())
    write_record(path, {"paces": measured, "environment": describe(), "made": made})
    print(f"{path} written")
