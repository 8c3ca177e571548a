"""Does the emulator let in who should enter, and nobody else?"""

from __future__ import annotations

import pytest

from beaf_bmll.testing import Emulator

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")


def test_the_user_is_named_by_the_comment_of_the_key(bmll_emulator, monkeypatch):
    import bmll

    monkeypatch.delenv("BMLL_USERNAME")
    bmll.DEFAULT_SESSION.__init__()
    bmll.login(lab_org_id=bmll_emulator.lab_org_id)
    assert list(bmll.compute.get_jobs()) == []


def test_data_delivery_gives_data_but_no_machines(bmll_emulator):
    import bmll

    assert "XLON" in set(bmll.reference.available_markets()["MIC"])
    with pytest.raises(Exception, match="403"):
        bmll.compute.get_jobs()


@pytest.mark.parametrize(
    "wrong", [{"username": "somebody@else.org"}, {"lab_org_id": "somewhere else"}]
)
def test_a_stranger_is_refused(bmll_emulator, wrong, monkeypatch):
    import bmll

    # A refused login logs in again, which is refused: the package would do so for a while.
    session = bmll.Session()
    monkeypatch.setattr(session, "_BACKOFF_ON_PREDICATE_KWARGS", {"max_tries": 1})
    with pytest.raises(Exception, match=r"403|Unauthorised"):
        session.login(**{"lab_org_id": bmll_emulator.lab_org_id} | wrong)


def test_another_key_is_refused(bmll_emulator, tmp_path, monkeypatch):
    import bmll
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "other.pem"
    path.write_bytes(
        key.private_bytes(
            forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption()
        )
    )
    session = bmll.Session()
    monkeypatch.setattr(session, "_BACKOFF_ON_PREDICATE_KWARGS", {"max_tries": 1})
    with pytest.raises(Exception, match=r"403|Unauthorised"):
        session.login(key_path=str(path), lab_org_id=bmll_emulator.lab_org_id)


def test_an_expired_login_is_refused_and_made_anew(bmll_emulator, ask, compute):
    assert ask("GET", "/jobs")[0] == 200
    bmll_emulator.expire_logins()
    assert ask("GET", "/jobs")[0] == 401
    assert list(compute.get_jobs()) == []


def test_another_login_s_key_is_refused(ask):
    assert ask("GET", "/jobs", changed={"x-api-key": "of somebody else"})[0] == 403


def test_whoever_stands_in_the_lab_needs_no_key(bmll_lab):
    import bmll

    assert list(bmll.compute.get_jobs()) == []
    assert not any(each.route == "/lab-auth/auth/identity" for each in bmll_lab.requests)


def test_the_lab_s_door_is_opened_by_its_secret_alone(bmll_emulator):
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    address = bmll_emulator.urls["BMLL_COMPUTE_URL"].replace("/compute", "/emulator/credentials")
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(address, method="POST"), timeout=5)


def test_keys_and_secrets_are_for_their_owner_only(bmll_emulator):
    files = [path for path in (bmll_emulator.root / "keys").iterdir() if path.suffix != ".pub"]
    assert sorted(path.name for path in files) == ["key.pem", "lab.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (bmll_emulator.root / "keys").stat().st_mode & 0o777 == 0o700


def test_an_emulator_that_has_not_begun_has_no_address(tmp_path):
    from beaf_core import UsageError

    with pytest.raises(UsageError, match="before it has begun"):
        _ = Emulator(tmp_path).urls
