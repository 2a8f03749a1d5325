"""Secrets of our own making, by name, by shape and by value; and what only looks like one."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.report.secrets import REMOVED, Remover, safe_environment, without_secrets

MIXED = "aB3dE5gH7jK9mN1pQ4sT6vW8yZ"
HEX = "0123456789abcdef0123456789abcdef01234567"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
PEM = "MIIEpAIBAAKCAQEA1c7zFfakeKeyMaterial00000000"

SHAPES = [
    "hf_" + MIXED,
    *(f"gh{letter}_{MIXED}" for letter in "pousr"),
    "github_pat_11AAAAAAA0_" + MIXED,
    "glpat-" + MIXED,
    "glrt-" + MIXED,
    "sk-proj-" + MIXED,
    "sk-ant-api03-" + MIXED,
    "sk_live_" + MIXED,
    "xoxb-1234567890-" + MIXED,
    "xoxe.xoxp-1-" + MIXED,
    "xapp-1-A0-" + MIXED,
    "npm_" + MIXED + "abcdefgh",
    "pypi-AgEIcHlwaS5vcmc" + MIXED,
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "AIzaSyA" + MIXED + "abcdefg",
    "ya29.a0Af" + MIXED,
    "GOCSPX-" + MIXED,
    "dop_v1_" + HEX,
    "SG." + MIXED + "." + MIXED,
    "nvapi-" + MIXED,
    "r8_" + MIXED + "abcdefgh",
    "gsk_" + MIXED,
    "dckr_pat_" + MIXED,
    "hvs." + MIXED,
    JWT,
]
SECRETS = [
    *((f"using {shape} now", shape) for shape in SHAPES),
    *((f'{{"a": "{shape}"}}', shape) for shape in SHAPES[:4]),
    ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
    ("headers={'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
    ("authorization: token 5hort", "5hort"),
    ("X-Api-Key: zzz987", "zzz987"),
    ("Cookie: sid=qqq111; other=rrr222", "rrr222"),
    ("python train.py --api-key=s3cr3tvalue --lr 0.1", "s3cr3tvalue"),
    ("python train.py --api-key s3cr3tvalu2", "s3cr3tvalu2"),
    ("python train.py --wandb_api_key " + HEX, HEX),
    ("password: 'hunter2hunter2'", "hunter2hunter2"),
    ("password: 12345678", "12345678"),
    ('password = "two words here"', "words here"),
    ("Namespace(lr=0.1, hub_token='tok3nvalue', seed=1)", "tok3nvalue"),
    ("{'db_password': 'pa55', 'lr': 0.1}", "pa55"),
    ("AccountKey=Zm9vYmFyMTIzNDU2Nzg5MA==;EndpointSuffix=x", "Zm9vYmFyMTIzNDU2Nzg5MA"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "bPxRfiCYEXAMPLEKEY"),
    ("some_key=" + MIXED, MIXED),
    ("export WANDB_API_KEY=" + HEX, HEX),
    ("postgres://user:p4ssw0rd@db:5432/x", "p4ssw0rd"),
    ("redis://:p4ssw0rd2@cache", "p4ssw0rd2"),
    ("https://user:p@ss4word@host/x", "ss4word"),
    ("git clone https://oauth2tokenabcdef123@git.example/x", "oauth2tokenabcdef123"),
    ("https://hooks.slack.com/services/T00000000/B00000000/XXXXYYYYZZZZ", "XXXXYYYYZZZZ"),
    ("GET /x?X-Amz-Signature=abcdef0123&y=1", "abcdef0123"),
    ("GET /x?access_token=abcdef0124", "abcdef0124"),
    ("curl -u me:hunt3r2 https://x", "hunt3r2"),
    (f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n-----END RSA PRIVATE KEY-----", PEM),
    (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{PEM}2\n-----END OPENSSH PRIVATE KEY-----", PEM + "2"),
    (f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{PEM}3\n-----END PGP PRIVATE KEY BLOCK-----", PEM + "3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_removed_and_its_surroundings_stay(text: str, secret: str) -> None:
    found = without_secrets(f"step 1\n{text}\nstep 2\n")
    assert secret not in found
    assert REMOVED in found
    assert found.startswith("step 1\n")
    assert found.endswith("step 2\n")


@pytest.mark.parametrize(
    "text",
    [
        "iteration 10 | tokens per second 120345.2 | loss 1.2",
        "max_new_tokens: 2048, pad_token: 0",
        "pad_token='<pad>', eos_token: </s>, mask_token=[MASK]",
        "step 3 token_count=123456 keys loaded",
        "loading key frames; monkey patch applied",
        "Training step 3, loss=0.497",
        "key: value_projection.weight is missing",
        "the token was refused, so the password is asked for",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "see https://pytorch.org/docs/stable/distributed.html#debugging",
        "file:///mnt/data/train-00001.tar",
        "rank 0 -u 3",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert without_secrets(text) == text


def test_the_end_of_a_key_whose_beginning_was_left_out() -> None:
    found = without_secrets(f"{PEM}\n{PEM}\n-----END PRIVATE KEY-----\nstep 2")
    assert found == f"{REMOVED}\nstep 2"


def test_names_of_variables() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "x", "HF_TOKEN": "y", "PWD": "/w", "PATH": "/bin:/usr/bin"}
    assert safe_environment(environ) == {
        "AWS_SECRET_ACCESS_KEY": REMOVED,
        "HF_TOKEN": REMOVED,
        "PATH": "/bin:/usr/bin",
        "PWD": "/w",
    }


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("X", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", False),
        ("X", HEX, False),
        ("GIT_COMMIT", HEX, True),
        ("TORCHELASTIC_RUN_ID", "0b1c2d3e-0000-4000-8000-000000000000", True),
        ("LD_LIBRARY_PATH", "/usr/local/cuda-12.4/lib64:/opt/Lib3/x86", True),
        ("DATABASE", "mysql://a:b3c@h/d", False),
        ("LINES", "token: abc", False),
    ],
)
def test_values_of_variables_by_shape(name: str, value: str, left: bool) -> None:
    assert (safe_environment({name: value})[name] == value) is left


def test_what_the_environment_calls_secret_is_removed_wherever_it_stands() -> None:
    remover = Remover([{"DB_PASS": "blue-42-horse", "MY_TOKEN": "on", "SECRET_WORD": "training"}])
    assert remover.text("hello blue-42-horse, on training") == f"hello {REMOVED}, on training"


def test_documents_by_their_keys_and_command_lines() -> None:
    given = {
        "token": "abc",
        "command": ["train.py", "--api-key", "s3cr3t", "--auth-token", "--lr", "0.1"],
        "deep": [{"client_secret": "x1"}, "password: hunter2"],
        "tokens": 5,
        "max_token": 7,
    }
    found = json.loads(Remover().document(json.dumps(given)))
    assert found["token"] == REMOVED
    assert found["command"] == ["train.py", "--api-key", REMOVED, "--auth-token", "--lr", "0.1"]
    assert found["deep"] == [{"client_secret": REMOVED}, f"password: {REMOVED}"]
    assert (found["tokens"], found["max_token"]) == (5, 7)


def test_of_lines_each_is_read_and_a_torn_one_is_text() -> None:
    lines = '{"event": "start", "command": ["--password", "x9y"]}\n{"torn": "password=abc'
    found = Remover().document(lines)
    assert "x9y" not in found
    assert "abc" not in found
    assert json.loads(found.splitlines()[0])["event"] == "start"


@given(
    secret=st.text(string.ascii_letters + string.digits, min_size=8, max_size=40).filter(
        lambda word: not word.isdecimal() and not word.isalpha()
    ),
    name=st.sampled_from(["api_key", "HF_TOKEN", "db-password", "aws_secret_access_key", "passphrase"]),
    how=st.sampled_from(["{n}={s}", "{n}: {s}", "'{n}': '{s}'", '"{n}": "{s}"', "--{n} {s}", "--{n}={s}"]),
    before=st.sampled_from(["", "x ", "2026-01-01 [INFO] ", "("]),
)  # fmt: skip
def test_whatever_stands_under_a_secrets_name(
    secret: str, name: str, how: str, before: str
) -> None:
    assert secret not in without_secrets(before + how.format(n=name, s=secret))


@given(text=st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    Remover([{"KEY": text}]).document(text)
    Remover().holds_secrets(text.encode("utf-8", "replace"))


@pytest.mark.parametrize(
    "part",
    [
        *(
            "key=",
            "key-",
            "x-key-",
            "eyJ-",
            "SG.",
            "a_",
            "a.b-c_",
            "token ",
            'password="',
            "a://b",
            "--",
        ),
        *("-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "QUJDREVGR0hJSktMTU5P\n"),
        *("authorization: ", "token" + " " * 1000, "https://hooks.slack.com", "?sig=", "-u a"),
    ],
    ids=lambda part: part.strip()[:12],
)
def test_no_text_takes_for_ever(part: str) -> None:
    """Each of these made some pattern try again from every place; a whole bundle would wait for it."""
    assert without_secrets(part * (400_000 // len(part))) is not None
