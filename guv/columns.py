"""Column types and naming of constraints, shared by all tables."""

from typing import Any

from sqlalchemy import DateTime, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
INSTANT = DateTime(timezone=True)


def instant(**options: Any) -> Any:
    """Make a column for an aware timestamp."""
    return Field(sa_type=INSTANT, **options)


def sealed(**options: Any) -> Any:
    """Make a column for a sealed secret."""
    return Field(sa_type=LargeBinary, **options)


def json_value(**options: Any) -> Any:
    """Make a column for a JSON value."""
    return Field(sa_type=JSONB, **options)
