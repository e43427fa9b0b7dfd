#!/usr/bin/env bash
# One run in CI: judges, writes the job summary and annotations where the CI knows them, and hands on the exit code.
# Inputs come as INPUT_* variables; the password only as LIVECHAT_CONFORMANCE_ADMIN_PASSWORD.
set -uo pipefail

report="${INPUT_REPORT:-reports/latest}"
arguments=(run)
[ -n "${INPUT_URL:-}" ] && arguments+=("$INPUT_URL")
[ -n "${INPUT_ADMIN_USER:-}" ] && arguments+=(--admin-user "$INPUT_ADMIN_USER")
[ -n "${INPUT_LEVEL:-}" ] && arguments+=(--level "$INPUT_LEVEL")
[ -n "${INPUT_WAIVERS:-}" ] && arguments+=(--waivers "$INPUT_WAIVERS")
[ -n "${INPUT_SHARD:-}" ] && arguments+=(--shard "$INPUT_SHARD")
[ -z "${INPUT_URL:-}" ] && unset LIVECHAT_CONFORMANCE_ADMIN_PASSWORD
[ -z "${LIVECHAT_CONFORMANCE_ADMIN_PASSWORD:-}" ] && unset LIVECHAT_CONFORMANCE_ADMIN_PASSWORD
# shellcheck disable=SC2206  # further arguments are words on purpose
arguments+=(--report "$report" ${INPUT_ARGUMENTS:-})

log="$(mktemp)"
livechat-conformance "${arguments[@]}" | tee "$log"
code=${PIPESTATUS[0]}
verdict="$(head -n 1 "$log")"
rm -f "$log"

if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$report/summary.md" ]; then
  cat "$report/summary.md" >> "$GITHUB_STEP_SUMMARY"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  { echo "exit-code=$code"; echo "verdict=$verdict"; } >> "$GITHUB_OUTPUT"
  [ "$code" -eq 0 ] || echo "::error title=Livechat conformance::$verdict"
  exit 0
fi
exit "$code"
