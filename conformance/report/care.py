"""The care that a script takes of the server and of secrets: text for bash and for Python.

It prints no token of a login, says how to remove what it makes, and where it changes the whole server it runs on this
machine only, unless it is told that the server may be changed, and puts settings back.
"""

from __future__ import annotations

from typing import Final

from conformance.contract.exchange import Request
from conformance.report.script import RUN, Plan
from conformance.verdicts.forms import SCRIPT_PREFIX

MASK: Final = "<token>"
"""What a script prints in the place of a login's token."""
_TOKEN: Final = r'(\\?"authToken\\?" *: *\\?")[^"\\]+'
"""A token in an answer, also in JSON that stands in a text; ``sed -E`` and Python read it alike."""
_THIS_MACHINE: Final = r"https?://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/|$)"
"""The beginning of an address of this machine; bash and Python read it alike."""
_REFUSED: Final = "This script changes the whole server. Set DISPOSABLE=1 if"
_REMOVE: Final = "To remove what this makes (add --disposable if it is not this machine): livechat-conformance sweep"


def changed_settings(made: Plan) -> dict[str, Request]:
    """The settings that a script changes: the path of each, and the first request that changes it."""
    found: dict[str, Request] = {}
    for step in made.steps:
        if step.exchange.operation == "setSetting":
            found.setdefault(step.request.path, step.request)
    return found


def changes_permissions(made: Plan) -> bool:
    """Whether a script gives permissions to roles."""
    return any(step.exchange.operation == "updatePermissions" for step in made.steps)


def warning(made: Plan) -> list[str]:
    """The comment that a script begins with where it changes the whole server."""
    names = ", ".join(path.rpartition("/")[2] for path in changed_settings(made))
    settings = [f"settings, which it puts back when it ends: {''.join(filter(str.isprintable, names))}"] * bool(names)
    roles = ["permissions of roles, which it does not put back"] * changes_permissions(made)
    return [f"# This script changes the whole server: {'; '.join([*roles, *settings])}"] * bool(settings or roles)


# bash

CURL_ASK: Final = (
    f"show() {{ printf '%s\\n\\n' \"$answer\" | LC_ALL=C sed -E 's/{_TOKEN}/\\1{MASK}/g'; }}",
    'ask() { answer=$(curl -sS -i -g --path-as-is "$@"); show; }',
)
CURL_REFUSAL: Final = (
    f"if [[ ${{DISPOSABLE-}} != 1 && ! $URL =~ ^{_THIS_MACHINE} ]]; then",
    f'  echo "{_REFUSED} $URL may be changed." >&2',
    "  exit 2",
    "fi",
)
CURL_NAMES: Final = (
    f"{RUN}=${{{RUN}:-{SCRIPT_PREFIX}-$(date +%s)-$$}}  # begins the names of all that is made here",
    f'echo "{_REMOVE} $URL --admin-user NAME --prefix ${RUN}" >&2',
)
CURL_KEEP: Final = """\
keep() {  # prints the body that puts a setting back: its path, and the headers of who may read it
  curl -sS -g "$URL$1" "${@:2}" |
    python3 -c 'import json, sys; print(json.dumps({"value": json.load(sys.stdin)["value"]}))' 2> /dev/null ||
    echo "$1 cannot be read: it will not be put back." >&2
}
put_back() {  # its path, that body, and the same headers
  curl -fsS -g -o /dev/null "$URL$1" --data-binary "$2" "${@:3}" || echo "$1 was not put back." >&2
}"""


# Python

PYTHON_ASK: Final = f'''\
client = httpx.Client()


def ask(method, target, headers=None, content=None, timeout=60):
    """Send one request with exactly this path and query, and print the answer without the token of a login."""
    whole = (httpx.URL(URL).path.rstrip("/") + target).encode()
    options = {{"headers": headers, "content": content, "timeout": timeout, "extensions": {{"target": whole}}}}
    answer = client.request(method, URL, **options)
    lines = [f"HTTP/1.1 {{answer.status_code}}", *(f"{{name}}: {{value}}" for name, value in answer.headers.items())]
    text = re.sub(r'{_TOKEN}', r"\\1{MASK}", answer.text)
    print("\\n".join(lines), text, sep="\\n\\n", end="\\n\\n")
    return answer
'''
PYTHON_REFUSAL: Final = (
    f'if os.environ.get("DISPOSABLE") != "1" and not re.match(r"{_THIS_MACHINE}", URL):',
    f'    print(f"{_REFUSED} {{URL}} may be changed.", file=sys.stderr)',
    "    sys.exit(2)",
)
PYTHON_NAMES: Final = (
    f'{RUN} = os.environ.get("{RUN}") or f"{SCRIPT_PREFIX}-{{time.time_ns()}}"  # begins all names',
    f'print(f"{_REMOVE} {{URL}} --admin-user NAME --prefix {{{RUN}}}", file=sys.stderr)',
)
PYTHON_KEEP: Final = '''\
def keep(target, headers):
    """Read a setting, and put it back when the script ends."""
    try:
        value = client.get(URL.rstrip("/") + target, headers=headers).json()["value"]
    except (httpx.HTTPError, LookupError, TypeError, ValueError):
        print(f"{target} cannot be read: it will not be put back.", file=sys.stderr)
    else:
        atexit.register(put_back, target, headers, value)


def put_back(target, headers, value):
    """Give a setting the value that it had."""
    try:
        client.post(URL.rstrip("/") + target, headers=headers, json={"value": value}).raise_for_status()
    except httpx.HTTPError:
        print(f"{target} was not put back.", file=sys.stderr)
'''
