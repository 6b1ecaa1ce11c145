"""`python -m transferstudy ship`: pack pretrained weights for the repository and measure what the packing costs."""

from pathlib import Path

HELP = "pack pretrained weights into results/weights (needs --source or --data)"
PARENTS = ("where",)
GROUP = "behind the runs"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("--weights", required=True, type=Path, metavar="FILE", help="weights file")
    parser.add_argument("--name", required=True, help="what runs call these weights")
    parser.add_argument("--backbone", required=True, choices=("vgg16", "compact"))
    parser.add_argument("--image-size", type=int, default=32, choices=(32, 64))
    parser.add_argument("--form", default="int8", choices=("int8", "float16"))
    parser.add_argument(
        "--source", type=Path, metavar="PATH", help="Tiny ImageNet, to measure weights that have its head"
    )
    parser.add_argument("--data", metavar="PATH", help="CIFAR-10, to measure other weights by a probe")
    parser.add_argument("--card", metavar="NAME", help="card of weights made outside the project")


def run(args) -> None:
    """Run the command."""
    from ..data.source import data_source
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
        data_source(args.data),
    )
    print(f"{made['file']}: {made['bytes']:,} bytes, sha256 {made['sha256']}")
    if "probe" in made:
        probe = made["probe"]
        for seed, before, after in zip(probe["seeds"], probe["before"], probe["after"], strict=True):
            print(f"linear probe, seed {seed}: {before:.4f} before, {after:.4f} as shipped")
        return
    before, after = made["source"]["before"], made["source"]["after"]
    print(
        f"source top-1 {before['top1']:.4f} before, {after['top1']:.4f} as shipped; top-5 {before['top5']:.4f}, {after['top5']:.4f}"
    )
