"""A TLS server whose certificate a test can choose, as a client should never meet it."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PHONE_ID = UUID("11111111-1111-4111-8111-111111111111")


@contextlib.contextmanager
def tls_server(folder: Path, name: str, received: list[bytes], *, days: int = 1) -> Iterator[tuple[int, Path]]:
    """Run a TLS server with a certificate of its own making; yield its port and the certificate's path.

    It is good for one connection. `days` is how long the certificate is valid: with a negative number it was.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, lasts = datetime.now(UTC), timedelta(days=days)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now + min(lasts, timedelta()) * 2, now + lasts)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def serve() -> None:
        try:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                received.append(secure.recv(65536))
                body = json.dumps({"id": str(PHONE_ID), "number": "1", "telephony_provider": "x", "status": "y"})
                secure.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        except OSError:
            return
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], path
        thread.join(2)
