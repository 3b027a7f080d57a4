"""Keeps the nodes as the node groups want them, over and over again."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from typing import Any

from embedded.cloud.eks import control_plane
from embedded.cloud.nodes import drain, machines, objects
from embedded.cloud.nodes.api import Api, Refused, Unreachable
from embedded.cloud.nodes.machines import Machine, Wanted

_EVERY = 1.0
_GONE, _CONFLICT = 404, 409


class Bridge:
    """A thread that looks at both sides and takes away the difference.

    Nothing is remembered from one look to the next: whatever is killed, the
    next look finds what is left to do.
    """

    def __init__(self, requests: threading.RLock) -> None:
        """Take the lock that keeps requests to moto out."""
        self._requests = requests
        self._wake = threading.Event()
        self._api: Api | None = None
        # Instances with a Ready node; None while no control plane can be asked.
        self._ready: frozenset[str] | None = None
        self._said = ""

    def start(self) -> None:
        """Begin, in the background, for as long as the process lives."""
        threading.Thread(target=self._run, name="node-bridge", daemon=True).start()

    def wake(self) -> None:
        """Look now: something was changed."""
        self._wake.set()

    def ready(self, instances: list[str]) -> bool | None:
        """Tell whether all these instances are Ready nodes; None when nobody can say."""
        seen = self._ready
        return None if seen is None else seen.issuperset(instances)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._look()
            except Unreachable as error:
                self._ready = None
                self._say(f"node bridge: waiting for the control plane: {error}")
            except Exception:  # noqa: BLE001 - whatever it is, the next look may go well
                self._ready = None
                self._say(f"node bridge: {traceback.format_exc()}")
            self._wake.wait(_EVERY)

    def _look(self) -> None:
        found = control_plane.address()
        if found is None:
            self._ready = None
            return
        if self._api is None or self._api.control_plane != found:
            self._api = Api(found)
        with self._requests:
            wanted = machines.look()
        self._ready = self.reconcile(self._api, wanted)
        self._say("")

    def reconcile(self, api: Api, wanted: Wanted) -> frozenset[str]:
        """Create, change and remove nodes; return the instances whose nodes are Ready."""
        nodes = [node for node in api.nodes(objects.GROUP_LABEL) if objects.is_ours(node)]
        ready = frozenset(objects.instance_id(node) for node in nodes if objects.is_ready(node))
        by_instance = {objects.instance_id(node): node for node in nodes}
        for machine in wanted.machines:
            node = by_instance.pop(machine.instance_id, None)
            if node is None:
                self._try(api.create_node, objects.build(machine))
            else:
                self._keep(api, node, machine)
        # An update's old nodes stay until the new ones can take their pods.
        coming = {item.owner for item in wanted.machines if item.instance_id not in ready}
        for node in by_instance.values():
            cluster, group = objects.owner(node)
            if f"{cluster}/{group}" not in coming:
                self._try(drain.leave, api, node, cluster in wanted.clusters, time.time())
        return ready

    def _keep(self, api: Api, node: dict[str, Any], machine: Machine) -> None:
        patch = objects.change(node, machine)
        if patch is not None:
            self._try(api.patch_node, machine.node_name, patch)

    def _try(self, action: Any, *args: Any) -> None:
        try:
            action(*args)
        except Refused as error:
            # Somebody was faster, or the name is still taken by a node that leaves.
            if error.status not in {_GONE, _CONFLICT}:
                self._say(f"node bridge: {error}")

    def _say(self, text: str) -> None:
        """Write to the log, once as long as it stays the same."""
        if text and text != self._said:
            print(text, file=sys.stderr, flush=True)
        self._said = text
