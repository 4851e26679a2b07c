"""P2: an edit through the site compared with a script, both over TLS with the same round-trip time."""

import itertools
import time
import uuid
from collections.abc import Callable

import requests

from bench.lab.prepare import TOKEN
from bench.lab.proxy import make_certificate
from bench.lab.sites import Lab
from bench.measures.saving import DIRECT_SHARE, Editor, phones_of
from bench.measuring import Goal, Report, Row, Series, Variant, interleave
from phones import diga

TITLE = "P2 An edit here / the same by a script"
RTT_MS = 50.0


def run(lab: Lab) -> Report:
    """Time a save through the site and the calls of scripts, through TLS 50 ms away."""
    site = lab.site("sqlite")
    if site is None:
        raise RuntimeError("SQLite is always there")
    lab.stand_in.set_latency(0)
    chain, bundle = make_certificate(lab.folder)
    proxy = lab.start(
        (
            "-m",
            "bench.lab.proxy",
            "--upstream",
            str(lab.stand_in.port),
            "--rtt-ms",
            str(RTT_MS),
            "--certificate",
            str(chain),
        ),
        lab.env,
        "proxy",
    )
    with_tcp, without_tcp = proxy.await_word(r"ports (\d+) (\d+)\n").groups()
    url = f"https://127.0.0.1:{with_tcp}"
    server = site.serve("bench.lab.wsgi:application", DIGA_API_URL=url, BENCH_CA_BUNDLE=str(bundle))
    editor = Editor(site, server, 0)
    turns = itertools.cycle(phones_of(editor.browser, site, DIRECT_SHARE))
    client = diga.DigaClient(TOKEN, base_url=url, session=diga.new_session(ca_bundle=str(bundle)))

    def read_and_write() -> float:
        phone_id = uuid.UUID(next(turns))
        started_at = time.perf_counter()
        client.get_phone(phone_id)
        client.update_phone(phone_id, diga.PhoneUpdate(nickname=uuid.uuid4().hex))
        return (time.perf_counter() - started_at) * 1000

    def script(port: str, *methods: str) -> Callable[[], float]:
        def call() -> float:
            address = f"https://127.0.0.1:{port}/v1/phone/{next(turns)}"
            started_at = time.perf_counter()
            for method in methods:
                requests.request(
                    method,
                    address,
                    json={"nickname": uuid.uuid4().hex} if method == "PATCH" else None,
                    headers={"Authorization": f"Bearer {TOKEN}"},
                    verify=str(bundle),
                    timeout=60,
                ).raise_for_status()
            return (time.perf_counter() - started_at) * 1000

        return call

    options = lab.options
    series = interleave(
        [
            Variant("save in the drawer, through the site", editor.save_nickname, options.count(10)),
            Variant("our client: get_phone + update_phone, warm", read_and_write, options.count(10)),
            Variant("script: get + patch", script(with_tcp, "GET", "PATCH"), options.count(6)),
            Variant("script: get + patch, TCP not counted", script(without_tcp, "GET", "PATCH"), options.count(6)),
            Variant("script: patch only", script(with_tcp, "PATCH"), options.count(10)),
            Variant("script: patch only, TCP not counted", script(without_tcp, "PATCH"), options.count(10)),
        ],
        options.rounds,
    )
    server.child.stop()
    proxy.stop()
    return _report(series)


def _report(series: dict[str, Series]) -> Report:
    edit = series["save in the drawer, through the site"]
    same = series["script: get + patch"]
    strict = series["script: get + patch, TCP not counted"]
    blind, blind_strict = series["script: patch only"], series["script: patch only, TCP not counted"]
    ours = series["our client: get_phone + update_phone, warm"]
    return Report(
        rows=[Row(found, same) for found in series.values()],
        goals=[
            Goal("P2.same_job", "save / script that reads and writes too", edit.median / same.median, 0.6),
            Goal("P2.same_job_strict", "the same, TCP handshakes not counted", edit.median / strict.median, 0.6),
            Goal("P2.client", "our client's two calls / the script's two", ours.median / same.median, 0.6),
            Goal(
                "P2.blind",
                "save / script that writes blindly",
                edit.median / blind.median,
                0.6,
                is_asserted=False,
            ),
            Goal(
                "P2.blind_strict",
                "the blind one, TCP handshakes not counted",
                edit.median / blind_strict.median,
                0.6,
                is_asserted=False,
            ),
        ],
        notes=[
            f"TLS 1.3, {RTT_MS:g} ms of round trip, warm pool here, a new connection for each `requests` call there. "
            "The TCP handshake, which loopback makes in no time, is one round trip more per connection.",
            "A save here reads first, to notice what others changed: two round trips. A blind patch takes three on "
            "a new connection (two without TCP), so a save can't be below 0.67 x of it (1.0 x), whatever we do.",
        ],
    )
