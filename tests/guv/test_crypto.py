import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from guv.crypto import Sealer, hash_secret, new_api_key, sealer_from

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_to_the_same(secret: str) -> None:
    sealer = Sealer([NEW])
    assert sealer.open(sealer.seal(secret)) == secret


def test_a_sealed_secret_says_nothing() -> None:
    assert b"marker" not in Sealer([NEW]).seal("marker")


def test_older_keys_still_open() -> None:
    assert Sealer([NEW, OLD]).open(Sealer([OLD]).seal("secret")) == "secret"


def test_the_newest_key_seals() -> None:
    assert Sealer([NEW]).open(Sealer([NEW, OLD]).seal("secret")) == "secret"


def test_resealing_needs_the_old_key_no_more() -> None:
    resealed = Sealer([NEW, OLD]).reseal(Sealer([OLD]).seal("secret"))
    assert Sealer([NEW]).open(resealed) == "secret"


def test_a_key_that_is_gone_opens_nothing() -> None:
    sealed = Sealer([OLD]).seal("secret")
    with pytest.raises(ValueError, match="no longer configured"):
        Sealer([NEW]).open(sealed)


def test_a_sealed_secret_that_was_tampered_with_does_not_open() -> None:
    sealer = Sealer([NEW])
    with pytest.raises(ValueError, match="no longer configured"):
        sealer.open(sealer.seal("secret")[:-1] + b"x")


def test_keys_come_as_a_list_with_commas() -> None:
    sealer = sealer_from(f" {NEW} , {OLD},")
    assert sealer.open(Sealer([OLD]).seal("secret")) == "secret"


@pytest.mark.parametrize("keys", ["", " , ", "marker", NEW[:-4]], ids=range(4))
def test_an_unusable_key_list_is_refused_without_showing_it(keys: str) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        sealer_from(keys)
    assert "marker" not in str(refused.value)


def test_api_keys_are_long_and_never_the_same() -> None:
    keys = {new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == len("guv_") + 43 for key in keys)  # 256 bits in base 64


def test_a_keys_hash_does_not_hold_the_key() -> None:
    key = new_api_key()
    assert key.removeprefix("guv_") not in hash_secret(key)
    assert hash_secret(key) == hash_secret(key)
