"""The client against a small server with a certificate of its own."""

import http.server
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from embedded.plugins.kubernetes import api as module
from embedded.plugins.kubernetes.api import Api, ApiError, UnreachableError
from embedded.plugins.kubernetes.discovery import Discovery, NotServedError
from embedded.plugins.kubernetes.kinds import Kind
from embedded.plugins.kubernetes.kubeconfig import Connection


def authority():
    """Return a certificate for 127.0.0.1 that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives the server's answers in order, the last one for ever."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    certificate, key = authority()
    (tmp_path / "server.pem").write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    made.daemon_threads = True
    made.asked, made.answers, made.certificate = [], [(200, {"ok": True})], certificate
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0))


def client(server, **more):
    url = f"https://127.0.0.1:{server.server_port}"
    given = {"authority": server.certificate, "token": "secret", **more}
    return Api(Connection(server=url, namespace="default", **given))


def test_the_token_is_sent_to_a_server_of_the_kubeconfigs_authority(server):
    assert client(server).get("/api", labelSelector="a=b") == {"ok": True}
    assert server.asked == [("/api?labelSelector=a%3Db", "Bearer secret")]


def test_a_server_of_another_authority_gets_nothing(server):
    stranger, _ = authority()
    with pytest.raises(UnreachableError, match="not from the kubeconfig's authority"):
        client(server, authority=stranger).get("/api")
    assert server.asked == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_not_itself_is_asked_again(server, status):
    server.answers = [(status, {"message": "wait"}), (200, {"ok": True})]
    assert client(server).get("/api") == {"ok": True}


def test_patience_ends_with_the_servers_own_words(server):
    server.answers = [(503, {"message": "etcd is away"})]
    with pytest.raises(ApiError, match="etcd is away"):
        client(server).get("/api")
    assert len(server.asked) == 3


def test_a_refusal_is_final_and_in_the_servers_words(server):
    server.answers = [(403, {"message": "pods is forbidden", "reason": "Forbidden"})]
    with pytest.raises(ApiError, match="pods is forbidden"):
        client(server).get("/api")
    assert len(server.asked) == 1


def test_what_does_not_exist_is_none(server):
    server.answers = [(404, {"message": "not found", "reason": "NotFound"})]
    assert client(server).find("/api/v1/namespaces/gone") is None


def test_nobody_there_says_how_to_start_it(server):
    server.server_port = 1
    with pytest.raises(UnreachableError, match=r"connection refused.*ballast local start"):
        client(server).get("/api")


def test_a_kind_that_is_not_served_says_what_to_make_first(server):
    server.answers = [(404, {"message": "not found"})]
    with pytest.raises(NotServedError, match="make its CustomResourceDefinition first"):
        Discovery(client(server)).place(Kind.of("keda.sh/v1alpha1", "ScaledObject"))


def test_a_group_is_read_once_and_parts_of_objects_are_no_kinds(server):
    listed = [
        {"name": "deployments", "kind": "Deployment", "namespaced": True},
        {"name": "deployments/scale", "kind": "Scale", "namespaced": True},
    ]
    server.answers = [(200, {"resources": listed})]
    discovery = Discovery(client(server))
    kind = Kind.of("apps/v1", "Deployment")
    path = "/apis/apps/v1/namespaces/serving/deployments/model"
    assert discovery.place(kind).of("serving", "model") == path
    assert discovery.place(kind).of("serving", "model") == path
    assert len(server.asked) == 1
    with pytest.raises(NotServedError):
        discovery.place(Kind.of("apps/v1", "Scale"))
