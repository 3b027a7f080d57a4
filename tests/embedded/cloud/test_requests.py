"""Which requests go into the journal, and what of them."""

from __future__ import annotations

import io
import sys

import pytest

from embedded.cloud import requests

_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _query(action: str) -> tuple[requests.Environ, bytes]:
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_TYPE": _FORM}
    return environ, f"Action={action}&Version=2016-11-15".encode()


def _json(target: str) -> tuple[requests.Environ, bytes]:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_TYPE": "application/x-amz-json-1.1",
        "HTTP_X_AMZ_TARGET": target,
    }
    return environ, b"{}"


def _rest(method: str, path: str) -> tuple[requests.Environ, bytes]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path}, b""


@pytest.mark.parametrize(
    "request_",
    [
        _query("DescribeVpcs"),
        _query("GetRole"),
        _json("TrentService.ListKeys"),
        _json("DynamoDB_20120810.Query"),
        _rest("GET", "/clusters/main"),
        _rest("HEAD", "/bucket/key"),
    ],
)
def test_what_only_reads_is_not_written_down(request_: tuple[requests.Environ, bytes]) -> None:
    assert requests.changes_nothing(*request_)


@pytest.mark.parametrize(
    "request_",
    [
        _query("CreateVpc"),
        _query("AssumeRole"),
        _json("TrentService.CreateKey"),
        _json("AmazonSQS.ReceiveMessage"),
        _rest("POST", "/clusters"),
        _rest("PUT", "/bucket/key"),
        _rest("DELETE", "/clusters/main"),
        _rest("POST", "/something-new"),
    ],
)
def test_everything_else_is(request_: tuple[requests.Environ, bytes]) -> None:
    assert not requests.changes_nothing(*request_)


def test_a_body_that_is_not_a_form_is_not_taken_for_one() -> None:
    environ, _ = _rest("PUT", "/bucket/key")
    assert requests.action(environ, b"Action=DescribeVpcs") == "PUT /bucket/key"


def test_the_signature_and_the_connection_are_left_out() -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=embedded/20261124/us-east-1/ec2/"
        "aws4_request, SignedHeaders=host, Signature=abc",
        "HTTP_CONNECTION": "keep-alive",
        "HTTP_X_AMZ_DATE": "20261124T000000Z",
        "werkzeug.socket": object(),
    }
    kept = requests.essence(environ)
    assert kept.keys() == {
        "REQUEST_METHOD",
        "PATH_INFO",
        "HTTP_AUTHORIZATION",
        "HTTP_X_AMZ_DATE",
    }
    assert "us-east-1/ec2" in kept["HTTP_AUTHORIZATION"]
    assert "Signature=" not in kept["HTTP_AUTHORIZATION"]


def test_a_restored_request_has_its_body_and_length() -> None:
    environ = requests.restore({"PATH_INFO": "/"}, b"four", sys.stderr)
    assert environ["CONTENT_LENGTH"] == "4"
    assert requests.read_body(environ) == b"four"


def test_a_chunked_body_is_read_to_its_end() -> None:
    environ = {"wsgi.input": io.BytesIO(b"all of it"), "wsgi.input_terminated": True}
    assert requests.read_body(environ) == b"all of it"
