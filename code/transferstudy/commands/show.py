"""`python -m transferstudy show`: print one result."""

import json

from ..errors import StudyError

HELP = "print one result"
PARENTS = ("where",)
GROUP = "study"


def arguments(parser) -> None:
    """Add the command's options."""
    parser.add_argument("run", help="run id or its beginning")
    parser.add_argument("--json", action="store_true", help="print the whole record")


def run(args) -> None:
    """Run the command."""
    from ..results.store import Store

    store = Store(args.results)
    matches = [i for i in store.ids() if i.startswith(args.run)]
    if len(matches) != 1:
        found = ", ".join(matches) if matches else "none"
        raise StudyError(
            f"show {args.run}: matches {len(matches)} results ({found}); `python -m transferstudy status` says what is there"
        )
    record = store.load(matches[0])
    if args.json:
        print(json.dumps(record, indent=1, sort_keys=True))
        return
    spec = record["spec"]
    print(f"run {record['id']}  ({record['spec_hash']})")
    print("\n".join(f"  {key:20} {value}" for key, value in spec.items()))
    for part, name in (("val", "validation"), ("test", "test")):
        if found := record["metrics"].get(part):
            print(
                f"{name}: accuracy {found['accuracy']:.4f}, nll {found['nll']:.4f}, ece {found['ece']:.4f}, n {found['n']:,}"
            )
    if "test" not in record["metrics"]:
        print("test: a tuning run does not look at the test images")
    if robust := record["metrics"].get("robustness"):
        print(f"corrupted: {robust['images']:,} test images, {robust['clean']:.4f} as they are")
        for kind, shares in robust["accuracy"].items():
            print(f"  {kind:20} {', '.join(f'{share:.4f}' for share in shares)}")
    print(f"started from: {record['weights']['name']} {record['weights']['sha256'] or ''}")
    print(f"data: {record['data']['name']} {record['data']['sha256']}")
    environment = record["environment"]
    print(
        f"made with: Keras {environment['libraries']['keras']} on {environment['backend']}, {environment['processor']}"
    )
    print(f"wall time: {record['timing']['total']['wall']:.0f} s, finished {record['finished']}")
