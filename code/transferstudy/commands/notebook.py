"""`python -m transferstudy notebook`: build the Colab notebook from the package and its narrative, and run it."""

HELP = "build notebooks/transfer_learning.ipynb and run it (--check compares only)"
PARENTS = ()


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("--check", action="store_true", help="say whether the committed file is up to date")
    parser.add_argument("--links", action="store_true", help="only write the links in the README anew")
    parser.add_argument("--no-run", action="store_true", help="write it without outputs")
    parser.add_argument(
        "--excerpt", action="store_true", help="choose the images that it carries anew (needs --data)"
    )
    parser.add_argument("--data", metavar="PATH", help="CIFAR-10, for --excerpt")


def run(args) -> None:
    """Run the command."""
    from ..data import load
    from ..data.source import data_source
    from ..errors import StudyError
    from ..notebook import build, links
    from ..notebook.embedded import EXCERPT_SHA256, excerpt
    from ..paths import project_root
    from ..store import digest

    root = project_root()
    if args.links:
        links.write(root)
        return
    images = excerpt(load("cifar10", data_source(args.data))) if args.excerpt else None
    if images and digest(images) != EXCERPT_SHA256:
        raise StudyError(
            f"--excerpt chose other images than EXCERPT_SHA256 in notebook/embedded.py says: write {digest(images)} there first"
        )
    content = build.notebook(root, images=images)
    if args.check:
        build.check(root, content)
        links.check(root)
        print(f"notebooks/{build.NAME} is what the sources give")
        return
    links.write(root)
    if args.no_run:
        build.write(content, root / "notebooks" / build.NAME)
        return
    from ..notebook.execute import execute

    print("running the notebook (QUICK): a few minutes", flush=True)
    ran = execute(content, {"NOTEBOOK_MODE": "QUICK", "KERAS_BACKEND": "tensorflow"})
    build.write(build.with_outputs(content, ran), root / "notebooks" / build.NAME)
    print(f"notebooks/{build.NAME} written, with the outputs of this run")
