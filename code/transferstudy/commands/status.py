"""`python -m transferstudy status`: what is done, missing and stale."""

from .options import specs, weights

HELP = "what is done, missing and stale"
PARENTS = ("chosen", "where")
GROUP = "study"
EDITION = "second-edition"


def arguments(parser) -> None:
    """Add no options: the shared ones are all."""


def run(args) -> None:
    """Run the command."""
    from ..own_images.look.stored import of_folders, of_other_pictures
    from ..results.store import Store
    from ..running.runner import missing

    _, replaced = weights(args)
    chosen, store = specs(args, replaced), Store(args.results)
    todo = missing(chosen, store)
    todo_ids = {spec.id for spec in todo}
    groups: dict[tuple, list[bool]] = {}
    for spec in chosen:
        groups.setdefault((spec.arm, spec.image_size, spec.purpose), []).append(spec.id not in todo_ids)
    sizes = {spec.image_size for spec in chosen}
    for ((strategy, n_labels), side, purpose), done in groups.items():
        what = (f"  {side} px" if len(sizes) > 1 else "") + ("  tuning" if purpose == "tuning" else "")
        print(f"{strategy:16}  {n_labels:7,} labels{what}  {sum(done)} of {len(done)} done")
    known = {s.id for s in [*_of_all_presets(), *chosen]}
    folders = {} if set(store.ids()) <= known else of_folders(store)
    stale = sorted(set(store.ids()) - known - folders.keys())
    print(f"preset {args.preset}: {len(chosen) - len(todo)} of {len(chosen)} runs done")
    if args.preset in (EDITION, "report"):
        print(_edition(store))
    if others := of_other_pictures(folders, chosen):
        print(others)
    if stale:
        print(f"stale: {len(stale)} results belong to no preset: {', '.join(stale)}")


def _edition(store) -> str:
    from ..plan.presets import expand
    from ..running.runner import missing

    declared = expand(EDITION)
    left = len(missing(declared, store))
    why = "; the others are not, for want of computing time: chapters/second-plan.qmd has their cost" * bool(
        left
    )
    return f"second edition: {len(declared) - left} of {len(declared)} declared runs done{why}"


def _of_all_presets():
    from ..plan.presets import expand, preset_names

    return [spec for name in preset_names() for spec in expand(name)]
