"""Commands and routes of docs/api.md."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from api.app import create_app
from api.container import Outside
from guv.clock import utc_now
from guv.config import Config
from guv.crypto import Sealer
from sandbox.heroku.access import Access
from sandbox.server import Sandbox
from tests.api.serving import serving
from tests.builders import NOON, a_history, a_key, a_role, a_tenant, an_app

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
COMMANDS = re.findall(r"^curl .*$", TEXT, flags=re.MULTILINE)


def status(command: str, environment: dict[str, str]) -> str:
    """Return the HTTP status that a command of the page gets."""
    quiet = command.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1)
    done = subprocess.run(
        ["bash", "-c", quiet],  # the shell that a reader has
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
def test_every_command_of_the_api_docs_works_as_printed(
    web_config: Config, world: Sandbox, session: Session, sealer: Sealer
) -> None:
    tenant = a_tenant(session)
    shop = world.heroku.new_app("shop-of-the-page", {"worker": 1})
    [token] = set(re.findall(r"HRKU-[0-9a-f-]{36}", TEXT))
    owner = Access(frozenset({shop.id}), None, "customer@example.com", None)
    world.heroku.authorizations.access[token] = owner
    app = an_app(session, tenant, sealer, name="shop", heroku_id=shop.id)
    a_history(session, a_role(session, app, "invoices"), utc_now())
    key = a_key(session, tenant.id, "GUV_URL", NOON)
    session.commit()
    rabbit = httpx.MockTransport(lambda _: httpx.Response(200, json=[{"name": "orders"}]))
    with serving(create_app(web_config, Outside(broker=rabbit))) as address:
        environment = {
            "GUV": address,
            "GUV_URL": f"{address.replace('//', f'//guv:{key}@')}/v1",
            "GUV_ADDON_PASSWORD": "addon-password-marker",
        }
        answers = {command: status(command, environment) for command in COMMANDS}
    health = {command for command in COMMANDS if "/health" in command}
    bad = {command: code for command, code in answers.items() if not code.startswith("2")}
    assert bad.keys() <= health, bad  # no clock beats here
    assert len(answers) > 15


def test_every_route_is_in_the_api_docs(web_config: Config) -> None:
    app = create_app(web_config)
    named = re.sub(r"/apps/shop", "/apps/{app}", TEXT)
    named = re.sub(r"/roles/(worker|mailer|invoices|web)", "/roles/{role}", named)
    named = re.sub(r"/resources/[0-9a-f-]{36}", "/resources/{resource}", named)
    missing = [path for path in app.openapi()["paths"] if path.removeprefix("/v1") not in named]
    assert missing == []
    app.state.parts.close()
