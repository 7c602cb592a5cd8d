"""Compiled SQL that all engines of a test process share.

SQLAlchemy keeps the text of each statement it compiled with the engine, and most tests build an
engine of their own. Compiling was a fifth of the processor time of a test that ticks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine


@contextmanager
def share_statements(engine: Engine) -> Iterator[None]:
    """Make new engines of guv's keep their statements with `engine`, until the block ends.

    The dialect is part of a statement's key, so it is shared too; that of `engine` knows the
    server already.
    """

    def create_sharing(url: str, **options: Any) -> Engine:
        made = create_engine(url, **options)
        made.dialect = made.pool._dialect = engine.dialect
        made._compiled_cache = engine._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guv.database.create_engine", create_sharing)
        yield
