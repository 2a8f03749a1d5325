"""What secrets look like, and the names under which they stand. Data; `secrets` applies it."""

import re

REMOVED = "[removed]"

NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|(?:^|_)PWD$|(?:^|_)PASS$|CREDENTIAL|API_?KEY|ACCESS_?KEY"
    r"|ACCOUNT_?KEY|PRIVATE|AUTH|COOKIE|SESSION|SIGNATURE|(?:^|[_-])KEY(?:$|_)|(?:^|_)SAS(?:$|_)|DSN"
    r"|CONNECTION_?STRING|WEBHOOK",
    re.IGNORECASE,
)
"""Of variables and of the keys of documents."""

_KEY = r"PRIVATE KEY(?: BLOCK)?-----"
_SERVICES = (
    r"(?:hf|api_org)_[A-Za-z0-9]{20,}",  # Hugging Face
    r"gh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
    r"github_pat_\w{20,}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt)-[\w-]{16,}",  # GitLab
    r"sk-[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic
    r"[prs]k_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
    r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}",  # Slack
    r"xapp-[\w-]{10,}",
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[\w-]{20,}",
    r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",  # AWS
    r"AIza[\w-]{30,}",  # Google
    r"ya29\.[\w-]{20,}",
    r"GOCSPX-[\w-]{20,}",
    r"do[opr]_v1_[a-f0-9]{40,}",  # DigitalOcean
    r"(?<![\w-])SG\.[\w-]{16,100}\.[\w-]{16,}",  # SendGrid
    r"nvapi-[\w-]{20,}",  # NVIDIA
    r"wandb_v\d_\w{20,}",
    r"r8_[A-Za-z0-9]{30,}",  # Replicate
    r"gsk_[A-Za-z0-9]{20,}",  # Groq
    r"dckr_pat_[\w-]{20,}",  # Docker
    r"hv[sb]\.[\w-]{20,}",  # Vault
    r"tskey-[\w-]{16,}",
    r"ATATT[\w=-]{20,}",  # Atlassian
    r"lin_api_\w{20,}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
    r"(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{8,}\.[\w-]*",  # JSON web tokens
)
SHAPES = re.compile(
    rf"-----BEGIN [A-Z0-9 ]{{0,40}}{_KEY}.*?(?:-----END [A-Z0-9 ]{{0,40}}{_KEY}|\Z)"
    rf"|(?<![A-Za-z0-9])(?:{'|'.join(_SERVICES)})",
    re.DOTALL,
)

KEY_END = re.compile(rf"-----END [A-Z0-9 ]{{0,40}}{_KEY}")
KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}\r?\n\Z")
"""The end of a private key whose beginning was left out, and one of the lines before it."""

HINT = re.compile(
    r"(?i)token|secret|pass(?:w|phrase)|pwd|key|credential|authorization|bearer|basic|cookie|x-[a-z]"
    r"|://|-u|--(?:proxy-)?user|[?&;](?:sig|code)"
)
"""What stands in every line that one of the patterns below may change."""

BEHIND = (
    # Headers, in HTTP, in Python's and in JSON's spelling.
    re.compile(
        r"(?i)\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?)"
        r"[^\s\"',;]{4,}"
    ),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{12,}"),
    re.compile(r"(?i)\b((?:set-)?cookie[\"']?\s*:\s*[\"']?)[^\"'\r\n]{4,}"),
    re.compile(r"(?i)(?<![\w-])(x-[\w-]{0,40}(?:key|token|auth|secret)[\w-]{0,40}[\"']?\s*[:=]\s*[\"']?)[^\s\"',;]{4,}"),
    re.compile(r"(?i)(\bhttps://hooks\.slack\.com/services/)[\w/-]+"),
    re.compile(r"(?i)(\bhttps://[\w.-]{0,100}(?:discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/)[\w/@.-]+"),
    re.compile(r"(?i)([?&;](?:sig|signature|token|key|api[_-]?key|x-amz-[a-z-]+|access[_-]?token|code"
               r"|password|client[_-]?secret)=)[^&\s\"'<>]{4,}"),
    re.compile(r"((?:^|\s)(?:-u|--user|--proxy-user)[\s=][\"']?[^\s:\"'/]{1,100}:)[^\s\"']{2,}"),
)  # fmt: skip
"""What stands behind these words is a secret."""

IN_URL = re.compile(
    r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/@:\"']{0,200}:[^\s/\"']{1,500}|[^\s/@:\"']{16,500})@"
)
"""User and password, or a token in their place."""

_WORD = (
    r"(?:token|secret|passwd|password|passphrase|pwd|credentials?"
    r"|(?:api|access|private|auth|secret|account|shared|signing|encryption|storage|wandb|client"
    r"|service|master|license|comet|neptune|clearml)[_-]?key)"
)
_UNDER = rf"(?:[\w.-]{{0,40}}[_.-])?{_WORD}"
_QUOTED = r"\"(?:[^\"\\\n]|\\.){1,500}\"|'(?:[^'\\\n]|\\.){1,500}'"
ASSIGNED = re.compile(
    rf"(?i)((?<![\w.-])--?{_UNDER}(?:\s*=\s*|\s+(?=[^\s=:-]))|(?<![\w.-]){_UNDER}[\"']?\s*(?::=|=|:)\s*"
    r"|(?<![\w-])[\w-]{0,40}key[\"']?\s*[:=]\s*(?=[\"']?[A-Za-z0-9+/_=-]{20,500}+(?:[\"';,\s)}\]]|\Z))"
    rf"(?=[\"']?[^\s]{{0,200}}\d))({_QUOTED}|[^\s\"',;)\]}}]{{3,}})"
)
"""A secret's name, and what is given to it; behind any other key only what looks like chance."""

_OPTION = re.compile(rf"(?i)--?{_UNDER}\Z")
_NOTHING = re.compile(r"(?:none|null|false|true|str|int|bool|\[removed)\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,:e+-]+%?\Z|<[^\s>]*>?\Z|\[[A-Z]{2,8}\Z")
"""What a tokenizer's options and a rate of tokens look like: `2048`, `</s>`, `[PAD]`."""

_COUNTABLE = re.compile(r"token|key", re.IGNORECASE)
_BASE64 = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[A-Za-z0-9+/_-]{32,}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_COMMIT = re.compile(r"COMMIT|SHA|HASH|REV|UUID|_ID$|^ID$|DIGEST", re.IGNORECASE)


def is_secret_option(word: str) -> bool:
    """Whether the next word of a command line is a secret: `--api-key`."""
    return _OPTION.match(word) is not None


def names_commit(name: str) -> bool:
    """Whether a variable holds a number that merely looks like chance."""
    return _COMMIT.search(name) is not None


def is_random(value: str, *, commit: bool) -> bool:
    """Whether a whole value looks like chance: base64 or hexadecimal digits, and no path."""
    if value.startswith(("/", ".")):
        return False
    return bool(_BASE64.fullmatch(value) or (not commit and _HEX.fullmatch(value)))


def assigned(found: re.Match[str]) -> str:
    """`max_tokens: 2048`, a rate or a count is no secret."""
    value = found[2].strip("\"'")
    number = _NUMBER.match(value) and _COUNTABLE.search(found[1])
    if number or _NOTHING.match(value) or REMOVED in found[2]:
        return found[0]
    quote = found[2][:1] if found[2][:1] in "\"'" else ""
    return f"{found[1]}{quote}{REMOVED}{quote}"
