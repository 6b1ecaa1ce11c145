"""Predictions made small enough to keep for every run, and read so that the probabilities of each image sum to one.

Kept exactly (to half precision) is what measures depend on: the probability of the predicted class, for accuracy and
calibration, and that of the true class, for the likelihood. The other classes share what is left; their shares are rounded
roughly. Shares always fit: whatever is stored, `log_softmax` makes probabilities of it.
"""

import numpy as np

ROUNDING = "1 bit, predicted and true class exact"  # what a record says of predictions rounded here
MANTISSA_BITS = 1
_LOWEST = -30_000.0  # half precision reaches twice as far either way
_STEP = 2.0**-10  # relative, of half precision
_TRIES = 8


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return float64 log-probabilities that sum to one, from logits or other scores of shape (n, classes).

    Scores count up to a constant for each image; log-probabilities stay what they are.
    """
    from scipy.special import log_softmax as scipy_log_softmax

    return scipy_log_softmax(np.asarray(scores, np.float64), axis=1)


def rounded(log_p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Round log-probabilities, so that `log_softmax` of the result gives nearly the same ones.

    Log-probabilities of the other classes lose all but one bit of mantissa (an error of up to 25 %). That changes their sum,
    so the predicted and the true class are shifted by as much, and their probabilities come out as they were. Where
    rounding would put another class in front, it moves down instead.

    Args:
        log_p: (n, classes), exact, at most 0; below -30,000 they count as -30,000.
        y: integer labels (n,).

    Returns:
        float16 scores (n, classes). The predicted class has the largest alone; `log_softmax` of them gives the predicted and the
        true class their values in `log_p` to half precision.
    """
    log_p = np.maximum(log_p, _LOWEST)
    rows, top = np.arange(len(log_p)), log_p.argmax(axis=1)
    exact = np.zeros(log_p.shape, bool)
    exact[rows, top] = exact[rows, y] = True
    rest = _log_sum(np.where(exact, -np.inf, log_p))
    others = np.where(exact, -np.inf, _one_bit(log_p))
    for _ in range(_TRIES):
        shift = np.subtract(_log_sum(others), rest, out=np.zeros(len(rows)), where=np.isfinite(rest))
        ahead = others > (log_p[rows, top] + shift + _STEP)[:, None]
        if not ahead.any():
            break
        others[ahead] = _one_bit(1.5 * others[ahead])  # the next value that one bit can say
    scores = np.where(exact, log_p + shift[:, None], others).astype(np.float16)
    # Two classes may still be equal. The predicted one is put ahead by the smallest step of half precision at their size.
    scores[rows, top] = 2 * _LOWEST
    rivals = scores.max(axis=1).astype(np.float64)
    just_ahead = rivals + _STEP * np.maximum(1, np.abs(rivals))
    scores[rows, top] = np.maximum(log_p[rows, top] + shift, just_ahead)
    return scores


def _log_sum(values: np.ndarray) -> np.ndarray:
    from scipy.special import logsumexp

    return logsumexp(values, axis=1)


def _one_bit(values: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(values)
    scale = 2.0 ** (MANTISSA_BITS + 1)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent)
