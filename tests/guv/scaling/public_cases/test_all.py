"""Every public case is told somewhere: as a decision beside this file, or where it belongs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PUBLIC = (
    1, 2, 6, 7, 8, 9, 10, 13, 14, 15, 17, 18, 19, 20, 21, 23, 25, 26, 27, 28, 30, 31, 33,
    34, 35, 36, 38, 41, 42, 45, 47, 48,
)  # fmt: skip
CASES = {f"BC{number:02}" for number in PUBLIC}

ELSEWHERE = {
    "BC09": "tests/guv/rabbitmq/test_client.py",  # virtual host and queue names in the URL
    "BC10": "tests/guv/rabbitmq/test_url.py",  # special characters in user and password
    "BC27": "tests/worker/tick/test_shared_readings.py",  # calls to Heroku per app and account
    "BC47": "tests/system/test_secrets.py",  # no secret anywhere
    "BC48": "tests/worker/process/test_runtime.py",  # one client per broker, closed on change
}


def told_here() -> set[str]:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    return {f"BC{found}" for text in texts for found in re.findall(r"def test_bc(\d\d)", text)}


@pytest.mark.parametrize("place", ELSEWHERE.values())
def test_the_places_exist(place: str) -> None:
    assert (ROOT / place).is_file()


def test_no_case_is_told_twice_or_in_no_test() -> None:
    assert told_here()
    assert not told_here() & set(ELSEWHERE)


def test_no_public_case_is_left_out() -> None:
    assert told_here() | set(ELSEWHERE) == CASES
