"""`python -m transferstudy verify`: check every stored file, and recompute every measure."""

from pathlib import Path

from ..errors import StudyError, printable

HELP = "check every file, every measure, and where the weights came from"
PARENTS = ("where",)
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    from ..own_images.look.options import reading_options

    parser.add_argument(
        "--data",
        metavar="PATH",
        help="hash CIFAR-10's images too, or say which runs are of a folder's pictures",
    )
    reading_options(parser)
    parser.add_argument("--source", metavar="PATH", help="hash Tiny ImageNet's images too")


def run(args) -> None:
    """Run the command."""
    from ..own_images.study.check import check_study, is_study

    if args.results and not Path(args.results).exists():
        raise StudyError(f"--results {printable(args.results)}: does not exist. Check the path.")
    if args.results and is_study(Path(args.results)):
        print("\n".join(check_study(Path(args.results))))
        return
    from ..analysis.repeated_runs import check as check_again
    from ..checking.provenance import check, check_pixels
    from ..checking.verify import check_strays, roundings, verify
    from ..data.source import data_source, dataset_name
    from ..experiments.applications import load as load_applications
    from ..experiments.applications import path as applications_path
    from ..experiments.energy.estimate import load as load_energy
    from ..experiments.inside.stored import check_all as check_inside
    from ..experiments.keras_mistakes.stored import check_all
    from ..experiments.sheet import check as check_sheet
    from ..own_images.look.options import reading
    from ..own_images.look.stored import pictures_of
    from ..paths import cards_dir
    from ..results import manifest
    from ..results.benches import COMMANDS, read_bench
    from ..results.store import Store

    store = Store(args.results)
    if store.ids() or (store.root / manifest.NAME).is_file():  # an empty folder is told apart below
        if (files := manifest.check(store.root)) is not None:
            print(f"{files:,} files: none missing, changed or added since {manifest.NAME} was written")
        else:
            print(
                f"{manifest.NAME}: not there; {manifest.COMMAND} --results DIR lists all files, so that none gets lost unseen"
            )
    check_strays(store.root)
    checked = verify(store)
    print(f"{checked} results: files whole, measures recomputed from the predictions and equal")
    for rounding, count in sorted(roundings(store).items()):
        print(
            f"  {count} of them hold predictions rounded to {rounding}; the probabilities of each image sum to 1"
        )
    if (store.root / "groups").is_dir():
        check_strays(store.root / "groups")
        print(f"{verify(Store(store.root / 'groups'))} runs with and without --groups: the same")
    reached = check(store, cards_dir())
    print(
        f"{reached['results']} results started from known weights; {reached['weights']} shipped weights files and "
        f"{reached['pretraining']} pretraining records agree with each other and with the cards"
    )
    load_energy()
    benches = [store.root / "bench" / f"{what}.json" for what in COMMANDS]
    tables = [read_bench(path) for path in benches if path.is_file()]
    print(f"{len(tables) + 1} tables of energy and speed: whole")
    if twice := check_again(store):
        print(f"{twice} runs made again elsewhere: file whole, how far they agree computed anew and equal")
    if looked := check_inside(store.root):
        print(f"{looked} looks inside networks: files whole")
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
    named = None if dataset_name(data) else data
    if pictures := check_sheet(store.root, named):
        print(f"explore: {pictures} test images, {'every pixel' if named else 'the files'} as recorded")
    for line in pictures_of(store, data, reading(args)):
        print(line)
    for name in check_pixels(named, source, cards_dir()):
        print(f"{name}: the images are those of the card")
