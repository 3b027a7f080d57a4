"""Every wrong setting: one message that says where, what, what is allowed, and what to do."""

import copy
import json
from typing import Any

import pulumi
import pytest
import yaml

from operations import environments
from stacks.problems import report
from stacks.sections import GpuPoolSettings
from stacks.settings import Settings, parse
from tests.support.edits import DELETE
from tests.support.engine import ROOT, as_config, deploy

STACKS = environments.names()


def stack(name: str = "local") -> dict[str, Any]:
    """Return a stack's settings, section -> value."""
    text = (ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text()
    config = yaml.safe_load(text)["config"]
    return {
        key.removeprefix("ballast:"): value
        for key, value in config.items()
        if key.startswith("ballast:")
    }


def changed(path: str, value: Any) -> dict[str, str]:
    """Return the local stack's settings with one changed; path as in the messages."""
    settings: Any = copy.deepcopy(stack())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = settings
    for part in parents:
        target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]
    if value is DELETE:
        del target[last]
    else:
        target[last] = value
    return as_config(settings)


def problems_of(path: str, value: Any) -> str:
    found = parse(changed(path, value))
    assert isinstance(found, list), "nothing was found wrong"
    return report("local", found)


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_file_can_be_loaded(name: str) -> None:
    assert isinstance(parse(as_config(stack(name))), Settings)


@pytest.mark.parametrize("name", STACKS)
def test_no_stack_lets_a_resource_take_a_default_provider(name: str) -> None:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text())["config"]
    assert config["pulumi:disable-default-providers"] == ["*"]


POOL = {"name": "gpu24", "min_nodes": 0, "desired_nodes": 2, "max_nodes": 4}

CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-4000-8000-000000000000"

# path of the change, value, and what the message has to say
WRONG: list[tuple[str, Any, list[str]]] = [
    # unknown and missing
    ("netwrok", {}, ["ballast:netwrok", "Did you mean network?"]),
    ("network.cidrs", "10.0.0.0/16", ["ballast:network.cidrs", "No such key", "cidr"]),
    ("serving.models.0.replicas", 3, ["ballast:serving.models[0].replicas", "No such key"]),
    ("serving.gateway.scaling.minimum", 3, ["scaling.minimum", "min_replicas"]),
    ("network", DELETE, ["ballast:network", "It has no default"]),
    ("cluster.name", DELETE, ["ballast:cluster.name", "add it"]),
    ("serving.models.0.resources.memory_limit_gib", DELETE, ["resources.memory_limit_gib"]),
    # kinds
    ("target", "azure", ["ballast:target", '"azure"', "'embedded' or 'aws'"]),
    ("account", "12", ["ballast:account", "twelve digits in quotes"]),
    ("cluster.kubernetes_version", 1.35, ["kubernetes_version", "1.35", "'1.35'"]),
    ("cluster.log_retention_days", 8, ["log_retention_days", "got      8"]),
    ("cluster.admin_role_arn", "deployer", ["admin_role_arn", "ARN of an IAM role"]),
    ("network.cidr", "10.0.0.0/33", ["network.cidr", "10.0.0.0/33", "Correct it"]),
    ("network.cidr", "10.0.0.0", ["network.cidr", "such as 10.0.0.0/16"]),
    ("network.cidr", "10.0.0.7/16", ["network.cidr", "write 10.0.0.0/16"]),
    ("network.cidr", "10.0.0.0/24", ["holds 256 addresses", "between /16 and /20"]),
    ("network.cidr", "10.0.0.0/12", ["holds 1048576 addresses", "between /16 and /20"]),
    ("network.cidr", "8.8.0.0/16", ["network.cidr", "10.0.0.0/8"]),
    ("network.cidr", 10, ["network.cidr", "in quotes"]),
    ("network.nat", "two", ["network.nat", "'none', 'single' or 'per-zone'"]),
    ("network.zones", ["us-east-1a"], ["network.zones", "at least 2"]),
    ("capacity.pools.0.min_nodes", -1, ["pools[0].min_nodes", "greater than or equal to 0"]),
    ("serving.models.1.scaling", {"kind": "fixed", "replicas": -1}, ["scaling.replicas", "-1"]),
    ("serving.models.0.scaling.min_replicas", -3, ["scaling.min_replicas", "-3"]),
    ("serving.models.0.scaling.min_replicas", "three", ["min_replicas", '"three"']),
    ("serving.models.0.scaling.target_percent", 50, ["target_percent", "equal to 60"]),
    ("serving.models.0.scaling.target_percent", 90, ["target_percent", "equal to 70"]),
    ("serving.models.0.scaling.kind", "memory", ["models[0].scaling", "'cpu', 'requests'"]),
    ("serving.gateway.scaling.kind", "queue", ["gateway.scaling", "'cpu', 'requests', 'fixed'"]),
    ("serving.models.0.name", "AI Service", ["models[0].name", "lower-case letters"]),
    ("cluster.public_access_cidrs", ["0.0.0.0/0"], ["public_access_cidrs[0]", "narrower"]),
    (
        "registry",
        {"mirrors": [{"prefix": "hub", "upstream": "registry-1.docker.io"}]},
        ["registry.mirrors[0].credential_arn", "lets nobody in without a token"],
    ),
    (
        "registry",
        {"mirrors": [{"prefix": "k8s", "upstream": "registry.k8s.io"}] * 2},
        ["registry.mirrors[1].prefix", "a prefix of its own"],
    ),
    ("registry", {"repositoris": ["a"]}, ["registry.repositoris", "Did you mean repositories?"]),
    ("capacity.pools.0.disk_throughput_mib", 500, ["pools[0].fast_pull", "600 or more"]),
    ("capacity.pools.0.disk_iops", 3000, ["pools[0].disk_throughput_mib", "at most 750"]),
    ("capacity.pools.0.reservation_id", "cr-1", ["reservation_id", "cr-0123456789abcdef0"]),
    (
        "capacity.pools.0.reservation_id",
        "cr-0123456789abcdef0",
        ["pools[0].reservation_id", "nothing for spot", "pools[0].instance_types", "one type"],
    ),
    ("capacity.pools.0.capacity", "capacity-block", ["pools[0].capacity", "no blocks of g5"]),
    ("capacity.pools.0.fabric", True, ["pools[0].fabric", "g6.2xlarge 0", "pools[0].zones"]),
    ("capacity.pools.0.zones", ["us-east-1f"], ["pools[0].zones", "us-east-1a, us-east-1b"]),
    ("capacity.autoscaler", "hope", ["capacity.autoscaler", "'cluster-autoscaler'"]),
    (
        "cluster.access",
        [{"role_arn": "arn:aws:iam::123456789012:role/reader", "rights": "root"}],
        ["cluster.access[0].rights", "'admin-view'"],
    ),
    # between settings
    ("region", "us-east-9", ["ballast:region", "us-east-1"]),
    ("account", "111122223333", ["ballast:account", "123456789012", "target: aws"]),
    (
        "cluster.admin_role_arn",
        "arn:aws:iam::999999999999:role/deployer",
        ["admin_role_arn", "123456789012", "999999999999"],
    ),
    ("tags.Owner", DELETE, ["ballast:tags.Owner", "Add it"]),
    ("tags", {"Owner": "", "CostCenter": "x", "Environment": "y"}, ["ballast:tags.Owner"]),
    ("network.zones", ["us-east-1a", "us-east-1x"], ["zones[1]", "us-east-1x", "us-east-1f"]),
    ("network.zones", ["us-east-1a", "us-east-1a"], ["zones[1]", "every zone once"]),
    (
        "network.subnets",
        {"public": {"us-east-1a": "10.0.0.0/24"}},
        ["subnets.public.us-east-1a", "subnets.private.us-east-1a", "They share 256 addresses"],
    ),
    (
        "network.subnets",
        {"public": {"us-east-1a": "10.1.0.0/24"}},
        ["subnets.public.us-east-1a", "in 10.0.0.0/16", "ends at 10.0.255.255"],
    ),
    (
        "network.subnets",
        {"public": {"us-east-1c": "10.0.200.0/24"}},
        ["subnets.public.us-east-1c", "Add the zone"],
    ),
    (
        "network.subnets",
        {"public": {"us-east-1a": "10.0.200.0/28"}},
        ["subnets.public.us-east-1a", "/27 or larger", "leaves 11 addresses"],
    ),
    ("cluster.service_cidr", "10.0.0.0/20", ["service_cidr", "apart from the VPC"]),
    ("cluster.service_cidr", "172.20.0.0/28", ["service_cidr", "between /12 and /24"]),
    ("capacity.pools.0.min_nodes", 9, ["pools[0].min_nodes", "min_nodes 9 > max_nodes 4"]),
    ("capacity.pools.0.desired_nodes", 9, ["pools[0].desired_nodes", "between 0 and 4"]),
    ("cluster.system_nodes.min_nodes", 9, ["system_nodes.min_nodes", "max_nodes (4)"]),
    (
        "cluster.system_nodes.instance_types",
        ["m7i.2xlrage"],
        ["system_nodes.instance_types", "m7i.2xlrage", "Did you mean m7i.2xlarge"],
    ),
    ("cluster.system_nodes.instance_types", ["g6.xlarge"], ["without GPUs"]),
    (
        "cluster.cpu_nodes",
        {"instance_types": ["m7i.large"], "min_nodes": 2, "desired_nodes": 1, "max_nodes": 3},
        ["cluster.cpu_nodes.desired_nodes", "between 2 and 3", "nodes leave"],
    ),
    (
        "cluster.cpu_nodes",
        {"instance_types": ["g6.xlarge"], "min_nodes": 1, "desired_nodes": 1, "max_nodes": 3},
        ["cluster.cpu_nodes.instance_types", "without GPUs"],
    ),
    ("cluster.system_nodes.instance_types", ["m7g.2xlarge"], ["amd64"]),
    ("capacity.pools.0.instance_types", ["g6.2xlarge"], ["This is 1 of 1 (g6)", "g5.2xlarge"]),
    (
        "capacity.pools.0.instance_types",
        ["g6.xlarge", "g6.2xlarge", "g6.4xlarge", "g6.8xlarge"],
        ["This is 4 of 1 (g6)"],
    ),
    (
        "capacity.pools.0.instance_types",
        ["g6.2xlarge", "g5.2xlarge", "g6e.2xlarge", "g5.4xlarge"],
        ["g6e.2xlarge has 1 x 48 GiB", "one pool of each kind"],
    ),
    ("capacity.pools.0.instance_types", ["m7i.large"], ["pools[0].instance_types", "m7i.large"]),
    (
        "capacity.pools.0",
        {**POOL, "request": {"gpu_memory_gib": 48, "gpus": 1}},
        ["pools[0].request", "4 of 1 (g6e)", "All that fits is g6e.xlarge", "largest_gpu_memory"],
    ),
    (
        "capacity.pools.0",
        {**POOL, "request": {"gpu_memory_gib": 24, "gpus": 3}},
        ["pools[0].request", "24 x 1, 24 x 4, 24 x 8", "No machine gives all of it"],
    ),
    (
        "capacity.pools.0",
        {**POOL, "request": {"gpu_memory_gib": 24, "gpus": 1}, "instance_types": ["g6.xlarge"]},
        ["pools[0].request", "either request or instance_types"],
    ),
    ("capacity.pools.0", POOL, ["pools[0].request", "either request or instance_types"]),
    ("serving.models.0.scaling.min_replicas", 9, ["min_replicas 9 > max_replicas 6"]),
    ("serving.models.0.resources.memory_limit_gib", 3, ["memory_request_gib (4) or more"]),
    ("serving.models.0.resources.cpu_limit", 1, ["cpu_limit", "cpu_request (2) or more"]),
    ("serving.models.0.model", "bert-base-cased", ["Did you mean bert-base-uncased?"]),
    ("serving.models.1.name", "ai-model-service", ["models[1].name", "a name of its own"]),
    ("serving.models.1.name", "inference-gateway", ["models[1].name", "a name of its own"]),
    ("serving.models.1.pool", DELETE, ["models[1].pool", "gpu24"]),
    ("serving.models.1.pool", "gpu80", ["models[1].pool", '"gpu80"', "gpu24"]),
    ("serving.models.0.pool", "gpu24", ["models[0].pool", "on the CPU"]),
    ("serving.models.1.gpus", 0, ["models[1].gpus", "1 or more"]),
    (
        "serving.models.1.scaling",
        {"kind": "cpu", "min_replicas": 1, "max_replicas": 2},
        ["models[1].scaling.kind", "never scale", "kind: queue"],
    ),
    (
        "serving.models.1.language.sequences",
        64,
        ["models[1].language", "KV cache", "gpu24 gives", "use GPUs of 80 GiB, such as p5."],
    ),
    ("serving.models.1.language.sequences", 1000, ["no single one is large enough"]),
    ("serving.models.1.language.context_tokens", 65536, ["at most 32768"]),
    ("serving.models.1.resources.memory_limit_gib", 24, ["26 or more", "14.2 of weights"]),
    ("serving.models.1.resources.memory_request_gib", 40, ["memory_request_gib", "at most"]),
    ("serving.models.1.resources.cpu_request", 16, ["cpu_request", "at most 7"]),
    ("serving.models.1.scaling.min_replicas", 3, ["want 3 GPUs; 2 nodes x 1 = 2"]),
    ("serving.models.1.scaling.max_replicas", 9, ["max_nodes", "want 9 GPUs; 4 nodes x 1 = 4"]),
    # scaling that an autoscaler would take and never act on
    ("serving.models.1.scaling.min_replicas", 5, ["min_replicas 5 > max_replicas 4"]),
    ("serving.models.1.scaling.per_replica", 0, ["per_replica", "greater than 0"]),
    ("serving.models.1.scaling.per_replica", 40, ["at most 16", "32 would wait"]),
    (
        "serving.models.1.scaling.kv_cache_percent",
        80,
        ["kv_cache_percent", "acts above 6.6 requests a replica", "6.6 x 8192", "acts above 88%"],
    ),
    (
        "serving.models.1.scaling",
        {"kind": "gpu", "use_percent": 95, "min_replicas": 1, "max_replicas": 4},
        ["models[1].scaling", "1 of it at most", "the autoscaler acts above 1.1"],
    ),
    (
        "serving.models.1.scaling",
        {"kind": "gpu", "use_percent": 80, "min_replicas": 0, "max_replicas": 4},
        ["models[1].scaling.min_replicas", "greater than or equal to 1"],
    ),
    (
        "serving.models.0.scaling",
        {"kind": "queue", "per_replica": 8, "min_replicas": 1, "max_replicas": 4},
        ["models[0].scaling.kind", "Use `kind: requests`"],
    ),
    (
        "serving.models.0.scaling",
        {"kind": "gpu", "use_percent": 80, "min_replicas": 1, "max_replicas": 4},
        ["models[0].scaling.kind", "runs on the CPU"],
    ),
    (
        "serving.gateway.scaling",
        {"kind": "requests", "per_replica": 50, "min_replicas": 0, "max_replicas": 4},
        ["gateway.scaling.min_replicas", "nothing ever wakes"],
    ),
    (
        "serving.gateway.scaling",
        {
            "kind": "requests",
            "measure": "rate",
            "per_replica": 50,
            "min_replicas": 1,
            "max_replicas": 4,
        },
        ["gateway.scaling.measure", "Write `measure: in-flight`"],
    ),
    # bases and canaries
    (
        "serving.models.1.base",
        {"pool": "gpu24", "share_percent": 50},
        ["base.pool", "an on-demand pool (there is none)", "two minutes"],
    ),
    ("serving.models.0.base", {"pool": "gpu24", "share_percent": 50}, ["models[0].base", "spot"]),
    ("serving.models.1.base", {"pool": "gpu24", "share_percent": 0}, ["base.share_percent"]),
    ("serving.models.1.canary", {"of": "chta", "percent": 10}, ["canary.of", "ai-model-service"]),
    ("serving.models.1.canary", {"of": "ai-model-service", "percent": 100}, ["canary.percent"]),
    (
        "serving.gateway.load_balancer",
        {"scheme": "internet-facing", "certificate_arn": CERTIFICATE},
        [
            "none in the embedded environment",
            "lies in eu-west-1",
            "public_https is false",
        ],
    ),
    ("serving.gateway.load_balancer", {"certificate_arn": "mine"}, ["ARN of an ACM certificate"]),
    ("serving.gateway.client_limit", {"requests_per_second": 0, "burst": 1}, ["client_limit"]),
    ("serving.models.0.resources.cpu_request", 0, ["cpu_request", "greater than 0"]),
    ("cluster.system_nodes.instance_types", ["m7i.large"], ["cores", "nodes leave"]),
    ("serving.aggregator.graph", {}, ["aggregator.graph", "a node `root`"]),
    ("serving.aggregator.graph.root.steps.0.model", "bert", ["steps[0].model", "ai-model-service"]),
    ("serving.aggregator.graph.root.steps.0.node", "root", ["either model or node"]),
    (
        "serving.aggregator.graph.root.steps",
        [{"name": "again", "node": "root"}],
        ["root -> root", "nodes that lead to models"],
    ),
    ("serving.aggregator.graph.root.kind", "splitter", ["0 + 0 = 0", "add up to 100"]),
    ("serving.aggregator.graph.root.kind", "switch", ["steps[0].condition", "GJSON"]),
    ("serving.aggregator.graph.root.steps.1.name", "embedding", ["names of their own"]),
]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [case for case in WRONG if case[2]],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_setting_is_explained(path: str, value: Any, says: list[str]) -> None:
    message = problems_of(path, value)
    missing = [text for text in says if text not in message]
    assert not missing, message


@pytest.mark.parametrize(("path", "value", "says"), WRONG, ids=lambda value: str(value)[:50])
def test_no_message_speaks_of_the_code(path: str, value: Any, says: list[str]) -> None:
    found = parse(changed(path, value))
    message = report("local", found) if isinstance(found, list) else ""
    assert not [word for word in ("Traceback", "pydantic", "validation error") if word in message]


def test_all_that_is_wrong_is_said_at_once() -> None:
    settings = stack()
    settings["network"]["cidr"] = "10.0.0.0/33"
    settings["capacity"]["pools"][0]["instance_types"] = ["g6.2xlarge"]
    settings["serving"]["models"][0]["scaling"]["min_replicas"] = -1
    settings["region"] = "us-east-9"
    found = parse(as_config(settings))
    assert isinstance(found, list)
    message = report("local", found)
    assert message.startswith("4 settings are wrong in stacks/Pulumi.local.yaml")
    for path in ("network.cidr", "pools[0].instance_types", "scaling.min_replicas", "region"):
        assert f"ballast:{path}" in message or path in message


def test_the_user_sees_the_message_and_nothing_is_registered() -> None:
    registered: list[Any] = []
    config = {f"ballast:{key}": value for key, value in changed("network.cidr", "x/1").items()}

    def program() -> None:
        Settings.load()
        registered.append("reached")

    with pytest.raises(pulumi.RunError, match="1 setting is wrong"):
        deploy(program, config=config)
    assert not registered


def test_settings_come_from_the_engine_s_configuration() -> None:
    config = {f"ballast:{key}": value for key, value in as_config(stack()).items()}
    settings, _ = deploy(Settings.load, config=config)
    assert settings.serving.models[0].name == "ai-model-service"


def test_a_section_that_is_no_block_is_explained() -> None:
    found = parse({**as_config(stack()), "network": "ten"})
    assert isinstance(found, list)
    assert "block of keys and values" in str(found[0])


def test_nothing_can_change_settings() -> None:
    settings = parse(as_config(stack()))
    assert isinstance(settings, Settings)
    with pytest.raises(ValueError, match="frozen"):
        settings.region = "eu-west-1"  # type: ignore[misc]


def test_a_message_shows_no_more_of_a_value_than_a_line() -> None:
    message = problems_of("network.zones", json.dumps(["us-east-1a"] * 100))
    assert max(len(line) for line in message.splitlines()) < 200


def test_a_pool_is_what_its_request_leads_to() -> None:
    request = {"gpu_memory_gib": 24, "gpus": 1, "vcpus": 8, "memory_gib": 32}
    assert not isinstance(parse(changed("capacity.pools.0", {**POOL, "request": request})), list)
    types = GpuPoolSettings.model_validate({**POOL, "request": request}).types
    assert len(types) >= 4
    assert {name.split(".")[0] for name in types} == {"g5", "g6", "gr6"}
