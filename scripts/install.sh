#!/bin/sh
# Usage: install.sh <packages|prod|dev|tests>, or `install.sh stamp` from npm's own postinstall.
#   packages  the packages that run Reeve
#   prod      packages, and what the sandbox needs of the system; at the first, what reads documents is asked for, too
#   dev       packages, and those of the checks and tests
#   tests     dev, the sandbox's needs, the servers of the contract suites, a browser, and programs that speak, listen and read
# Does nothing when that is already there and unchanged. The stamp in node_modules says which manifests were
# installed; it is written only at the end of an install, so an interrupted one is done again from nothing.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
cd "$root" || exit 1
stamp=node_modules/.reeve-installed

say() { printf 'reeve: %s\n' "$*" >&2; }

manifest_hash() {
  cat package-lock.json package.json ./*/package.json adapters/*/package.json channels/*/package.json | sha256sum
}

# satisfied <prod|dev> <hash>: a dev install holds everything that prod needs.
satisfied() {
  [ -x node_modules/.bin/node ] && [ -f "$stamp" ] || return 1
  read -r kind hash <"$stamp" || return 1
  [ "$hash" = "${2%% *}" ] && { [ "$kind" = "$1" ] || [ "$kind" = dev ]; }
}

write_stamp() {
  hash=$(manifest_hash)
  kind=prod
  [ -e node_modules/.bin/vitest ] && kind=dev
  printf '%s %s\n' "$kind" "${hash%% *}" >"$stamp.$$" && mv "$stamp.$$" "$stamp"
}

install_packages() {
  # npm would otherwise run under the very Node that it is about to replace.
  PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -v 'node_modules/\.bin/*$' | paste -sd: -)
  command -v npm >/dev/null || {
    say 'npm is missing, so nothing was started. Install Node 20 or later with npm: https://nodejs.org'
    return 1
  }
  log=$(mktemp) || return 1
  # A prod start in a developer's clone leaves the developer's packages there.
  [ -e node_modules/.bin/vitest ] && need=dev
  # Without a stamp what lies there may be half unpacked. With one it is brought up to date in place, because
  # another Reeve may be running from it.
  [ -f "$stamp" ] || rm -rf node_modules ./*/node_modules adapters/*/node_modules channels/*/node_modules
  rm -f "$stamp"
  if [ "$need" = prod ]; then set -- --omit=dev; else set -- --include=dev; fi
  # Not `npm ci`: it refuses a lockfile that lacks the optional packages of other platforms, and npm leaves those
  # out whenever the lockfile was written where a registry did not have them.
  if npm install --no-save "$@" --ignore-scripts=false --no-audit --no-fund --no-progress --loglevel=error >"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  say "npm install failed, so nothing was started. What npm said:"
  cat "$log" >&2
  rm -f "$log"
  return 1
}

case "${1:-}" in
  stamp) write_stamp; exit ;;
  packages | prod) need=prod ;;
  dev | tests) need=dev ;;
  *) say 'usage: install.sh packages|prod|dev|tests'; exit 2 ;;
esac

case $1 in
  prod)
    sh scripts/system-needs.sh sandbox || exit 1
    # Once: whoever does without it is not told at every start.
    [ -f "$stamp" ] || sh scripts/system-needs.sh wish documents
    ;;
  tests) sh scripts/system-needs.sh sandbox servers git browser speech documents || exit 1 ;;
esac

satisfied "$need" "$(manifest_hash)" && exit 0

# npm inherits the lock, so it is held until the last of an install has ended, even one whose shell was killed.
exec 9<package.json
if ! flock -n 9; then
  say 'another install is running here, waiting for it'
  flock 9
  satisfied "$need" "$(manifest_hash)" && exit 0
fi
say 'installing packages (once, about half a minute)'
install_packages || exit 1
satisfied "$need" "$(manifest_hash)" || {
  say 'npm reported success, but node_modules is not complete, so nothing was started. Try: rm -rf node_modules'
  exit 1
}
