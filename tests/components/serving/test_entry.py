from components.serving import entry
from components.serving.entry import LoadBalancer

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/x"
PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"


def test_the_load_balancer_ends_tls_and_keeps_the_client_s_address() -> None:
    balancer = LoadBalancer(scheme="internal", certificate_arn=CERTIFICATE)
    made = {
        key.removeprefix(PREFIX): value
        for key, value in entry.controller_annotations(balancer).items()
    }
    assert (made["scheme"], made["ssl-cert"], made["ssl-ports"]) == ("internal", CERTIFICATE, "443")
    assert "TLS13" in made["ssl-negotiation-policy"]
    assert "preserve_client_ip.enabled=true" in made["target-group-attributes"]


def test_only_tls_leads_to_the_gateway_and_no_port_of_a_node_is_opened() -> None:
    spec = entry.spec({"app": "gateway"}, ["10.0.0.0/16"])
    assert isinstance(spec.ports, list)
    (port,) = spec.ports
    assert (port.port, port.target_port) == (443, "http")  # pyright: ignore
    assert spec.allocate_load_balancer_node_ports is False
    assert spec.load_balancer_source_ranges == ["10.0.0.0/16"]
