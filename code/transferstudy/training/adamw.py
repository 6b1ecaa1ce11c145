"""AdamW, with TensorFlow's own kernel for the update where TensorFlow computes."""

import keras


def adamw(**options) -> keras.optimizers.AdamW:
    """Return Keras' AdamW; on TensorFlow, one whose update is a single operation instead of a dozen.

    Keras writes an update of Adam (Kingma & Ba 2015, arXiv:1412.6980, the order of computation after its Algorithm 1) as
    separate operations, each of which reads and writes all of a variable. In a network with millions of weights and small
    images that takes a large part of a step on a processor. `ResourceApplyAdam` computes the same formula in one pass:
    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceApplyAdam. Results differ by rounding only.

    Args:
        options: those of `keras.optimizers.AdamW`; `amsgrad` is not among those that the fused update knows.

    Raises:
        TypeError: `amsgrad` was asked for, or an option that Keras does not know.
    """
    if "amsgrad" in options:
        raise TypeError("adamw() takes no option `amsgrad`: use keras.optimizers.AdamW for it")
    return (_fused() if keras.backend.backend() == "tensorflow" else keras.optimizers.AdamW)(**options)


def _fused() -> type[keras.optimizers.AdamW]:
    import tensorflow as tf

    class FusedAdamW(keras.optimizers.AdamW):
        def update_step(self, gradient, variable, learning_rate):
            index = self._get_variable_index(variable)
            step = tf.cast(self.iterations.value, tf.float32) + 1
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                beta1_power=tf.pow(self.beta_1, step),
                beta2_power=tf.pow(self.beta_2, step),
                lr=tf.cast(learning_rate, tf.float32),
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=gradient,
            )

    return FusedAdamW
