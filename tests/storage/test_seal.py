import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.storage import _seal, seal, unseal


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(_seal, "_COST", 14)


@pytest.fixture(scope="module")
def sealed():
    return seal(b"payload", "secret", purpose="client")


@pytest.mark.parametrize("data", [b"", b"x", bytes(100_000)])
@pytest.mark.parametrize("passphrase", ["pässword", b"\0\xff"])
def test_unsealing_inverts_sealing(data, passphrase):
    sealed = seal(data, passphrase, purpose="client")
    assert len(sealed) == len(data) + 52
    assert unseal(sealed, passphrase, purpose="client") == data


def test_a_sealed_text_has_the_documented_octets(sealed):
    key = Scrypt(salt=sealed[8:24], length=32, n=1 << sealed[7], r=8, p=1).derive(b"secret")
    assert AESGCM(key).decrypt(sealed[24:36], sealed[36:], sealed[:8] + b"client") == b"payload"


def test_two_seals_of_the_same_bytes_share_nothing(sealed):
    again = seal(b"payload", "secret", purpose="client")
    assert sealed[8:24] != again[8:24]
    assert sealed[24:36] != again[24:36]
    assert sealed[36:] != again[36:]


def test_another_passphrase_or_purpose_opens_nothing(sealed):
    with pytest.raises(GuaranteeError, match="another one"):
        unseal(sealed, "Secret", purpose="client")
    with pytest.raises(GuaranteeError, match="another one"):
        unseal(sealed, "secret", purpose="server")


def test_no_octet_changes_unseen(sealed, monkeypatch):
    monkeypatch.setattr(_seal, "_COSTS", range(14, 16))  # a dearer one is refused at once
    for position in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[position] ^= 1
        with pytest.raises(GuaranteeError, match="Nothing was read"):
            unseal(bytes(damaged), "secret", purpose="client")


@pytest.mark.parametrize("size", [0, 1, 7, 8, 24, 51, 52])
def test_a_shorter_text_is_refused(sealed, size):
    with pytest.raises(GuaranteeError, match="Nothing was read"):
        unseal(sealed[:size], "secret", purpose="client")


@pytest.mark.parametrize("cost", [0, 13, 21, 40, 255])
def test_a_file_cannot_ask_for_any_amount_of_work(sealed, cost):
    with pytest.raises(GuaranteeError, match="first octets have changed"):
        unseal(sealed[:7] + bytes([cost]) + sealed[8:], "secret", purpose="client")


@pytest.mark.parametrize("passphrase", ["", b"", None, 3])
def test_an_empty_passphrase_is_refused(passphrase):
    with pytest.raises(InvalidParameterError, match="not empty"):
        seal(b"payload", passphrase, purpose="client")


def test_no_message_shows_the_passphrase_or_the_bytes(sealed):
    with pytest.raises(GuaranteeError) as caught:
        unseal(sealed, "hunter2", purpose="client")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
