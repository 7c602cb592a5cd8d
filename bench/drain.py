"""Log lines a second that guv takes on one core: `make bench-drain`.

guv's own processes (web, clock, worker) share one core; PostgreSQL, Redis and the senders use the
others. First as many lines as are asked for, spread over tenants, then one tenant floods while
another delivers as usual. All lines are the router's, which cost most.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from uuid import uuid4

import httpx
from redis import Redis
from sqlalchemy import text
from sqlmodel import Session

from bench.processes import processor_seconds
from guv.apps.models import App
from guv.clock import utc_now
from guv.config import with_driver
from guv.database import make_engine
from guv.tenants.models import Tenant
from guv.web_metrics.drains import renew_drain
from guv.web_metrics.log_lines import join_frames
from sandbox import services
from sandbox.database import migrate
from sandbox.fleet import Fleet, Surroundings

LINES = 100  # of one delivery, as a busy app has them in a fraction of a second
MEGA = 1024 * 1024


@dataclass
class Sender:
    """One tenant's Logplex.

    Attributes:
        url: Of the drain.
        answers: Deliveries by how they were answered.
        times: Seconds that each answer took.
    """

    url: str
    answers: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    def run(self, a_second: float, seconds: float) -> None:
        """Send `a_second` deliveries a second for `seconds`; 0 sends as many as possible."""
        url = httpx.URL(self.url)
        auth = httpx.BasicAuth(url.username, url.password)
        start = time.perf_counter()
        with httpx.Client(auth=auth, timeout=5) as client:
            sent = 0
            while (now := time.perf_counter() - start) < seconds:
                if a_second and now < sent / a_second:
                    time.sleep(sent / a_second - now)
                self._send(client, url.copy_with(userinfo=b""))
                sent += 1

    def _send(self, client: httpx.Client, url: httpx.URL) -> None:
        headers = {
            "Content-Type": "application/logplex-1",
            "Logplex-Msg-Count": str(LINES),
            "Logplex-Frame-Id": uuid4().hex,
            "Logplex-Drain-Token": "d.token",
        }
        body = router_lines()
        start = time.perf_counter()
        answer = client.post(url, content=body, headers=headers)
        self.times.append(time.perf_counter() - start)
        self.answers[answer.status_code] += 1


@dataclass
class Watch:
    """What guv's processes used.

    Attributes:
        url: Where the API answers, which tells guv's processes from others.
        redis: Whose memory is watched.
        most: Bytes of each process and of Redis, at most.
    """

    url: str
    redis: Redis
    most: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Measure memory until the block ends."""
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(0.2):
                for name, (_, memory) in self.processes().items():
                    self.most[name] = max(self.most[name], memory)
                used = int(self.redis.info("memory")["used_memory"])
                self.most["redis"] = max(self.most["redis"], used)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def processes(self) -> dict[str, tuple[float, int]]:
        """CPU seconds and resident bytes of guv's processes, by module and id."""
        found = {}
        marker = f"GUV_PUBLIC_URL={self.url}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and marker in _read(entry / "environ"):
                module = _read(entry / "cmdline").split(b"\0")[2].decode()
                if module.startswith("-"):
                    continue  # a wrapper around one of them
                cpu = processor_seconds([int(entry.name)])
                pages = int(_read(entry / "statm").split()[1])
                found[f"{module} {entry.name}"] = cpu, pages * os.sysconf("SC_PAGE_SIZE")
        return found

    def cpu(self) -> Counter[str]:
        """CPU seconds by module."""
        total: Counter[str] = Counter()
        for name, (seconds, _) in self.processes().items():
            total[name.partition(" ")[0]] += seconds  # type: ignore[assignment]  # a float counts, too
        return total


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--tenants", type=int, default=5)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls, watch = stack.enter_context(_world(folder, options.tenants))
        senders = [Sender(url) for url in urls]
        each = options.lines / LINES / options.tenants
        for sender in senders:
            sender.run(1, 1)  # the first delivery of a drain is looked up
        cpu, start = watch.cpu(), time.perf_counter()
        with watch.watching():
            _together([(sender, each) for sender in senders], options.seconds)
        _print("at the given rate", senders, watch, cpu, time.perf_counter() - start)
        _print_counted(folder, watch, senders)
        flood, usual = Sender(urls[0]), Sender(urls[-1])
        cpu, start = watch.cpu(), time.perf_counter()
        with watch.watching():
            _together([(flood, 0), (flood, 0), (usual, 2)], options.seconds)
        seconds = time.perf_counter() - start
        _print("drain that floods", [flood], watch, cpu, seconds)
        _print("another drain meanwhile", [usual], watch, cpu, seconds)


def _together(work: Sequence[tuple[Sender, float]], seconds: float) -> None:
    threads = [threading.Thread(target=sender.run, args=(rate, seconds)) for sender, rate in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _print(
    title: str, senders: Sequence[Sender], watch: Watch, before: Counter[str], seconds: float
) -> None:
    answers: Counter[int] = sum((sender.answers for sender in senders), Counter())
    times = sorted(moment for sender in senders for moment in sender.times)
    lines = answers[204] * LINES / seconds
    print(f"{title}: {lines:.0f} lines/s accepted; deliveries by status {dict(answers)}")
    print(
        f"  answered in {1000 * times[len(times) // 2]:.1f} ms (p50),"
        f" {1000 * times[int(0.99 * len(times))]:.1f} ms (p99)"
    )
    used = {name: round(cpu - before[name], 1) for name, cpu in watch.cpu().items()}
    print(f"  CPU seconds in {seconds:.0f} s of guv's one core: {used}")
    print(f"  memory at most, MB: { {name: n // MEGA for name, n in watch.most.items()} }")


def _print_counted(folder: Path, watch: Watch, senders: Sequence[Sender]) -> None:
    """Wait until the queue is empty, and print whether every line that was taken is in the sums."""
    start = time.perf_counter()
    while watch.redis.zcard("guv:drain:waiting") and time.perf_counter() - start < 60:  # noqa: PLR2004
        time.sleep(0.1)
    taken = sum(sender.answers[204] for sender in senders) * LINES
    engine = make_engine((folder / "url").read_text(), pool_size=1, application="guv bench")
    with engine.connect() as connection:
        counted = connection.execute(text("select sum(requests) from web_bucket")).scalar()
    engine.dispose()
    print(f"  {taken} lines taken, {counted} counted, {time.perf_counter() - start:.1f} s later")


@contextmanager
def _world(folder: Path, tenants: int) -> Iterator[tuple[list[str], Watch]]:
    with ExitStack() as stack:
        url = with_driver(stack.enter_context(services.postgres(folder / "postgres")))
        (folder / "url").write_text(url)
        redis_url = stack.enter_context(services.redis(folder / "redis"))
        migrate(url)
        here = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(here)})
        surroundings = Surroundings(
            url, redis_url, "http://127.0.0.1:9", "http://127.0.0.1:9", EXTRA
        )
        fleet = Fleet(surroundings, folder / "guv")
        stack.callback(fleet.stop_all)
        for name in ("api", "clock-1", "worker-1"):
            fleet.start(name)
        os.sched_setaffinity(0, here - {min(here)} or here)
        redis = stack.enter_context(Redis.from_url(redis_url))
        yield _drains(url, fleet.api_url, tenants), Watch(fleet.api_url, redis)


EXTRA = {"GUV_WORKER_PROCESSES": "1", "GUV_LOG_LEVEL": "WARNING"}


def _drains(url: str, api_url: str, count: int) -> list[str]:
    """Return the drain URLs of `count` tenants."""
    engine = make_engine(url, pool_size=1, application="guv bench")
    urls = []
    with Session(engine) as session:
        for number in range(count):
            tenant = Tenant(id=uuid4(), name=f"t{number}", plan="premium", created_at=utc_now())
            app = App(tenant_id=tenant.id, heroku_id=uuid4(), name="shop", created_at=utc_now())
            session.add(tenant)
            session.flush()
            session.add(app)
            session.flush()
            drain, secret = renew_drain(session, tenant, app, utc_now())
            place = api_url.replace("//", f"//logplex:{secret}@")
            urls.append(f"{place}/heroku/drains/{drain.id}")
        session.commit()
    engine.dispose()
    return urls


def router_lines() -> bytes:
    """Return a delivery of router lines with the current time."""
    at = utc_now().astimezone(UTC).isoformat(timespec="microseconds")
    return join_frames(
        [
            (
                f"<158>1 {at} host heroku router - at=info method=GET"
                f' path="/orders/{number}?page={number % 9}" host=shop.example.com'
                f' request_id=6d0f3a52-8c1e-4d1c-9d6b-{number:012d} fwd="192.0.2.{number % 250}"'
                f" dyno=web.{number % 8 + 1} connect=1ms service={20 + number * 7 % 400}ms"
                " status=200 bytes=15225 protocol=http1.1 tls=true tls_version=tls1.3\n"
            ).encode()
            for number in range(LINES)
        ]
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    main()
