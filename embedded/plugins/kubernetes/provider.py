"""The provider: one method a request of the engine."""

from __future__ import annotations

from typing import Any

import yaml

from embedded.plugins.kubernetes import (
    checking,
    comparison,
    immutable,
    naming,
    objects,
    rendering,
    settings,
    shapes,
)
from embedded.plugins.kubernetes.api import ApiError
from embedded.plugins.kubernetes.awaiting import rules
from embedded.plugins.kubernetes.cluster import Cluster, connect
from embedded.plugins.kubernetes.discovery import NotServedError
from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.kubernetes.kinds import Kind, is_patch
from embedded.plugins.kubernetes.kubeconfig import KubeconfigError, load
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.kubernetes.writer import Order, Written
from embedded.plugins.provider import (
    Autonaming,
    Diff,
    Failure,
    InitFailedError,
    Provider,
    ProviderError,
    Target,
)
from embedded.plugins.values import UNKNOWN, contains_unknown

_DECODE_YAML = "kubernetes:yaml:decode"
_DELETE_SECONDS = 300.0
_UNREACHABLE = (
    "If the cluster is gone for good, set delete_unreachable on the provider, or the variable"
    " PULUMI_K8S_DELETE_UNREACHABLE=true, and its resources leave the state."
)


class KubernetesProvider(Provider):
    """Kubernetes objects as resources."""

    name = "kubernetes"
    version = "4.34.2"

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal or Journal()
        self._settings = settings.Settings()
        self._cluster: Cluster | None = None
        self._offline = "the provider is not configured"

    # Settings

    def check_config(self, news: dict[str, Any]) -> list[Failure]:
        return settings.failures(news)

    def diff_config(self, olds: dict[str, Any], news: dict[str, Any]) -> Diff:
        keys = {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)}
        diff = Diff(changes=dict.fromkeys(keys - {"version"}, "update"))
        if "renderYamlToDirectory" in diff.changes:
            diff.replaces.add("renderYamlToDirectory")
        same_cluster = news.get("clusterIdentifier")
        if same_cluster and same_cluster == olds.get("clusterIdentifier"):
            return diff
        if _cluster_of(olds) != _cluster_of(news):
            # Another cluster: every object has to be made there.
            diff.replaces |= diff.changes.keys()
        return diff

    def configure(self, args: dict[str, Any]) -> None:
        found = settings.failures(args)
        if found:
            raise ProviderError("; ".join(f"{item.property}: {item.reason}" for item in found))
        self._settings = settings.Settings.parse(args)
        if self._settings.render_directory:
            return
        try:
            self._cluster = connect(self._settings, self.host, self._journal)
        except KubeconfigError as error:
            self._offline = str(error)
            return
        self._offline = self._cluster.reason

    # Inputs

    def check(
        self, target: Target, olds: dict[str, Any], news: dict[str, Any], autonaming: Autonaming
    ) -> tuple[dict[str, Any], list[Failure]]:
        if self._skips_updates and olds:
            self.host.warn(target.urn, f"left as it is: {self._offline}")
            return olds, []
        inputs = checking.prepared(target.type, news)
        if olds:
            self._journal.acknowledge(target.urn, objects.identity(olds))
        inputs = self._in_a_namespace(inputs)
        found = self._named(target, olds, inputs, autonaming)
        found += checking.failures(target.type, inputs)
        return shapes.with_secrets(inputs), found

    def _in_a_namespace(self, inputs: Object) -> Object:
        if UNKNOWN in (inputs["apiVersion"], inputs["kind"]) or not self._default_namespace:
            return inputs
        kind = Kind.of(str(inputs["apiVersion"]), str(inputs["kind"]))
        namespaced = self._cluster.namespaced(kind) if self._cluster else kind.assumed_namespaced
        return checking.with_namespace(inputs, self._default_namespace) if namespaced else inputs

    @property
    def _default_namespace(self) -> str:
        if self._settings.namespace or self._cluster is None:
            return self._settings.namespace
        return self._cluster.api.connection.namespace

    def _named(
        self, target: Target, olds: Object, inputs: Object, autonaming: Autonaming
    ) -> list[Failure]:
        if inputs["metadata"] is UNKNOWN or is_patch(target.type, str(inputs["kind"])):
            return []
        if olds:
            naming.keep(inputs, olds)
        elif not objects.name(inputs) and self._cluster is not None and self._cluster.answers:
            unfinished = self._cluster.writer.unfinished(target.urn, _kind(inputs))
            if unfinished:
                naming.rename(inputs, unfinished)
        return naming.assign(inputs, target.name, autonaming)

    def diff(
        self,
        target: Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> Diff:
        self._journal.acknowledge(target.urn, target.id)
        olds = shapes.inputs_of(old_inputs, old_outputs)
        kind = _kind(news)
        fields = immutable.replacing(
            kind,
            news,
            patch=is_patch(target.type, kind.name),
            config_map_mutable=self._settings.config_map_mutable,
            secret_mutable=self._settings.secret_mutable,
        )
        diff = Diff()
        for change in comparison.changes(olds, news, built_in=kind.built_in):
            diff.changes[change.text] = change.kind
            if immutable.replaces(change, fields):
                diff.replaces.add(change.text)
        self._replace_unready(kind, news, target, diff)
        diff.delete_before_replace = bool(diff.replaces) and _same_name(news, target.id)
        return diff

    def _replace_unready(self, kind: Kind, news: Object, target: Target, diff: Diff) -> None:
        if not objects.flagged(news, objects.REPLACE_UNREADY) or kind.name != "Job":
            return
        rule = rules.find(kind, news)
        if rule is None or self._cluster is None or not self._cluster.answers:
            return
        place = self._cluster.discovery.place(kind)
        path = place.of(*objects.split_identity(target.id))
        if not self._cluster.waiter.look(path, rule[0]).ready:
            key = f'metadata.annotations["{objects.REPLACE_UNREADY}"]'
            diff.changes[key] = "update"
            diff.replaces.add(key)

    # Objects

    def create(self, target: Target, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if target.preview:
            return "", self._foresee(target, inputs, "")
        order = _order(target, inputs)
        if self._settings.render_directory:
            return objects.identity(inputs), self._render(target, order.inputs)
        cluster = self._connected()
        written = cluster.writer.create(order)
        live = self._ready(target, order, written, inputs, "was created")
        return objects.identity(live), shapes.outputs(live, inputs, written.manager)

    def update(
        self,
        target: Target,
        old_inputs: dict[str, Any],
        old_outputs: dict[str, Any],
        news: dict[str, Any],
    ) -> dict[str, Any]:
        manager = shapes.manager_of(old_outputs)
        if target.preview:
            return self._foresee(target, news, manager)
        order = _order(target, news)
        if self._settings.render_directory:
            return self._render(target, order.inputs)
        written = self._connected().writer.update(order, manager, target.ignore_changes)
        live = self._ready(target, order, written, news, "was updated")
        return shapes.outputs(live, news, written.manager)

    def _ready(
        self, target: Target, order: Order, written: Written, inputs: Object, done: str
    ) -> Object:
        cluster = self._connected()
        rule = rules.find(order.kind, order.inputs)
        reasons: list[str] = []
        if rule is not None:
            seconds = rules.seconds(order.inputs, target.timeout, rule[1])
            reasons = cluster.waiter.ready(target.urn, written.path, rule[0], seconds)
        try:
            live = cluster.api.find(written.path) or written.live
        except ProviderError:
            # It was written: better to remember it as it was then than not at all.
            live = written.live
        if reasons:
            identity = objects.identity(live)
            reasons[0] = f"{order.kind.name} {identity} {done}, but {reasons[0]}"
            outputs = shapes.outputs(live, inputs, written.manager)
            raise InitFailedError(identity, shapes.with_secrets(inputs), outputs, reasons)
        return live

    def _foresee(self, target: Target, inputs: Object, manager: str) -> Object:
        plain = shapes.with_secrets(inputs)
        cluster = self._cluster
        if cluster is None or not cluster.answers or contains_unknown(inputs):
            return plain
        order = _order(target, inputs)
        if order.patch:
            return plain
        try:
            dry = cluster.writer.foresee(order, manager, target.ignore_changes)
        except NotServedError:
            return plain
        except ApiError as error:
            if error.namespace_missing:
                self._check_elsewhere(cluster, order)
            elif error.status != 403 and not error.immutable and not error.not_found:
                raise
            return plain
        return shapes.foreseen(dry)

    def _check_elsewhere(self, cluster: Cluster, order: Order) -> None:
        """Let the API server validate an object whose namespace this update makes first."""
        inputs = {**order.inputs, "metadata": {**order.inputs["metadata"], "namespace": "default"}}
        try:
            cluster.writer.foresee(Order(urn=order.urn, kind=order.kind, inputs=inputs))
        except ApiError as error:
            if error.status in (400, 422) and not error.immutable:
                raise

    def read(
        self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        self._journal.acknowledge(target.urn, target.id)
        if self._settings.render_directory:
            return target.id, inputs, outputs
        if self._cluster is None or not self._cluster.answers:
            return self._read_nothing(target, inputs, outputs)
        kind = _kind(inputs or outputs) if inputs or outputs else Kind.from_type(target.type)
        live = self._find(self._cluster, kind, target.id)
        if live is None:
            return "", {}, {}
        manager = shapes.manager_of(outputs)
        now = shapes.drifted(inputs, outputs, live, kind) if inputs else shapes.adopted(live)
        state = shapes.outputs(live, now, manager)
        self._report_health(target, kind, now, state, adopting=not inputs)
        return target.id, shapes.with_secrets(now), state

    def _find(self, cluster: Cluster, kind: Kind, identity: str) -> Object | None:
        try:
            place = cluster.discovery.place(kind)
        except NotServedError:
            return None
        return cluster.api.find(place.of(*objects.split_identity(identity)))

    def _report_health(
        self, target: Target, kind: Kind, inputs: Object, state: Object, *, adopting: bool
    ) -> None:
        rule = None if adopting else rules.find(kind, inputs)
        if rule is None or self._cluster is None:
            return
        verdict = rule[0](state, self._cluster.waiter.list)
        if not verdict.ready:
            reasons = [f"{kind.name} {target.id}: {reason}" for reason in verdict.reasons]
            raise InitFailedError(target.id, shapes.with_secrets(inputs), state, reasons)

    def _read_nothing(
        self, target: Target, inputs: Object, outputs: Object
    ) -> tuple[str, Object, Object]:
        self.host.warn(target.urn, self._offline)
        if self._settings.delete_unreachable:
            return "", {}, {}
        if self._settings.skip_update_unreachable:
            return target.id, shapes.with_secrets(inputs), shapes.with_secrets(outputs)
        message = f"{target.id} cannot be read: {self._offline}. {_UNREACHABLE}"
        raise ProviderError(message)

    def delete(self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        known = shapes.inputs_of(inputs, outputs) or outputs
        order = _order(target, known)
        if self._settings.render_directory:
            path = rendering.remove(order.inputs, self._settings.render_directory)
            self.host.status(target.urn, f"removed {path}")
            return
        if self._settings.delete_unreachable and (not self._cluster or not self._cluster.answers):
            self.host.warn(target.urn, f"leaves the state without being deleted: {self._offline}")
            return
        seconds = rules.seconds(order.inputs, target.timeout, _DELETE_SECONDS)
        manager = shapes.manager_of(outputs)
        self._connected().writer.delete(order, target.id, manager, seconds)
        self._journal.acknowledge(target.urn, target.id)

    # The rest

    def invoke(self, token: str, args: dict[str, Any], *, preview: bool) -> dict[str, Any]:
        if token != _DECODE_YAML:
            return super().invoke(token, args, preview=preview)
        try:
            documents = list(yaml.safe_load_all(str(args.get("text") or "")))
        except yaml.YAMLError as error:
            message = f"not YAML: {error}"
            raise ProviderError(message) from None
        items = [item for document in documents if document for item in _items(document)]
        default = args.get("defaultNamespace")
        return {"result": [self._placed(item, default) for item in items]}

    def _placed(self, item: Object, namespace: Any) -> Object:
        kind = _kind(item)
        if not namespace or not kind.assumed_namespaced:
            return item
        return checking.with_namespace(item, str(namespace))

    def cancel(self) -> None:
        if self._cluster is not None:
            self._cluster.api.stopped.set()

    def _connected(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError(self._offline)
        return self._cluster

    @property
    def _skips_updates(self) -> bool:
        answers = self._cluster is not None and self._cluster.answers
        return self._settings.skip_update_unreachable and not answers

    def _render(self, target: Target, inputs: Object) -> Object:
        path = rendering.render(inputs, self._settings.render_directory)
        self.host.status(target.urn, f"rendered {path}")
        return shapes.outputs(inputs, inputs, "")


def _kind(obj: Object) -> Kind:
    try:
        return Kind.of(str(obj["apiVersion"]), str(obj["kind"]))
    except (KeyError, TypeError):
        message = f"not a Kubernetes object, which has apiVersion and kind: {str(obj)[:100]}"
        raise ProviderError(message) from None


def _order(target: Target, inputs: Object) -> Order:
    kind = _kind(inputs)
    wire = shapes.to_wire(inputs)
    return Order(urn=target.urn, kind=kind, inputs=wire, patch=is_patch(target.type, kind.name))


def _same_name(news: Object, identity: str) -> bool:
    if objects.flagged(news, objects.AUTONAMED):
        return False
    namespace, name = objects.split_identity(identity)
    # A namespace that was left out is the one it was made in.
    return objects.name(news) == name and objects.namespace(news) in ("", namespace)


def _items(document: Any) -> list[Object]:
    if isinstance(document, dict) and str(document.get("kind", "")).endswith("List"):
        return [item for item in document.get("items") or [] if item]
    return [document]


def _cluster_of(args: dict[str, Any]) -> Any:
    texts = {key: args.get(key) or "" for key in ("kubeconfig", "context", "cluster")}
    if UNKNOWN in texts.values():
        return UNKNOWN
    try:
        found = load(texts["kubeconfig"], context=texts["context"], cluster=texts["cluster"])
    except KubeconfigError:
        return tuple(texts.values())
    return (found.server, found.authority)
