"""Who cannot be let in is told why, and what to do; and nobody is told a secret."""

from __future__ import annotations

import logging
import subprocess
import sys
from types import ModuleType

import pytest
from cryptography.hazmat.primitives import serialization as forms

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.sdk import connect, session_of
from beaf_bmll.sdk.faults import Asked, refused
from beaf_bmll.testing.auth import CREDENTIALS
from beaf_bmll.testing.faults import KINDS
from beaf_core import UsageError


@pytest.fixture
def strangers_config(emulator, monkeypatch, tmp_path):
    """A configuration whose session nobody has used yet."""
    monkeypatch.setenv("BMLL_TEST_OF", str(tmp_path))
    return Config(lab_org_id=emulator.lab_org_id, http_timeout=0.3)


def ask(config):
    return list(connect(config).jobs())


def test_nothing_is_sent_before_something_is_asked(strangers_config, emulator):
    emulator.requests.clear()
    gateway = connect(strangers_config)
    assert emulator.requests == []
    assert list(gateway.jobs()) == []


def test_outside_the_lab_an_organisation_must_be_named(emulator):
    with pytest.raises(UsageError, match="organisation's name") as caught:
        connect(Config())
    assert "BMLL_JOBS.lab_org_id" in caught.value.remedy


def test_the_login_of_data_needs_no_organisation(strangers_config, emulator):
    session = session_of(None, 5)
    with pytest.raises(BMLLError, match="not authorized"):
        session.compute("GET", "/jobs")
    assert "/auth/auth/token" in {each.path for each in emulator.requests}


def test_an_unknown_name_is_told_without_a_second_try(strangers_config, emulator, monkeypatch):
    monkeypatch.setenv("BMLL_USERNAME", "mallory@example.org")
    emulator.requests.clear()
    with pytest.raises(BMLLError, match="logging in failed: BMLL answered 401") as caught:
        ask(strangers_config)
    assert "BMLL_USERNAME" in caught.value.remedy
    assert not caught.value.retryable
    assert sum(each.path.endswith("/identity") for each in emulator.requests) == 1


def test_a_key_that_is_not_there_is_named(strangers_config, monkeypatch, tmp_path):
    monkeypatch.setenv("BMLL_KEY_PATH", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match=r"the key cannot be read: .*none\.pem"):
        ask(strangers_config)


def test_no_key_at_all_is_told_in_one_line(strangers_config, monkeypatch):
    monkeypatch.delenv("BMLL_KEY_PATH")
    with pytest.raises(UsageError, match="not logged in: Unable to locate private key") as caught:
        ask(strangers_config)
    assert "BMLL_KEY_PATH" in caught.value.remedy


@pytest.mark.parametrize("passphrase", [None, b"hush"])
def test_a_key_of_another_format_or_without_its_passphrase_can_be_mended(
    strangers_config, emulator, monkeypatch, tmp_path, passphrase
):
    key = forms.load_pem_private_key(emulator.key_path.read_bytes(), None)
    cipher = forms.BestAvailableEncryption(passphrase) if passphrase else forms.NoEncryption()
    shape = forms.PrivateFormat.PKCS8 if passphrase else forms.PrivateFormat.OpenSSH
    path = tmp_path / "key"
    path.write_bytes(key.private_bytes(forms.Encoding.PEM, shape, cipher))
    monkeypatch.setenv("BMLL_KEY_PATH", str(path))
    with pytest.raises(UsageError, match="no private key that can be used") as caught:
        ask(strangers_config)
    assert "BMLL_KEY_PASSPHRASE" in caught.value.remedy
    assert "ssh-keygen" in caught.value.remedy


@pytest.fixture
def keyless(monkeypatch):
    """Somebody whom the Lab is to vouch for."""
    monkeypatch.setenv("BMLL_BASE_URL", "lab.example.org")
    for name in ("BMLL_USERNAME", "BMLL_KEY_PATH"):
        monkeypatch.delenv(name)


def test_outside_the_lab_its_variable_is_a_mistake_that_is_explained(
    strangers_config, keyless, monkeypatch
):
    monkeypatch.setitem(sys.modules, "bmll2", None)
    with pytest.raises(UsageError, match="its package is not here") as caught:
        ask(strangers_config)
    assert "unset BMLL_BASE_URL" in caught.value.remedy


def test_in_the_lab_the_lab_vouches_for_us(bmll_lab):
    """One beaf.yaml serves inside and outside: naming the organisation would ask for a key."""
    assert ask(Config()) == []
    assert ask(Config(lab_org_id="configured")) == []
    assert {each.path for each in bmll_lab.requests} == {CREDENTIALS, "/compute/jobs"}


def test_a_lab_that_does_not_vouch_is_told_without_what_it_said(
    strangers_config, keyless, monkeypatch
):
    def refuse():
        raise RuntimeError("t0ken")

    lab = ModuleType("bmll2")
    lab.get_credentials_for_remote_services = refuse
    monkeypatch.setitem(sys.modules, "bmll2", lab)
    with pytest.raises(BMLLError, match=r"the Lab does not log us in \(RuntimeError\)") as caught:
        ask(strangers_config)
    assert "t0ken" not in str(caught.value)


def test_a_login_never_goes_out_in_the_clear_unless_somebody_says_so(emulator, monkeypatch):
    """The vendor's package ships one address of http."""
    monkeypatch.delenv("BMLL_AUTH_URL")
    urls = session_of("shipped", 5).read.__self__._sdk.SERVICE_URLS
    assert urls["auth"] == "https://auth.data.bmlltech.com"
    monkeypatch.setenv("BMLL_AUTH_URL", "http://auth.example.org")
    urls = session_of("told", 5).read.__self__._sdk.SERVICE_URLS
    assert urls["auth"] == "http://auth.example.org"


def test_passwords_for_everywhere_in_netrc_go_nowhere(strangers_config, monkeypatch, tmp_path):
    path = tmp_path / "netrc"
    path.write_text("default login somebody password hush\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    assert ask(strangers_config) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/lab-auth/auth/token", "/account/api-key"])
def test_a_login_outlives_a_fault_of_its_servers(strangers_config, emulator, kind, path):
    emulator.faults.add("*", path, kind, seconds=0.5)
    if kind == "401":
        with pytest.raises(BMLLError, match="logging in failed: BMLL answered 401"):
            ask(strangers_config)
    else:
        assert ask(strangers_config) == []


def test_no_secret_is_in_any_error_log_or_repr(strangers_config, emulator, spec, caplog):
    caplog.set_level(logging.DEBUG)
    gateway = connect(strangers_config)
    list(gateway.jobs())
    headers = gateway.session.read(lambda sdk: sdk.get_auth_headers())
    secrets = [headers["Authorization"].removeprefix("Bearer "), headers["x-api-key"]]
    secrets.append(emulator.key_path.read_text().splitlines()[5])
    told = [repr(gateway), repr(gateway.session), repr(strangers_config)]
    for kind in KINDS:
        emulator.faults.add("POST", "/compute/jobs", kind, seconds=0.5)
        with pytest.raises(BMLLError) as caught:
            gateway.create_job(spec)
        error = caught.value
        told += [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
        assert error.__cause__ is None
    told.append(caplog.text)
    assert "/compute/jobs" in caplog.text
    assert [secret for secret in secrets for text in told if secret in text] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"message": "the token t0ken has ended"}', "the token *** has ended"),
        ("<html><title>Down t0ken</title></html>", "a page, 'Down ***'"),
        ("t0ken\n  and  more", "*** and more"),
        ('{"error": "see https://a:hush@host/"}', "see https://a:***@host/"),
        ('["t0ken"]', "['***']"),
        ("", None),
    ],
)
def test_what_servers_echo_is_masked(body, said):
    error = refused(Asked("GET", "host/jobs", changes=False), 400, body, ["t0ken"])
    expected = "BMLL answered 400 to GET host/jobs"
    assert error.message == (f"{expected}: {said}" if said else expected)


def test_a_quota_that_is_used_up_is_no_matter_of_minutes():
    error = refused(Asked("GET", "host", changes=False), 429, '{"message": "Limit Exceeded"}')
    assert not error.retryable
    assert "quota" in error.remedy


def test_the_client_is_imported_without_the_vendors_package():
    code = (
        "import sys, beaf_bmll.sdk; "
        "print(sorted({'bmll', 'requests', 'pandas', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_vendors_package_one_is_told_what_to_install(strangers_config, monkeypatch):
    monkeypatch.setitem(sys.modules, "bmll", None)
    with pytest.raises(UsageError, match="cannot be imported") as caught:
        connect(strangers_config)
    assert "beaf-bmll[sdk]" in caught.value.remedy
