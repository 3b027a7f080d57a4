"""Long polls of SQS, which would hold everybody up: the clock stands still in a request.

moto is asked without waiting; the gateway asks again until the time is up. What
finds nothing and changes nothing need not be in the journal.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.sqs.models import SQSBackend

_last = threading.local()


def install() -> None:
    """Take the waiting out of moto's ReceiveMessage."""
    plain = SQSBackend.receive_message

    def receive(
        backend: Any, queue_name: str, count: int, wait: int, *args: Any, **kwargs: Any
    ) -> Any:
        queue = backend.get_queue(queue_name)
        before = (len(queue._messages), len(queue.pending_messages))
        found = plain(backend, queue_name, count, 0, *args, **kwargs)
        after = (len(queue._messages), len(queue.pending_messages))
        _last.wait = wait if not found and before == after else None
        return found

    setattr(SQSBackend, "receive_message", receive)  # noqa: B010


def idle() -> int | None:
    """Return how long this thread's last request would have waited, None if it was none."""
    wait: int | None = getattr(_last, "wait", None)
    _last.wait = None
    return wait
