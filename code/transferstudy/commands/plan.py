"""`python -m transferstudy plan`: list the runs of a preset, and estimate how long they take."""

from .options import overrides, specs, weights

HELP = "list the runs of a preset"
PARENTS = ("chosen", "where")
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--cost", action="store_true", help="estimate hours from the time that finished runs took"
    )


def run(args) -> None:
    """Run the command."""
    from ..analysis.estimate import estimate
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
    if args.cost:
        robust = following(args.preset, "robustness", **overrides(args, replaced))
        print(estimate(chosen, store, robust))
