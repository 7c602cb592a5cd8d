"""Speed of Heroku's webhooks, over real PostgreSQL and Redis: `python -m bench.events`.

Times are those of the whole web process, from the request to its answer, in milliseconds.
"""

import argparse
import base64
import hashlib
import hmac
import json
import tempfile
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from sqlmodel import Session, select
from starlette.testclient import TestClient

from api.addon.webhook_routes import SIGNATURE
from api.app import create_app
from bench.api import BEGIN, ROLES, database
from bench.role_page import config_of
from guv.apps.models import App
from guv.crypto import sealer_from
from guv.logging import configure_logs
from guv.tenants.models import Subscription, Tenant
from guv.tenants.webhook_subscription import PATH
from sandbox import services

SECRET = "of a bench"  # noqa: S105
REPEATS = 300


def main() -> None:
    """Print a table of times."""
    argparse.ArgumentParser(prog="python -m bench.events", description=__doc__).parse_args()
    configure_logs("ERROR", json=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        services.redis(Path(folder)) as redis_url,
        database(ROLES) as (engine, tenant),
    ):
        config = config_of(engine, redis_url)
        sealed = sealer_from(config.guv_encryption_keys.get_secret_value()).seal(SECRET)
        with Session(engine) as session:
            row = Subscription(tenant_id=tenant.id, secret_sealed=sealed, created_at=BEGIN)
            session.add(row)
            session.commit()
            app = str(session.exec(select(App.heroku_id)).one())
        with TestClient(create_app(config)) as client:
            print(f"| event, for a tenant of {ROLES} roles | median | 99 of 100 |\n|---|---|---|")
            for name, body in _bodies(app).items():
                print(f"| {name} | {_times(client, tenant, body)} |")


def _bodies(app: str) -> dict[str, dict[str, Any]]:
    """Return an event of each kind by name; guv has something to write for two of them."""
    named = {"action": "update", "published_at": BEGIN.isoformat()}
    formation = {"app": {"id": app}, "type": "worker-0", "quantity": 9}
    return {
        "an app's name": {**named, "resource": "app", "data": {"id": app, "name": "shop"}},
        "a formation": {**named, "resource": "formation", "data": formation},
        "a kind that guv does not know": {**named, "resource": "moon", "data": {}},
    }


def _times(client: TestClient, tenant: Tenant, body: dict[str, Any]) -> str:
    """Return the median and the 99th percentile as cells of a table."""
    raw = json.dumps(body).encode()
    digest = hmac.digest(SECRET.encode(), raw, hashlib.sha256)
    headers = {SIGNATURE: base64.b64encode(digest).decode()}
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        answer = client.post(f"{PATH}/{tenant.id}", content=raw, headers=headers)
        times.append(1000 * (perf_counter() - start))
        if answer.status_code != HTTPStatus.NO_CONTENT:
            raise SystemExit(f"guv answered an event with {answer.status_code}")
    return f"{median(times):.1f} | {quantiles(times, n=100)[-1]:.1f}"


if __name__ == "__main__":
    main()
