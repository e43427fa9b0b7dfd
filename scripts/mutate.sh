#!/usr/bin/env bash
# The mutation score of the contract, over its examples and, where they are at hand, the recordings.
set -euo pipefail
if [ -n "${LIVECHAT_RECORDINGS:-}" ]; then
  exec livechat-conformance spec mutate --recordings "$LIVECHAT_RECORDINGS"
fi
exec livechat-conformance spec mutate
