"""`python -m transferstudy bench`: what cached activations, the store and a second worker save or cost; how fast `predict` is."""

import time
from pathlib import Path

HELP = "time training with and without cached activations, the store, two workers, and predict"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    from .options import positive

    parser.add_argument(
        "--data", metavar="PATH", help="images to time with (default: the sample in the package)"
    )
    parser.add_argument("--backbone", default="vgg16", help="network (default: vgg16)")
    parser.add_argument("--image-size", type=positive, metavar="PX", help="default: that of the images")
    parser.add_argument(
        "--images", type=positive, default=512, metavar="N", help="of an epoch (default: 512)"
    )
    parser.add_argument("--batch-size", type=positive, default=128, metavar="N", help="default: 128")
    parser.add_argument("--epochs", type=positive, default=3, metavar="N", help="timed epochs (default: 3)")
    parser.add_argument(
        "--workers",
        action="store_true",
        help="instead: the same runs on one worker and on two, each tied to one core",
    )
    parser.add_argument("--runs", type=positive, default=4, metavar="N", help="of --workers (default: 4)")
    parser.add_argument(
        "--steps", type=positive, default=150, metavar="N", help="of each run of --workers (default: 150)"
    )
    parser.add_argument(
        "--predict",
        type=Path,
        metavar="FOLDER",
        help="instead: predict beside a plain loop of Keras, on the pictures of this folder",
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help="of --predict: a .keras file of a study")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="write them to results/bench, for the page on reproducibility; nothing else should run meanwhile",
    )


def run(args) -> None:
    """Run the command."""
    from ..errors import StudyError
    from ..results.environment import describe
    from ..results.records import as_json, write_atomic, write_record
    from ..results.store import Store

    if bool(args.predict) != bool(args.model):
        raise StudyError("--predict FOLDER and --model FILE belong together: give both")
    if args.predict and args.keep:
        raise StudyError("--keep: no page shows how fast predict is. Use --out FILE instead.")
    what = _predicting if args.predict else _workers if args.workers else _single
    results = what(args)
    results["environment"] = env = describe()
    results["made"] = time.strftime("%Y-%m-%d", time.gmtime())
    print(f"on: {env['processor']}, {env['cores']} cores, {env['backend']}")
    if args.out:
        write_atomic(args.out, as_json(results).encode())
        print(f"{args.out} written")
    if args.keep:
        path = Store(args.results).root / "bench" / f"{'workers' if args.workers else 'training'}.json"
        write_record(path, results)
        print(f"{path} written")


def _single(args) -> dict:
    from ..data import load
    from ..data.source import data_source, dataset_name
    from ..errors import StudyError
    from ..experiments.bench import store_overhead, training
    from ..plan.backbones import get_backbone
    from ..results.store import Store

    source = data_source(args.data)
    name = dataset_name(source) or ("cifar10" if source else "cifar10-sample")
    data = load(name, source, args.image_size or 32)
    images = args.images
    if images > len(data.y_train):
        if source:
            raise StudyError(f"--images {images}: {data.name} has {len(data.y_train):,} training images")
        images = len(data.y_train)
        print(f"{images} images: the sample has no more; --data PATH gives more")
    found = {}
    stages = {"linear_probe": None, "finetune": max(get_backbone(args.backbone).cuts)}
    for what, train_from in stages.items():
        title = f"fine-tuning from {train_from}" if train_from else "linear probe"
        figures = training(
            train_from, data, args.backbone, images, args.batch_size, args.epochs, args.image_size
        )
        found[what] = figures
        counts = figures["multiply_adds"]
        print(
            f"{title}, {args.backbone} at {figures['image_size']} px, {images:,} images, batches of {args.batch_size}:\n"
            f"    {figures['without_cache']:.3f} s an epoch without cached activations, {figures['with_cache']:.3f} s with: "
            f"{figures['speedup']:.1f} times faster (training alone)\n"
            f"    arithmetic allows {figures['ceiling']:,.1f}: {counts['prefix'] / 1e6:.1f} million multiply-adds an image "
            f"before the cut, {counts['suffix'] / 1e6:.3f} after it, three passes over what learns\n"
            f"    computing the activations once took {figures['prepare_seconds']:.2f} s",
            flush=True,
        )
    kept = store_overhead(Store(args.results))
    print(
        f"store, one run with {kept['test_images']:,} test images: {kept['save_seconds']:.2f} s to save, "
        f"{kept['load_seconds']:.2f} s to load and check, {kept['bytes']:,} bytes"
    )
    return {**found, "store": kept}


def _workers(args) -> dict:
    from ..experiments.bench import workers

    figures = workers(runs=args.runs, steps=args.steps)
    for count, seconds in figures["seconds"].items():
        print(
            f"{count} worker{'s' if count > 1 else ''} with one core each: {figures['runs']} runs in {seconds:.1f} s "
            f"(start-up {figures['start_seconds'][count]:.1f} s, not counted)"
        )
    print(f"{figures['speedup']:.2f} times faster")
    return {"workers": figures}


def _predicting(args) -> dict:
    from ..own_images.model.predict_speed import beside_keras

    figures = beside_keras(args.predict, args.model)
    print(
        f"{figures['pictures']:,} pictures in batches of {figures['batch_size']}: predict {figures['predict']:,.0f} a second, a plain "
        f"loop of Keras {figures['keras_loop']:,.0f}"
    )
    return {"predict": figures}
