"""`python -m transferstudy energy`: what the runs of a preset took in watt-hours and grams of CO2e, as an estimate."""

HELP = "estimate the energy and CO2e of finished runs"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("--preset", default="report", help="list of runs in presets.toml (default: report)")
    parser.add_argument(
        "--country", metavar="CODE", help="carbon intensity of a country, such as FRA (default: the world's)"
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="instead: make the tables anew, for the processors of all records (needs codecarbon)",
    )


def run(args) -> None:
    """Run the command."""
    from ..results.store import Store

    if args.update:
        _update(Store(args.results))
        return
    from ..analysis.study import load
    from ..report.bill import bill, estimator

    study, estimate = load(args.preset, args.results, partial=True), estimator()
    intensity = estimate.intensity(args.country)
    print(f"an estimate by the tables of {estimate.name} {estimate.version}, {intensity:g} g of CO2e a kWh")
    print(
        f"{'strategy':16}  {'labels':>7}  {'core-min':>9}  {'Wh':>8}  {'g CO2e':>8}  {'Wh with pretraining':>20}"
    )
    for arm in study.arms.values():
        each = bill(study, arm)
        own = f"{each.watt_hours:8.2f}" if each.watt_hours is not None else "       -"
        grams = (
            f"{estimate.grams(each.watt_hours, args.country):8.2f}"
            if each.watt_hours is not None
            else "       -"
        )
        whole = f"{each.whole_wh:20.2f}" if each.whole_wh is not None else f"{'-':>20}"
        minutes = f"{each.cpu_seconds / 60:9.1f}" if each.cpu_seconds is not None else f"{'-':>9}"
        print(f"{arm.strategy.name:16}  {arm.n_labels:7,}  {minutes}  {own}  {grams}  {whole}")


def _update(store) -> None:
    from ..experiments.energy.tables import make
    from ..paths import energy_file
    from ..results.pretrained import pretraining_records

    records = [store.load(run_id) for run_id in store.ids()] + list(pretraining_records(store.root).values())
    made = make({r["environment"]["processor"] for r in records}, energy_file())
    known = sum(watts is not None for watts in made["processors"].values())
    print(
        f"{energy_file().name}: tables of {made['estimator']} {made['version']}, {known} of {len(made['processors'])} "
        "processors known by name"
    )
