"""Rotation of encryption keys."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, LargeBinary, text
from sqlmodel import Session, SQLModel

from guv.apps.models import App, Broker, Consent
from guv.config import Config
from guv.crypto import Sealer
from guv.rotate_keys import rotate, sealed_columns
from guv.settings.models import SettingsLevel
from guv.tenants.models import Subscription, Tenant
from tests.builders import NOON, a_broker, a_level, a_role, a_tenant, an_app

ROOT = Path(__file__).parent.parent.parent
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
URL = "https://guv:broker-password-marker@rabbit.example/shop"


@pytest.fixture
def secrets(engine: Engine) -> Callable[[Sealer], list[str]]:
    """Every secret of a tenant, sealed with the old key; opens them with a given sealer."""
    old = Sealer([OLD])
    with Session(engine, expire_on_commit=False) as session:
        tenant = a_tenant(session, grant_sealed=old.seal("grant-marker"))
        app = an_app(session, tenant, old)
        broker = a_broker(session, app, old, URL)
        role = a_role(session, app)
        sealed = old.seal("license-marker")
        level = a_level(session, tenant.id, role.id, level="role", notify_sealed=sealed)
        sealed = old.seal("event-secret-marker")
        subscription = Subscription(tenant_id=tenant.id, secret_sealed=sealed, created_at=NOON)
        session.add_all([a_consent(app, old), subscription])
        session.commit()
    identities = (tenant.id, app.id, broker.id, level.subject_id)

    def opened(sealer: Sealer) -> list[str]:
        with Session(engine) as session:
            tenant_id, app_id, broker_id, level_id = identities
            stored = session.get_one(App, app_id)
            sealed = [
                session.get_one(Tenant, tenant_id).grant_sealed,
                stored.access_token_sealed,
                stored.refresh_token_sealed,
                session.get_one(Broker, broker_id).url_sealed,
                session.get_one(SettingsLevel, level_id).notify_sealed,
                session.get_one(Consent, "state").verifier_sealed,
                session.get_one(Subscription, tenant_id).secret_sealed,
            ]
        return [sealer.open(secret) for secret in sealed if secret is not None]

    return opened


def a_consent(app: App, sealer: Sealer) -> Consent:
    return Consent(
        state_hash="state",
        tenant_id=app.tenant_id,
        app_id=app.id,
        verifier_sealed=sealer.seal("verifier-marker"),
        by="test",
        expires_at=NOON,
    )


Secrets = Callable[[Sealer], list[str]]


def test_after_a_rotation_the_new_key_alone_opens_every_secret(
    engine: Engine, secrets: Secrets
) -> None:
    before = secrets(Sealer([OLD]))
    rotate(engine, Sealer([NEW, OLD]))
    assert secrets(Sealer([NEW])) == before
    assert len(before) == 7


def test_after_a_rotation_the_old_key_opens_no_secret(engine: Engine, secrets: Secrets) -> None:
    rotate(engine, Sealer([NEW, OLD]))
    with pytest.raises(ValueError, match="no longer configured"):
        secrets(Sealer([OLD]))


def test_rotation_counts_the_resealed_secrets_of_each_table(
    engine: Engine, secrets: Secrets
) -> None:
    assert secrets(Sealer([OLD]))
    resealed = {name: count for name, count in rotate(engine, Sealer([NEW, OLD])).items() if count}
    assert resealed == {
        "tenant": 1,
        "app": 2,
        "broker": 1,
        "settings_level": 1,
        "consent": 1,
        "subscription": 1,
    }


def test_a_second_rotation_changes_nothing(engine: Engine, secrets: Secrets) -> None:
    assert secrets(Sealer([OLD]))
    rotate(engine, Sealer([NEW, OLD]))
    assert sum(rotate(engine, Sealer([NEW, OLD])).values()) == 0


def test_rotation_names_the_row_of_an_unknown_key_without_the_secret(
    engine: Engine, secrets: Secrets
) -> None:
    assert secrets(Sealer([OLD]))
    with pytest.raises(ValueError, match=r"a secret of \w+ [0-9a-f-]{36} is sealed with") as error:
        rotate(engine, Sealer([NEW]))
    assert "marker" not in str(error.value)


def test_every_bytes_column_is_covered_by_rotation() -> None:
    for table in SQLModel.metadata.sorted_tables:
        binary = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
        if table.name == "web_bucket":
            binary -= {"service", "connect"}  # sketches of times
        assert {column.name for column in sealed_columns(table)} == binary


def test_the_rotate_keys_command_reports_what_was_rotated(
    config: Config, engine: Engine, secrets: Secrets
) -> None:
    done = _run(config, f"{NEW},{OLD}")
    assert (done.returncode, "app: 2 secrets resealed" in done.stdout) == (0, True)
    assert secrets(Sealer([NEW]))
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from app")).scalar_one() == 1


def test_the_rotate_keys_command_fails_without_the_old_key(
    config: Config, secrets: Secrets
) -> None:
    assert secrets(Sealer([OLD]))
    done = _run(config, NEW)
    assert (done.returncode, "no longer configured" in done.stderr) == (1, True)
    assert OLD not in done.stderr + done.stdout


def _run(config: Config, keys: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": config.sqlalchemy_url.replace("+psycopg", ""),
        "REDIS_URL": config.redis_url.get_secret_value(),
        "GUV_ADDON_PASSWORD": "addon-password-marker",
        "GUV_ENCRYPTION_KEYS": keys,
    }
    return subprocess.run(
        [sys.executable, "-m", "guv.rotate_keys"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
