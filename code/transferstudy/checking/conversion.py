"""Records of the first edition brought to this one: the same runs and predictions, more measures.

The first edition rounded log-probabilities to 3 bits of mantissa, so the probabilities of an image sum to 0.82 to 1.18. Their files
stay as they are, byte for byte: `Store.predictions` divides by the sum on reading. Its measures were computed like that already,
so they stay too, and only new ones are added.
"""

from ..results.metrics import measure_all
from ..results.store import FIRST, SCHEMA, Store
from .verify import check_measures

FIRST_ROUNDING = "3 bits, normalised"


def convert(store: Store) -> int:
    """Rewrite every record of the first edition in a store, each in one piece, and return how many there were.

    `predictions.rounding` then says how its predictions were rounded. After a stop the same call goes on with the rest.

    Raises:
        StudyError: a file is damaged, or a measure is not what the predictions give; that record is left as it is.
    """
    converted = 0
    for run_id in store.ids():
        record = store.load(run_id, schemas=(FIRST, SCHEMA))
        if record["schema"] == SCHEMA:
            continue
        fresh = measure_all(store.predictions(record))
        metrics = {part: {**fresh.get(part, {}), **known} for part, known in record["metrics"].items()}
        predictions = {**record["predictions"], "rounding": FIRST_ROUNDING}
        record |= {"schema": SCHEMA, "metrics": metrics, "predictions": predictions}
        check_measures(record, fresh, store.remake(run_id))
        store.save_record(record)
        converted += 1
    return converted
