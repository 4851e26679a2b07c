"""A TLS proxy in front of the sandbox with a network's round-trip time. Run as `python -m bench.lab.proxy`.

Every byte is held for half a round trip in each direction. On loopback the kernel opens connections at once, so the
round trip of a TCP handshake is added to the first bytes of each connection instead; the second port leaves that out.
"""

import argparse
import asyncio
import datetime
import ipaddress
import ssl
import sys
from contextlib import suppress
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CHUNK = 2**16


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a temporary certificate with its key, and a bundle that trusts it and all the usual ones."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench of Phone Desk")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain, bundle = folder / "proxy.pem", folder / "bundle.pem"
    chain.write_bytes(private + public)
    # The usual ones too, as loading them is part of the cost of a new connection.
    bundle.write_bytes(Path(certifi.where()).read_bytes() + public)
    return chain, bundle


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, first: float) -> None:
    """Copy bytes, each `delay` seconds after it came; the first ones another `first` seconds later."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    writing = asyncio.create_task(write())
    extra = first
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            await waiting.put((loop.time() + delay + extra, data))
            extra = 0.0
    await waiting.put((loop.time() + delay, b""))
    with suppress(OSError):
        await writing


async def _join(client: tuple[asyncio.StreamReader, asyncio.StreamWriter], port: int, delay: float, tcp: float) -> None:
    reader, writer = client
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_pass_on(reader, upstream_writer, delay, tcp), _pass_on(upstream_reader, writer, delay, 0.0))


async def _listen(port: int, delay: float = 0.0, tcp: float = 0.0, context: ssl.SSLContext | None = None) -> int:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await _join((reader, writer), port, delay, tcp)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    task = asyncio.create_task(server.serve_forever())
    _tasks.add(task)
    return int(server.sockets[0].getsockname()[1])


_tasks: set["asyncio.Task[None]"] = set()


async def main() -> None:
    """Serve until a signal comes; print the two ports, with and without the TCP handshake."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--upstream", type=int, required=True)
    parser.add_argument("--rtt-ms", type=float, required=True)
    parser.add_argument("--certificate", required=True)
    options = parser.parse_args()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate)
    rtt = options.rtt_ms / 1000
    plain = await _listen(options.upstream, context=context)
    ports = [await _listen(plain, rtt / 2, tcp) for tcp in (rtt, 0.0)]
    sys.stdout.write(f"ports {ports[0]} {ports[1]}\n")
    sys.stdout.flush()
    await asyncio.gather(*_tasks)


if __name__ == "__main__":
    asyncio.run(main())
