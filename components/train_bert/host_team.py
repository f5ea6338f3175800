"""The hosts that train together, for the training loop: which rows are whose, and sums over all."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from isodag.runtime import quiet
from training_hosts import Host

PATIENCE = 600.0  # seconds that a host waits in a sum for the slowest


class Team:
    """One host alone, or several that add up tensors.

    Of several, TensorFlow's collective operations do the sums, over a
    tf.distribute.MultiWorkerMirroredStrategy made from TF_CONFIG; nothing else of it is used, for
    Keras 3 does not train under it.  A host has one replica, on its first GPU if it has any.
    """

    def __init__(self, host: Host) -> None:
        """Join the others; to be called before TensorFlow has done anything."""
        self.host = host
        self._strategy: Any = None
        if not host.alone:
            self._options = tf.distribute.experimental.CommunicationOptions(
                timeout_seconds=PATIENCE,
                implementation=tf.distribute.experimental.CommunicationImplementation.RING,
            )
            os.environ["TF_CONFIG"] = host.tf_config()
            tf.config.set_visible_devices(tf.config.list_physical_devices("GPU")[:1], "GPU")
            with quiet():
                self._strategy = tf.distribute.MultiWorkerMirroredStrategy(
                    communication_options=self._options
                )
            if threading.current_thread() is threading.main_thread():
                # the strategy made SIGTERM do nothing
                signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))

    def own(self, batch: tf.Tensor) -> tf.Tensor:
        """This host's rows of a batch that all hosts have; none where it has fewer than hosts."""
        return batch if self._strategy is None else batch[self.host.number :: len(self.host.names)]

    def total(self, tensors: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        """The sum of each tensor over all hosts, the same bits on each.  In a tf.function only.

        tf.IndexedSlices stay such: those of all hosts one after the other.
        """
        if self._strategy is None:
            return tensors

        def add(*tensors: tf.Tensor) -> list[tf.Tensor]:
            replica = tf.distribute.get_replica_context()
            here = [tf.identity(x) for x in tensors]  # on a device that has a name
            found: list[tf.Tensor] = replica.all_reduce("SUM", here, options=self._options)
            return found

        summed: list[tf.Tensor] = self._strategy.run(add, args=tuple(tensors))
        return summed

    def lost(self, error: tf.errors.OpError) -> str:
        """What a failed sum says of the other hosts; empty where the error is of another kind."""
        if self._strategy is None:
            return ""
        if isinstance(error, tf.errors.DeadlineExceededError):
            return f"another host did not keep up for {PATIENCE:.0f} s: see the hosts' logs"
        if isinstance(error, tf.errors.UnavailableError | tf.errors.AbortedError):
            return "another host ended before the training did: its own log says why"
        return ""
