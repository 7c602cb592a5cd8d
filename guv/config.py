"""Configuration of guv's processes, from the environment; read once and frozen."""

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from guv.crypto import sealer_from
from guv.settings.field_errors import field_errors
from guv.ssrf import Fence, read_networks

_REDIS = ("redis://", "rediss://", "unix://")


def _networks(text: str) -> str:
    read_networks(text)
    return text


def _postgres(url: SecretStr) -> SecretStr:
    with_driver(url.get_secret_value())
    return url


def _redis(url: SecretStr) -> SecretStr:
    """Validate the URL; empty for a process that needs no Redis."""
    text = url.get_secret_value()
    if text and not text.startswith(_REDIS):
        raise ValueError("must begin with redis:// or rediss://")
    return url


def _address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s/?#@]+)*", url):
        raise ValueError("must be a URL such as https://guv.example.com, without a trailing slash")
    return url


def _fernet(keys: SecretStr) -> SecretStr:
    try:
        sealer_from(keys.get_secret_value())
    except ValueError:
        raise ValueError(
            "must be Fernet keys, each 32 bytes in URL-safe base64, separated by commas"
        ) from None
    return keys


Address = Annotated[str, AfterValidator(_address)]


class Config(BaseSettings):
    """Configuration of guv's own processes; tenants' settings are in `guv.settings`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: Annotated[SecretStr, AfterValidator(_postgres)] = Field(
        description="PostgreSQL; Heroku's postgres:// form is accepted"
    )
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] = Field(
        description="Redis that holds RQ's queues"
    )
    guv_encryption_keys: Annotated[SecretStr, AfterValidator(_fernet)] = Field(
        description="Fernet keys, newest first, separated by commas; seal tokens and URLs at rest"
    )
    guv_addon_id: str = Field("guv", description="The add-on's slug: user name of Heroku's calls")
    guv_addon_password: SecretStr = Field(description="Password of Heroku's calls to us")
    guv_oauth_client_secret: SecretStr = Field(
        SecretStr(""), description="Exchanges and refreshes the apps' OAuth tokens"
    )
    guv_sso_salt: SecretStr = Field(
        SecretStr(""), description="The manifest's sso_salt; without it single sign-on is off"
    )
    guv_user_oauth_client_id: str = Field(
        "",
        description="OAuth client for users' consent to scale; empty: no connect button",
    )
    guv_user_oauth_client_secret: SecretStr = Field(
        SecretStr(""), description="Exchanges and refreshes those users' tokens"
    )
    guv_public_url: Address = Field(
        "http://127.0.0.1:8000", description="Where tenants reach the API, without a trailing slash"
    )
    guv_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    guv_log_json: bool = Field(default=True, description="JSON lines; false: for a terminal")
    guv_api_pool_size: int = Field(
        40, ge=40, description="Database connections of a web process; fewer can deadlock"
    )
    guv_api_rate: int = Field(1200, ge=1, description="Requests per minute and API key")
    guv_drain_bytes: int = Field(
        1_000_000, ge=1, description="Bytes of one app's log lines that may wait in Redis"
    )
    guv_drains_bytes: int = Field(
        8_000_000,
        ge=1,
        description="Bytes of all apps' log lines, above which large shares are refused",
    )
    guv_wrong_keys: int = Field(
        60, ge=1, description="Wrong keys or passwords that an address may try in five minutes"
    )
    guv_worker_processes: int = Field(2, ge=1, description="Processes of one worker dyno")
    guv_worker_threads: int = Field(
        16, ge=1, description="Apps that a worker process reads and scales at the same time"
    )
    guv_roles_per_job: int = Field(1, ge=1, le=1000, description="Roles carried by one RQ job")
    guv_histories: int = Field(
        1000, ge=0, description="Roles whose samples a worker process caches, 100 kB each"
    )
    guv_clock_beat: float = Field(0.5, gt=0, description="Seconds between checks for due roles")
    guv_allowed_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Private networks that tenants' URLs may lead to, separated by commas"
    )
    guv_broker_timeout: float = Field(3.0, gt=0, description="Seconds a broker may take in all")
    guv_heroku_timeout: float = Field(5.0, gt=0, description="Seconds Heroku may take in all")
    guv_resolve_after: float = Field(
        300.0, gt=0, description="Seconds without the problem after which an incident resolves"
    )
    guv_authorization_retry: float = Field(
        300.0, gt=0, description="Seconds between attempts at an app that lost its authorization"
    )
    heroku_api_url: Address = Field("https://api.heroku.com", description="Platform API")
    heroku_id_url: Address = Field("https://id.heroku.com", description="Token endpoint's host")
    heroku_metrics_url: Address = Field(
        "https://api.metrics.heroku.com", description="Tells whether Heroku itself scales web dynos"
    )
    new_relic_events_url: Address | None = Field(
        None, description="Overrides the Event API's host, for tests and the demo"
    )
    new_relic_account_id: int | None = Field(
        None, gt=0, description="The operator's account, to which python -m worker.watch reports"
    )
    new_relic_region: Literal["us", "eu", "jp"] = Field("us", description="Region of that account")
    new_relic_license_key: SecretStr | None = Field(
        None, description="Measures guv's own processes; without it the agent is off"
    )

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The database's URL in the form SQLAlchemy takes."""
        return with_driver(self.database_url.get_secret_value())

    @cached_property
    def fence(self) -> Fence:
        """Where the URLs that tenants give may lead."""
        return Fence(read_networks(self.guv_allowed_networks))


def with_driver(url: str) -> str:
    """Return a PostgreSQL URL with the psycopg 3 driver; Heroku's `postgres://` works too.

    Raises:
        ValueError: The URL is not a PostgreSQL URL; the message does not show it.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError("must begin with postgres:// or postgresql://")
    return f"postgresql+psycopg://{rest}"


def read_config(**given: str) -> Config:
    """Read the configuration from the environment.

    Args:
        **given: Values that replace the environment's, such as those a process does not need.

    Raises:
        pydantic.ValidationError: A variable is missing or has no usable value; the message names
            it and does not show it.
    """
    return Config.model_validate(given)


def config_of_process(**given: str) -> Config:
    """Read the configuration as `read_config` does, for a process.

    Raises:
        SystemExit: A variable is missing or has no usable value.
    """
    try:
        return read_config(**given)
    except ValidationError as error:
        raise SystemExit(unusable(error)) from None


def config_of_command() -> Config:
    """Read the configuration of a command, which needs the database and the keys only."""
    return config_of_process(redis_url="", guv_addon_password="unused")  # noqa: S106


def unusable(invalid: ValidationError) -> str:
    """Describe which variables are unusable and what would be right, without their values."""
    return "\n".join(
        f"{error.field.upper()} {error.message}" for error in field_errors(invalid.errors())
    )
