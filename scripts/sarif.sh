#!/usr/bin/env bash
# Validates what we write as SARIF by the schema of SARIF 2.1.0, which an npm package carries; without npm it says so and leaves it out.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is not installed: the SARIF schema is left out"
  exit 0
fi
tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
if ! (cd "$tools" && timeout -k 5 60 npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0 </dev/null >/dev/null && tar xzf ./*.tgz); then
  echo "the SARIF schema could not be downloaded within a minute: it is left out"
  exit 0
fi
SARIF_SCHEMA="$tools/package/lib/schemas/sarif-2.1.0-rtm.5.json" \
  python -m pytest -q -p no:cacheprovider tests/report/test_formats.py -k test_sarif_is_valid_by_its_schema
