"""Stand-in for the New Relic collector that the agents of guv's processes report to.

Facts: protocol 17 as agent 14.1 speaks it. TLS is compulsory; bodies above 64 kB are packed.
"""

import gzip
import json
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.certificate import self_signed

_UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
_ANSWERS: dict[str, Any] = {
    "preconnect": {"redirect_host": "localhost"},
    "connect": {
        "agent_run_id": "sandbox",
        "collect_errors": True,
        "collect_error_events": True,
        "collect_analytics_events": True,
        "event_harvest_config": {
            "report_period_ms": 5000,
            "harvest_limits": {"analytic_event_data": 1000, "error_event_data": 100},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Report:
    """One call of an agent: its method, license key and body."""

    method: str
    license_key: str
    body: str

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


@dataclass(slots=True)
class Collector:
    """Reports of agents, oldest first.

    Attributes:
        environment: The variables that lead an agent here.
    """

    environment: dict[str, str]
    reports: list[Report] = field(default_factory=list)

    def of(self, method: str) -> list[Any]:
        """Return the bodies of all reports of a method."""
        return [report.json() for report in self.reports if report.method == method]

    def metrics(self) -> dict[str, float]:
        """Count each metric over all reports."""
        counts: dict[str, float] = {}
        for _, _, _, values in self.of("metric_data"):
            for identity, numbers in values:
                name = str(identity["name"])
                counts[name] = counts.get(name, 0.0) + float(numbers[0])
        return counts


@contextmanager
def collecting(folder: Path) -> Iterator[Collector]:
    """Run a collector at localhost until the block ends.

    Args:
        folder: Where its certificate goes.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    collector = Collector(
        {
            "NEW_RELIC_HOST": "localhost",
            "NEW_RELIC_PORT": str(server.server_address[1]),
            "NEW_RELIC_CA_BUNDLE_PATH": str(folder / "certificate.pem"),
        }
    )
    server.collector = collector  # type: ignore[attr-defined]  # its handlers' way to it
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        packed = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = self.headers.get("Content-Encoding", "identity").lower()
        body = _UNPACKED.get(encoding, bytes)(packed).decode()
        report = Report(query["method"], query.get("license_key", ""), body)
        self.server.collector.reports.append(report)  # type: ignore[attr-defined]
        answer = json.dumps({"return_value": _ANSWERS.get(report.method)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: Any) -> None:
        pass
