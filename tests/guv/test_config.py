"""Configuration from environment variables."""

from base64 import urlsafe_b64encode

import pytest
from pydantic import ValidationError

from guv.config import Config, read_config, with_driver

NEEDED = {
    "DATABASE_URL": "postgres://guv:db-marker@db.example/guv",
    "REDIS_URL": "redis://:redis-marker@redis.example",
    "GUV_ENCRYPTION_KEYS": urlsafe_b64encode(b"keys-marker-of-32-bytes-in-all--").decode(),
    "GUV_ADDON_PASSWORD": "addon-marker",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Config.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_the_required_variables_suffice_for_a_configuration() -> None:
    assert read_config().guv_roles_per_job == 1


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_variable_is_named_without_showing_any_value(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match=name.lower()) as refused:
        read_config()
    assert "marker" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUV_ROLES_PER_JOB", "0"),
        ("GUV_ROLES_PER_JOB", "many"),
        ("GUV_API_POOL_SIZE", "10"),  # fewer than 40 can deadlock
        ("GUV_CLOCK_BEAT", "0"),
        ("GUV_WORKER_PROCESSES", "-1"),
        ("DATABASE_URL", "mysql://guv:db-marker@db.example/guv"),
        ("REDIS_URL", "redis.example:6379"),
        ("GUV_ENCRYPTION_KEYS", "keys-marker"),
        ("GUV_ENCRYPTION_KEYS", ", ,"),
        ("GUV_LOG_LEVEL", "loud"),
        ("GUV_PUBLIC_URL", "guv.example.com"),
        ("GUV_PUBLIC_URL", "https://guv.example.com/"),
        ("HEROKU_API_URL", "https://user:secret@api.heroku.com"),
        ("NEW_RELIC_EVENTS_URL", "https://"),
    ],
)
def test_an_invalid_variable_is_refused(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        read_config()


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NEW_RELIC_LICENSE_KEY", "")
    environment.setenv("GUV_ROLES_PER_JOB", "")
    config = read_config()
    assert (config.new_relic_license_key, config.guv_roles_per_job) == (None, 1)


@pytest.mark.usefixtures("environment")
def test_secrets_of_the_configuration_are_not_shown() -> None:
    assert "marker" not in repr(read_config())
    assert "marker" not in read_config().model_dump_json()


@pytest.mark.usefixtures("environment")
def test_configuration_cannot_be_changed() -> None:
    config = read_config()
    with pytest.raises(ValidationError):
        config.guv_roles_per_job = 2  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_form_of_a_postgresql_url_names_the_driver(scheme: str) -> None:
    url = with_driver(f"{scheme}://guv:p%40ss@db.example:5432/guv?sslmode=require")
    assert url == "postgresql+psycopg://guv:p%40ss@db.example:5432/guv?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://guv:marker@db", "sqlite:///marker", "marker", ""])
def test_a_database_url_that_is_not_postgresql_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="postgres://") as refused:
        with_driver(url)
    assert "marker" not in str(refused.value)
