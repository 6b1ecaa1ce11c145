"""`python -m transferstudy inside`: train named runs again and keep what pages show of their inside."""

HELP = "look into networks: train the named runs again, keep maps, CKA, filters and features"
PARENTS = ("chosen", "where")
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("--progress", choices=("bar", "lines", "none"), default="lines")


def run(args) -> None:
    """Run the command.

    Raises:
        StudyError: no run is named, or wrong input.
    """
    from ..data.source import data_source
    from ..errors import StudyError
    from ..experiments.inside.stored import names, save
    from ..models.weightsfile import resolve
    from ..results.store import Store
    from .options import VERBOSE, specs, weights

    source, root = data_source(args.data), Store(args.results).root
    if not args.only:
        raise StudyError("inside: name the runs to look into, for example --only finetune_all --only seed=0")
    file, replaced = weights(args)
    there = set(names(root))
    todo = [spec for spec in specs(args, replaced) if spec.id not in there]
    for start in {spec.weights for spec in todo}:
        resolve(start, file)
    print(f"{len(todo)} runs to look into")
    verbose = VERBOSE[args.progress]
    for number, spec in enumerate(todo, 1):
        from ..experiments.inside.look import look

        said = f"{spec.strategy}, {spec.n_labels:,} labels, {spec.image_size} px, seed {spec.seed}"
        print(f"[{number}/{len(todo)}] {spec.id} {said}", flush=True)
        about = save(root, spec.id, *look(spec, _images(args, source, spec), file, verbose))
        print(f"    {about['arrays']['file']}: {about['arrays']['bytes']:,} bytes", flush=True)


def _images(args, source, spec):
    from ..data import load
    from ..data.division import divided
    from ..own_images.look.options import reading

    data = load(spec.dataset, source, spec.image_size, spec.fit, reading(args))
    return divided(data, spec.folds, spec.fold, spec.seed)
