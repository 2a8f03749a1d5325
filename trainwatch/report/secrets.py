"""Removes secrets from text that leaves the house: by the name they stand under, and by their shape."""

import re
from collections.abc import Mapping

REMOVED = "[removed]"

_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|PASSWD|(?:^|_)PWD$|(?:^|_)PASS$|CREDENTIAL|API_?KEY|ACCESS_?KEY"
    r"|PRIVATE|AUTH|COOKIE|SESSION|SIGNATURE|(?:^|_)KEY(?:$|_)|(?:^|_)SAS(?:$|_)|DSN|CONNECTION_STRING",
    re.IGNORECASE,
)
_HARMLESS = frozenset(("PWD", "OLDPWD", "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS"))

_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:hf|api_org)_[A-Za-z0-9]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[A-Za-z0-9_-]{16,}|\bxox[abprs]-[\w-]{10,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{20,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bdop_v1_[a-f0-9]{40,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.DOTALL,
)
_HEADER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]{0,200}:[^\s/@]{1,500}@")
_QUERY = re.compile(
    r"(?i)([?&](?:sig|signature|token|key|x-amz-[a-z-]+|access_token)=)[^&\s\"']{4,}"
)
_UNDER = (
    r"(?:[\w.-]{0,40}[_.-])?(?:token|secret|passwd|password|passphrase|credentials?"
    r"|(?:api|access|private|auth|secret|wandb)[_-]?key)"
)
_ASSIGNED = re.compile(
    rf"(?i)((?<![\w.-])(?:--?|\b){_UNDER}[\"']?\s*(?:=|:\s|:(?=[\"'])|\s(?=[^\s=:-]))\s*[\"']?)"
    r"([^\s\"',;)\]}]{6,})"
)
_NUMBER = re.compile(r"[\d.,:e+-]+%?\Z")
_LONG = re.compile(
    r"\b(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*\d)[A-Za-z0-9+/_-]{40,}={0,2}"
)


def without_secrets(text: str) -> str:
    """A log or a command line without what looks like a secret; everything else is left as it is."""
    for pattern in (_SHAPES,):
        text = pattern.sub(REMOVED, text)
    text = _HEADER.sub(rf"\1 {REMOVED}", text)
    text = _IN_URL.sub(rf"\1{REMOVED}@", text)
    text = _QUERY.sub(rf"\1{REMOVED}", text)
    return _ASSIGNED.sub(_assigned, text)


def safe_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which secrets are replaced, by name and by shape; names are kept."""
    return {name: _value(name, environ[name]) for name in sorted(environ)}


def _value(name: str, value: str) -> str:
    if name not in _HARMLESS and _NAME.search(name):
        return REMOVED
    text = without_secrets(value)
    return text if "/" in text or ":" in text else _LONG.sub(REMOVED, text)


def _assigned(found: re.Match[str]) -> str:
    """`max_tokens: 2048`, a rate or a count is no secret."""
    plain = _NUMBER.match(found[2]) or found[2].lower() in {"none", "null", "false", "true"}
    return found[0] if plain or found[2] == REMOVED else f"{found[1]}{REMOVED}"
