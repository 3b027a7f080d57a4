"""The provider: one method a request of the engine."""

from __future__ import annotations

from typing import Any, Final

from embedded.plugins.kubernetes import (
    checking,
    comparison,
    decoding,
    immutable,
    naming,
    objects,
    rendering,
    settings,
    shapes,
)
from embedded.plugins.kubernetes.cluster import Cluster, cluster_of, connect
from embedded.plugins.kubernetes.journal import Journal
from embedded.plugins.kubernetes.kinds import Kind, is_patch, kind_of
from embedded.plugins.kubernetes.kubeconfig import KubeconfigError
from embedded.plugins.kubernetes.lifecycle import Lifecycle, order
from embedded.plugins.kubernetes.objects import Object
from embedded.plugins.provider import Autonaming, Diff, Failure, Provider, ProviderError, Target
from embedded.plugins.values import UNKNOWN, contains_unknown

_DECODE_YAML: Final = "kubernetes:yaml:decode"
_UNREACHABLE: Final = (
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
        if cluster_of(olds) != cluster_of(news):
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

    def check(
        self, target: Target, olds: dict[str, Any], news: dict[str, Any], autonaming: Autonaming
    ) -> tuple[dict[str, Any], list[Failure]]:
        if self._settings.skip_update_unreachable and olds and not self._answers:
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
        namespace = self._settings.namespace
        if not namespace and self._cluster is not None:
            namespace = self._cluster.api.connection.namespace
        if not namespace or UNKNOWN in (inputs["apiVersion"], inputs["kind"]):
            return inputs
        kind = kind_of(inputs)
        namespaced = self._cluster.namespaced(kind) if self._cluster else kind.assumed_namespaced
        return checking.with_namespace(inputs, namespace) if namespaced else inputs

    def _named(
        self, target: Target, olds: Object, inputs: Object, autonaming: Autonaming
    ) -> list[Failure]:
        if inputs["metadata"] is UNKNOWN or is_patch(target.type, str(inputs["kind"])):
            return []
        if olds:
            naming.keep(inputs, olds)
        elif objects.name(inputs) == "" and self._cluster is not None and self._answers:
            unfinished = self._cluster.writer.unfinished(target.urn, kind_of(inputs))
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
        kind = kind_of(news)
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
        diff.delete_before_replace = bool(diff.replaces) and naming.is_kept(news, target.id)
        return diff

    def _replace_unready(self, kind: Kind, news: Object, target: Target, diff: Diff) -> None:
        if not objects.flagged(news, objects.REPLACE_UNREADY) or kind.name != "Job":
            return
        if self._cluster is None or not self._answers:
            return
        if not Lifecycle(self._cluster).ready_now(kind, news, target.id):
            key = f'metadata.annotations["{objects.REPLACE_UNREADY}"]'
            diff.changes[key] = "update"
            diff.replaces.add(key)

    def create(self, target: Target, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if target.preview:
            return "", self._foresee(target, inputs, "")
        if self._settings.render_directory:
            return objects.identity(inputs), self._render(target, inputs)
        return Lifecycle(self._connected()).create(target, inputs)

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
        if self._settings.render_directory:
            return self._render(target, news)
        return Lifecycle(self._connected()).update(target, manager, news)

    def _foresee(self, target: Target, inputs: Object, manager: str) -> Object:
        if self._cluster is None or not self._answers or contains_unknown(inputs):
            return shapes.with_secrets(inputs)
        return Lifecycle(self._cluster).foresee(target, inputs, manager)

    def read(
        self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        self._journal.acknowledge(target.urn, target.id)
        if self._settings.render_directory:
            return target.id, inputs, outputs
        if self._cluster is not None and self._answers:
            found = Lifecycle(self._cluster).read(target, inputs, outputs)
            return found or ("", {}, {})
        self.host.warn(target.urn, self._offline)
        if self._settings.delete_unreachable:
            return "", {}, {}
        if self._settings.skip_update_unreachable:
            return target.id, shapes.with_secrets(inputs), shapes.with_secrets(outputs)
        message = f"{target.id} cannot be read: {self._offline}. {_UNREACHABLE}"
        raise ProviderError(message)

    def delete(self, target: Target, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        if self._settings.render_directory:
            wanted = order(target, shapes.inputs_of(inputs, outputs))
            path = rendering.remove(wanted.inputs, self._settings.render_directory)
            self.host.status(target.urn, f"removed {path}")
            return
        if self._settings.delete_unreachable and not self._answers:
            self.host.warn(target.urn, f"leaves the state without being deleted: {self._offline}")
            return
        Lifecycle(self._connected()).delete(target, inputs, outputs)
        self._journal.acknowledge(target.urn, target.id)

    def _render(self, target: Target, inputs: Object) -> Object:
        wanted = order(target, inputs)
        path = rendering.render(wanted.inputs, self._settings.render_directory)
        self.host.status(target.urn, f"rendered {path}")
        return shapes.outputs(inputs, inputs, "")

    def invoke(self, token: str, args: dict[str, Any], *, preview: bool) -> dict[str, Any]:
        if token != _DECODE_YAML:
            return super().invoke(token, args, preview=preview)
        namespace = args.get("defaultNamespace")
        found = decoding.decode(
            str(args.get("text") or ""), namespace if isinstance(namespace, str) else ""
        )
        return {"result": found}

    def cancel(self) -> None:
        if self._cluster is not None:
            self._cluster.api.stopped.set()

    @property
    def _answers(self) -> bool:
        return self._cluster is not None and self._cluster.answers

    def _connected(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError(self._offline)
        return self._cluster
