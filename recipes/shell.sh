#!/usr/bin/env sh
# Any CI with a shell: LIVECHAT_URL and LIVECHAT_ADMIN are set, the password is LIVECHAT_CONFORMANCE_ADMIN_PASSWORD.
# LIVECHAT_SUITE says what to install: a name, a wheel, a folder or git+https://...
set -eu
python3 -m venv .livechat
.livechat/bin/pip install --quiet "${LIVECHAT_SUITE:-livechat-conformance}"
exec .livechat/bin/livechat-conformance run "$LIVECHAT_URL" --admin-user "$LIVECHAT_ADMIN" --level "${LIVECHAT_LEVEL:-quick}"
