"""The proxy's configuration before the real service: TLS, who sends slowly or too much, and whose address counts."""

from __future__ import annotations

import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from features.console import utc_now
from tests import http_requests
from tests.conftest import County
from tests.running_service import free_port, key_for, serving, wait_for

CONFIGURATION = Path("serving/deploy/nginx.conf")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")


@dataclass(frozen=True)
class Proxy:
    """port: of TLS. plain_port: of plain HTTP. context: trusts the proxy's certificate."""

    port: int
    plain_port: int
    context: ssl.SSLContext
    data: Path

    def client(self, role: str | None = None) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {key_for(self.data, role)}"} if role else {}
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.port}", verify=self.context, headers=headers, timeout=60
        )


def write_certificate(folder: Path) -> None:
    """A certificate of this machine's loopback address, and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lights")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(address, critical=False)
    builder = builder.not_valid_before(utc_now() - timedelta(days=1)).not_valid_after(utc_now() + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "lights.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    (folder / "lights.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


def adapted(text: str, folder: Path, service: str, port: int, plain_port: int) -> str:
    """The shipped configuration with the test's ports, certificate and time for headers, within the main context."""
    for shipped, own in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("/etc/ssl/certs/lights.pem", str(folder / "lights.pem")),
        ("/etc/ssl/private/lights.key", str(folder / "lights.key")),
        ("proxy_pass http://127.0.0.1:8000;", f"proxy_pass http://127.0.0.1:{service};"),
        ("client_header_timeout 10s;", "client_header_timeout 1s;"),
    ):
        assert shipped in text
        text = text.replace(shipped, own)
    places = "".join(
        f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if Path.home() == Path("/root") else ""
    return (
        f"{user}daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{text}\n}}\n"
    )


@pytest.fixture(scope="module")
def proxy(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder, port, plain_port = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    own = by_rules.copied_to(folder / "var")
    write_certificate(folder)
    secure = {"LIGHTS_SECURE_COOKIES": "true", "LIGHTS_PUBLIC_URL": f"https://127.0.0.1:{port}"}
    with serving(own.data, **secure) as signed:
        text = CONFIGURATION.read_text("utf-8")
        (folder / "nginx.conf").write_text(adapted(text, folder, signed.rpartition(":")[2], port, plain_port), "utf-8")
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        with (folder / "printed").open("w+") as printed:
            running = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)
            try:
                wait_for(f"http://127.0.0.1:{plain_port}/", lambda: running.poll() is None, printed)
                context = ssl.create_default_context(cafile=str(folder / "lights.pem"))
                yield Proxy(port, plain_port, context, own.data)
            finally:
                running.terminate()
                running.wait(timeout=30)


def test_the_service_answers_through_tls_alone(proxy: Proxy) -> None:
    plain = http_requests.get(f"http://127.0.0.1:{proxy.plain_port}/sign-in?lang=en")
    assert (plain.status_code, plain.headers["location"]) == (301, "https://lights.county.example/sign-in?lang=en")
    with proxy.client() as client:
        page = client.get("/sign-in")
        assert page.status_code == 200
        assert all("Secure" in cookie for cookie in page.headers.get_list("set-cookie"))
        assert "nginx/" not in page.headers.get("server", "")
    with proxy.client("county_official") as client:
        assert client.get("/api/v1/warnings").json()["total"] > 0


def test_the_metrics_are_not_read_from_outside(proxy: Proxy) -> None:
    with proxy.client("administrator") as client:
        assert client.get("/metrics").status_code == 403


def test_a_made_up_address_does_not_get_around_the_limit_of_sign_ins(proxy: Proxy) -> None:
    with proxy.client() as client:
        statuses = [
            client.get("/sign-in", params={"token": "x"}, headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code
            for number in range(100)
        ]
        [token] = re.findall('name="csrf" value="([^"]+)"', client.get("/sign-in?lang=en").text)[:1]
        statuses += [
            client.post(
                "/sign-in",
                data={"username": "nobody", "password": "x", "csrf": token},
                headers={"X-Forwarded-For": f"10.0.1.{number}"},
            ).status_code
            for number in range(100)
        ]
    assert 429 in statuses


def test_who_does_not_end_the_headers_is_cut_off(proxy: Proxy) -> None:
    with (
        socket.create_connection(("127.0.0.1", proxy.port)) as plain,
        proxy.context.wrap_socket(plain, server_hostname="127.0.0.1") as slow,
    ):
        slow.settimeout(60)
        slow.sendall(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        answer = slow.recv(1000)
        assert answer == b"" or b" 408 " in answer.split(b"\r\n")[0]


def test_large_bodies_are_refused_but_for_the_files_of_the_clerk(proxy: Proxy) -> None:
    content = b"loan_id\n" + b"x" * 20_000_000
    with proxy.client("county_official") as client:
        assert client.post("/api/v1/score", content=content).status_code == 413
    with proxy.client("clerk") as client:
        answer = client.post("/uploads?lang=en", files={"file": ("loans.csv", content)})
        assert answer.status_code in (200, 303), answer.text
