"""guv's migrations, on a database of the sandbox."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

ROOT = Path(__file__).parent.parent


def alembic_settings() -> Config:
    """Alembic's settings as `pyproject.toml` has them."""
    return Config(toml_file=str(ROOT / "pyproject.toml"))


def migrate(url: str) -> None:
    """Create all of guv's tables, as `alembic upgrade head` does.

    Args:
        url: The database as SQLAlchemy takes it.
    """
    settings, engine = alembic_settings(), create_engine(url)
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    engine.dispose()
