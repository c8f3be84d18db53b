#!/usr/bin/env bash
# The system programs that tests/system uses, by Debian's package manager: only what is missing, as root, asking nothing.
#   postgresql                 the team's database (the tests start a cluster of their own, on loopback)
#   chromium, chromium-driver  the browser in which the console page is tested
set -euo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    if ! sudo -n true 2>/dev/null; then
        echo "tests/system needs ${missing[*]}: install them as root (apt-get install ${missing[*]})." >&2
        exit 1
    fi
fi
if ! command -v apt-get >/dev/null; then
    echo "tests/system needs ${missing[*]}; there is no apt-get here: install them your system's way." >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=600 "$@" </dev/null >"$log" 2>&1
}
echo "Installing ${missing[*]}"
# The lists of a fresh machine are empty or old: brought up to date only when they do not do.
if ! get install --no-install-recommends -y "${missing[@]}"; then
    if ! { get update && get install --no-install-recommends -y "${missing[@]}"; }; then
        cat "$log" >&2
        echo "${missing[*]} could not be installed; apt-get says why above." >&2
        exit 1
    fi
fi
