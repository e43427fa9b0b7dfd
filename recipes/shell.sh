#!/usr/bin/env sh
# Any CI with a shell: LIVECHAT_URL and LIVECHAT_ADMIN are set, the password is LIVECHAT_CONFORMANCE_ADMIN_PASSWORD.
set -eu
python3 -m venv .livechat
.livechat/bin/pip install --quiet livechat-conformance
exec .livechat/bin/livechat-conformance run "$LIVECHAT_URL" --admin-user "$LIVECHAT_ADMIN" --level "${LIVECHAT_LEVEL:-quick}"
