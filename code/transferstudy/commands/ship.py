"""`python -m transferstudy ship`: pack pretrained weights for the repository and measure what the packing costs."""

from pathlib import Path

HELP = "pack pretrained weights into results/weights (needs --source)"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--weights", required=True, type=Path, metavar="FILE", help=".npz with the source head"
    )
    parser.add_argument("--name", required=True, help="what runs call these weights")
    parser.add_argument("--backbone", required=True, choices=("vgg16", "compact"))
    parser.add_argument("--image-size", type=int, default=32, choices=(32, 64))
    parser.add_argument("--form", default="int8", choices=("int8", "float16"))
    parser.add_argument("--source", type=Path, metavar="PATH", help="Tiny ImageNet, to measure on")
    parser.add_argument("--card", metavar="NAME", help="card of weights made outside the project")


def run(args) -> None:
    """Run the command."""
    from ..experiments.pretraining.shipping import ship
    from ..results.store import Store

    made = ship(
        args.weights,
        args.name,
        args.backbone,
        args.image_size,
        args.form,
        args.source,
        Store(args.results).root,
        args.card,
    )
    before, after = made["source"]["before"], made["source"]["after"]
    print(f"{made['file']}: {made['bytes']:,} bytes, sha256 {made['sha256']}")
    print(
        f"source top-1 {before['top1']:.4f} before, {after['top1']:.4f} as shipped; top-5 {before['top5']:.4f}, {after['top5']:.4f}"
    )
