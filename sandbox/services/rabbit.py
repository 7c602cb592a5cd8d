"""A private RabbitMQ where the machine has one: Debian's package, started without its service.

The programs in /usr/sbin are wrappers that change user and folder; those below /usr/lib run as
anybody, anywhere.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from sandbox.services.process import Command, ServiceFailed, free_port, listens, running

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_CONTROL = _SERVER.with_name("rabbitmqctl")
_HOW_TO_GET = "RabbitMQ is missing: install the package rabbitmq-server"


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """One virtual host and the two users who may use it; never printed.

    Attributes:
        vhost: Its name.
        amqp_url: For publishing and consuming.
        management_url: For watching with the least rights that allow it; `http://user:password@
            host:port?vhost=name`.
    """

    vhost: str
    amqp_url: str
    management_url: str

    def __repr__(self) -> str:
        return f"BrokerAccess({self.vhost})"


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """A running broker and its administrator; never printed with the password.

    Attributes:
        amqp_port: Where AMQP is spoken on 127.0.0.1.
        management_url: The management API without user info.
        user: The administrator.
        password: The administrator's password.
        environment: In which the broker's own programs find it.
    """

    amqp_port: int
    management_url: str
    user: str
    password: str
    environment: Mapping[str, str]

    @property
    def amqp_url(self) -> str:
        """The administrator's access to the default virtual host."""
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.amqp_port}/%2F"

    def __repr__(self) -> str:
        return f"RabbitMQ({self.management_url})"

    def new_vhost(self, name: str) -> BrokerAccess:
        """Create a virtual host with one user to work in it and one to watch it."""
        worker, watcher = f"{name}-worker", f"{name}-watcher"
        passwords = {worker: secrets.token_urlsafe(12), watcher: secrets.token_urlsafe(12)}
        part = quote(name, safe="")
        with self.admin() as api:
            _put(api, f"/api/vhosts/{part}", {})
            _put_user(api, part, worker, {"password": passwords[worker], "tags": ""}, ".*")
            watching = {"password": passwords[watcher], "tags": "management"}
            _put_user(api, part, watcher, watching, "^$")
        login = {user: f"{quote(user, safe='')}:{password}" for user, password in passwords.items()}
        scheme, _, host = self.management_url.partition("://")
        return BrokerAccess(
            name,
            f"amqp://{login[worker]}@127.0.0.1:{self.amqp_port}/{part}",
            f"{scheme}://{login[watcher]}@{host}?vhost={part}",
        )

    def control(self, *words: str) -> None:
        """Run a command of `rabbitmqctl`, such as `stop_app` and `start_app` (0.3 s and more).

        Raises:
            subprocess.CalledProcessError: It did not.
        """
        subprocess.run([_CONTROL, *words], env=self.environment, check=True, capture_output=True)  # noqa: S603

    def admin(self) -> httpx.Client:
        """Return a client of the management API with all rights; the caller closes it."""
        return httpx.Client(
            base_url=self.management_url,
            auth=httpx.BasicAuth(self.user, self.password),
            verify=False,  # noqa: S501  # loopback without TLS; loading certificates takes longer
        )


def find_rabbitmq() -> Path | None:
    """Return the server's program, or None where this machine has no RabbitMQ."""
    return _SERVER if os.access(_SERVER, os.X_OK) and shutil.which("epmd") else None


@contextmanager
def rabbitmq(folder: Path) -> Iterator[RabbitMQ]:
    """Run a new broker with the management plugin on the loopback interface (4 to 6 s to start).

    Everything is below `folder`; the data goes away at the end, the logs stay.

    Raises:
        ServiceFailed: This machine has no RabbitMQ, or it did not start.
    """
    server, epmd = find_rabbitmq(), shutil.which("epmd")
    if server is None or epmd is None:
        raise ServiceFailed(_HOW_TO_GET)
    ports = {name: free_port() for name in ("amqp", "management", "distribution", "epmd")}
    environment = {**os.environ, **_environment(folder, ports)}
    broker = RabbitMQ(
        ports["amqp"],
        f"http://127.0.0.1:{ports['management']}",
        "admin",
        secrets.token_urlsafe(12),
        environment,
    )
    _write_configuration(folder, broker, ports["management"])
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder / "data", ignore_errors=True)
        stack.enter_context(_epmd(epmd, folder, ports["epmd"], environment))
        stack.enter_context(_server(server, folder, broker, environment))
        yield broker


@contextmanager
def _epmd(program: str, folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Our own name server: one that the broker starts would outlive it."""
    argv = [program, "-port", str(port), "-address", "127.0.0.1", "-relaxed_command_check"]
    command = Command("epmd", argv, environment, stop=signal.SIGKILL)
    with running(command, folder / "epmd.log", lambda: listens(port)):
        yield


@contextmanager
def _server(
    program: Path, folder: Path, broker: RabbitMQ, environment: Mapping[str, str]
) -> Iterator[None]:
    # An orderly end takes 7 s; the data is thrown away.
    command = Command("RabbitMQ", [str(program)], environment, stop=signal.SIGKILL)
    with broker.admin() as api:
        log = folder / "rabbitmq.log"
        with running(command, log, lambda: _answers(api), seconds=60.0):
            yield


def _write_configuration(folder: Path, broker: RabbitMQ, management_port: int) -> None:
    for name in ("home", "data", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    cookie = folder / "home" / ".erlang.cookie"
    cookie.touch(mode=0o600)
    cookie.write_text(secrets.token_hex(10))
    cookie.chmod(0o400)
    configuration = folder / "rabbitmq.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"listeners.tcp.default = 127.0.0.1:{broker.amqp_port}\n"
        "management.tcp.ip = 127.0.0.1\n"
        f"management.tcp.port = {management_port}\n"
        "loopback_users = none\n"
        f"default_user = {broker.user}\n"
        f"default_pass = {broker.password}\n"
        "log.console = false\n"
        "log.file = broker.log\n"
        "vm_memory_high_watermark.absolute = 512MB\n"
        "disk_free_limit.absolute = 50MB\n"
    )


def _environment(folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Return what keeps the broker in its folder and makes the script become the server itself."""
    return {
        "HOME": str(folder / "home"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_NODENAME": f"sandbox{ports['amqp']}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports["amqp"]),
        "RABBITMQ_DIST_PORT": str(ports["distribution"]),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "data" / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _answers(api: httpx.Client) -> bool:
    """Check that the broker has started: its management answers and accepts changes."""
    try:
        return api.put("/api/vhosts/%2F", json={}).is_success
    except httpx.HTTPError:
        return False


def _put_user(
    api: httpx.Client, vhost: str, user: str, definition: Mapping[str, str], pattern: str
) -> None:
    name = quote(user, safe="")
    rights = {"configure": pattern, "write": pattern, "read": pattern}
    _put(api, f"/api/users/{name}", definition)
    _put(api, f"/api/permissions/{vhost}/{name}", rights)


def _put(api: httpx.Client, path: str, body: Mapping[str, str]) -> None:
    answer = api.put(path, json=dict(body))
    if not answer.is_success:
        raise ServiceFailed(f"RabbitMQ answers {answer.status_code} to PUT {path}")
