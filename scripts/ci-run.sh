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
trap 'rm -f "$log"' EXIT
# What a server says stands in this log: no line of it may be taken for a command to the CI.
word="livechat-$RANDOM$RANDOM$RANDOM"
[ -n "${GITHUB_ACTIONS:-}" ] && echo "::stop-commands::$word"
livechat-conformance "${arguments[@]}" | tee "$log"
code=${PIPESTATUS[0]}
[ -n "${GITHUB_ACTIONS:-}" ] && echo "::$word::"
verdict="$(head -n 1 "$log")"
[ -n "$verdict" ] || verdict="The run could not begin (exit code $code); its log says why."

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  if [ -f "$report/summary.md" ]; then cat "$report/summary.md"; else echo "$verdict"; fi >> "$GITHUB_STEP_SUMMARY"
fi
if [ -n "${GITHUB_ACTIONS:-}" ] && [ "$code" -ne 0 ]; then
  # One annotation for the verdict, and one for each of the first clauses that the log names.
  echo "::error title=Livechat conformance::${verdict//'%'/%25}"
  sed -nE 's/%/%25/g; s/^  (fail|stale waiver|flaky|error): (LC-[A-Z]+-[0-9]+) (.*)$/::error title=\2 (\1)::\3/p' "$log" | head -n 8
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  { echo "exit-code=$code"; echo "verdict=$verdict"; } >> "$GITHUB_OUTPUT"
  exit 0
fi
exit "$code"
