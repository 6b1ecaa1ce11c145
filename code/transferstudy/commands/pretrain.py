"""`python -m transferstudy pretrain`: train a network on Tiny ImageNet and keep weights, log and measures."""

from pathlib import Path

HELP = "pretrain a network on Tiny ImageNet (needs --data)"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--backbone",
        required=True,
        choices=("vgg16", "compact"),
        help="settings: [pretraining.*] in presets.toml",
    )
    parser.add_argument("--data", metavar="PATH", help="tiny-imagenet.npz or the official folder")
    parser.add_argument("--epochs", type=int, help="instead of the number in presets.toml")
    parser.add_argument("--image-size", type=int, choices=(32, 64), help="pixels a side (default: 32)")
    parser.add_argument("--seed", type=int, help="default: 0")
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"))
    parser.add_argument(
        "--per-class", type=int, metavar="N", help="only N training images of each class, for a trial"
    )
    parser.add_argument(
        "--weights-dir", type=Path, metavar="DIR", help="where the weights go (default: .cache/weights)"
    )
    parser.add_argument("--progress", choices=("bar", "lines", "none"), default="lines")


def run(args) -> None:
    """Run the command."""
    from ..experiments.pretraining.run import pretrain
    from ..experiments.pretraining.settings import pretraining
    from ..results.store import Store
    from .options import VERBOSE

    spec = pretraining(
        args.backbone,
        epochs=args.epochs,
        image_size=args.image_size,
        seed=args.seed,
        precision=args.precision,
        per_class=args.per_class,
    )
    pretrain(
        spec,
        Path(args.data).expanduser() if args.data else None,
        Store(args.results),
        args.weights_dir,
        verbose=VERBOSE[args.progress],
        say=lambda line: print(line, flush=True),
    )
