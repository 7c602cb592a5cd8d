"""Sealed secrets, encryption keys and API keys."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from guv.crypto import Sealer, hash_secret, new_api_key, sealer_from

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_sealed_secret_opens_to_the_same_secret(secret: str) -> None:
    sealer = Sealer([NEW])
    assert sealer.open(sealer.seal(secret)) == secret


def test_a_sealed_secret_does_not_contain_the_secret() -> None:
    assert b"marker" not in Sealer([NEW]).seal("marker")


def test_older_encryption_keys_still_open_secrets() -> None:
    assert Sealer([NEW, OLD]).open(Sealer([OLD]).seal("secret")) == "secret"


def test_the_newest_encryption_key_seals() -> None:
    assert Sealer([NEW]).open(Sealer([NEW, OLD]).seal("secret")) == "secret"


def test_a_resealed_secret_opens_without_the_old_key() -> None:
    resealed = Sealer([NEW, OLD]).reseal(Sealer([OLD]).seal("secret"))
    assert Sealer([NEW]).open(resealed) == "secret"


def test_a_secret_of_a_missing_encryption_key_does_not_open() -> None:
    sealed = Sealer([OLD]).seal("secret")
    with pytest.raises(ValueError, match="no longer configured"):
        Sealer([NEW]).open(sealed)


def test_a_sealed_secret_that_was_tampered_with_does_not_open() -> None:
    sealer = Sealer([NEW])
    with pytest.raises(ValueError, match="no longer configured"):
        sealer.open(sealer.seal("secret")[:-1] + b"x")


def test_encryption_keys_come_as_a_comma_separated_list() -> None:
    sealer = sealer_from(f" {NEW} , {OLD},")
    assert sealer.open(Sealer([OLD]).seal("secret")) == "secret"


@pytest.mark.parametrize("keys", ["", " , ", "marker", NEW[:-4]], ids=range(4))
def test_an_unusable_encryption_key_list_is_refused_without_being_shown(keys: str) -> None:
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
