"""joblib's Dask backend, made to notice a worker that is lost.

joblib 1.6 hears only of tasks that return: what Dask itself says about a task, such as that its worker was killed, never
reaches `Parallel`, which then waits for ever.
"""

from joblib._dask import DaskDistributedBackend


class LossAwareBackend(DaskDistributedBackend):
    """Hands errors of the cluster on to `Parallel`, as it does results."""

    def submit(self, func, callback=None):
        future = super().submit(func, callback)

        def hand_on(done):
            if callback is not None and (error := done.exception()) is not None:
                callback(error)

        future.add_done_callback(hand_on)
        return future

    def retrieve_result_callback(self, out):
        if isinstance(out, BaseException):
            raise out
        return super().retrieve_result_callback(out)


def backend_of(client) -> LossAwareBackend:
    """Return a backend that sends tasks to the cluster of a Dask `Client`."""
    return LossAwareBackend(client=client)
