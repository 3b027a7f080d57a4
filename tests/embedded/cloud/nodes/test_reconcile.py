"""One look of the bridge, against an API server that is a dictionary."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from embedded.cloud.nodes import drain, objects
from embedded.cloud.nodes.api import Api, Refused
from embedded.cloud.nodes.bridge import Bridge
from embedded.cloud.nodes.machines import Machine, Wanted


@dataclass
class Server:
    """Keeps nodes and pods as the real one does, as far as the bridge looks."""

    by_name: dict[str, objects.Node] = field(default_factory=dict)
    pods: list[dict[str, Any]] = field(default_factory=list)
    protected: set[str] = field(default_factory=set)
    evicted: list[str] = field(default_factory=list)

    def nodes(self, selector: str) -> list[objects.Node]:
        found = self.by_name.values()
        return [copy.deepcopy(node) for node in found if selector in node["metadata"]["labels"]]

    def create_node(self, node: objects.Node) -> None:
        name = node["metadata"]["name"]
        if name in self.by_name:
            raise Refused(409, "AlreadyExists")
        self.by_name[name] = {**node, "metadata": {**node["metadata"], "resourceVersion": "1"}}

    def patch_node(self, name: str, patch: dict[str, Any]) -> None:
        _merge(self.by_name[name], patch)

    def delete_node(self, name: str) -> None:
        del self.by_name[name]

    def pods_on(self, node: str) -> list[dict[str, Any]]:
        return [pod for pod in self.pods if pod["node"] == node]

    def evict(self, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        if name in self.protected:
            raise Refused(429, "Cannot evict pod as it would violate the pod's disruption budget.")
        self.evicted.append(name)
        self.pods.remove(pod)

    def all_ready(self) -> None:
        for node in self.by_name.values():
            node["status"]["conditions"] = [{"type": "Ready", "status": "True"}]


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            _merge(target.setdefault(key, {}), value)
        elif value is None:
            target.pop(key, None)
        else:
            target[key] = value


def _machine(number: int, group: str = "gpu", cluster: str = "main") -> Machine:
    return Machine(
        instance_id=f"i-{number:017x}",
        instance_type="g6.xlarge",
        node_name=f"ip-10-0-0-{number}.ec2.internal",
        address=f"10.0.0.{number}",
        region="us-east-1",
        zone="us-east-1a",
        image_id="ami-1",
        disk_gib=20,
        cluster=cluster,
        group=group,
        capacity_type="SPOT",
        ami_type="AL2023_x86_64_NVIDIA",
        version="1.35",
        labels={},
        taints=[],
        launch_template=None,
    )


def _pod(name: str, node: str, kind: str = "ReplicaSet", **more: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "ownerReferences": [{"kind": kind}], **more}
    return {"metadata": meta, "node": node, "status": {"phase": "Running"}}


class _Looks:
    """A bridge and its server; `look` says what is wanted and reconciles once."""

    def __init__(self) -> None:
        self.server = Server()
        self._bridge = Bridge(threading.RLock())

    def look(self, *machines: Machine, clusters: tuple[str, ...] = ("main",)) -> frozenset[str]:
        wanted = Wanted(list(machines), frozenset(clusters))
        return self._bridge.reconcile(cast(Api, self.server), wanted)

    @property
    def names(self) -> set[str]:
        return set(self.server.by_name)


@pytest.fixture
def looks() -> _Looks:
    return _Looks()


def test_missing_nodes_are_made_and_the_second_look_changes_nothing(looks: _Looks) -> None:
    looks.look(_machine(1), _machine(2))
    before = copy.deepcopy(looks.server.by_name)
    looks.look(_machine(1), _machine(2))
    assert looks.server.by_name == before
    assert len(before) == 2


def test_an_instance_is_ready_when_its_node_is(looks: _Looks) -> None:
    looks.look(_machine(1))
    assert looks.look(_machine(1)) == frozenset()
    looks.server.all_ready()
    assert looks.look(_machine(1)) == {_machine(1).instance_id}


def test_an_empty_node_that_is_too_many_goes_at_once(looks: _Looks) -> None:
    looks.look(_machine(1), _machine(2))
    looks.server.all_ready()
    looks.look(_machine(1))
    assert looks.names == {_machine(1).node_name}


def test_a_node_with_pods_is_cordoned_and_emptied_before_it_goes(looks: _Looks) -> None:
    looks.look(_machine(1))
    node = _machine(1).node_name
    looks.server.pods = [_pod("serving", node), _pod("agent", node, kind="DaemonSet")]
    looks.look()
    assert looks.server.by_name[node]["spec"]["unschedulable"] is True
    assert looks.server.evicted == ["serving"]
    looks.look()
    assert looks.names == set()


def test_a_disruption_budget_is_waited_for(looks: _Looks) -> None:
    looks.look(_machine(1))
    looks.server.pods = [_pod("serving", _machine(1).node_name)]
    looks.server.protected = {"serving"}
    for _ in range(3):
        looks.look()
    assert looks.names == {_machine(1).node_name}
    looks.server.protected = set()
    looks.look()
    looks.look()
    assert looks.names == set()


def test_patience_ends_as_it_does_in_eks(looks: _Looks) -> None:
    looks.look(_machine(1))
    node = _machine(1).node_name
    looks.server.pods = [_pod("serving", node)]
    looks.server.protected = {"serving"}
    api = cast(Api, looks.server)
    drain.leave(api, looks.server.by_name[node], True, now=1000.0)
    drain.leave(api, looks.server.by_name[node], True, now=1000.0 + drain.PATIENCE_SECONDS)
    assert looks.names == {node}
    drain.leave(api, looks.server.by_name[node], True, now=1001.0 + drain.PATIENCE_SECONDS)
    assert looks.names == set()


def test_without_its_cluster_a_node_goes_undrained(looks: _Looks) -> None:
    looks.look(_machine(1))
    looks.server.pods = [_pod("serving", _machine(1).node_name)]
    looks.look(clusters=())
    assert looks.names == set()
    assert looks.server.evicted == []


def test_old_nodes_stay_until_the_new_ones_are_ready(looks: _Looks) -> None:
    looks.look(_machine(1))
    looks.server.all_ready()
    looks.look(_machine(2))
    looks.look(_machine(2))
    assert looks.names == {_machine(1).node_name, _machine(2).node_name}
    looks.server.all_ready()
    looks.look(_machine(2))
    assert looks.names == {_machine(2).node_name}


def test_a_name_that_is_still_taken_is_waited_for(looks: _Looks) -> None:
    old, new = _machine(1), _machine(1, group="other")
    looks.look(old)
    object.__setattr__(new, "instance_id", "i-another")
    looks.look(new)
    assert looks.names == set()
    looks.look(new)
    assert objects.instance_id(looks.server.by_name[new.node_name]) == "i-another"


def test_nodes_of_others_are_never_touched(looks: _Looks) -> None:
    theirs = objects.build(_machine(9))
    del theirs["metadata"]["annotations"][objects.OWNER]
    looks.server.by_name["theirs"] = theirs
    looks.look()
    assert looks.names == {"theirs"}


@pytest.mark.parametrize(
    ("pod", "waits"),
    [
        (_pod("a", "n"), True),
        (_pod("a", "n", kind="DaemonSet"), False),
        (_pod("a", "n", annotations={"kubernetes.io/config.mirror": "x"}), False),
        ({**_pod("a", "n"), "status": {"phase": "Succeeded"}}, False),
    ],
)
def test_only_pods_that_would_be_missed_are_waited_for(pod: dict[str, Any], waits: bool) -> None:
    assert drain.must_go(pod) is waits
