#!/bin/sh
# Usage: system-needs.sh [sandbox] [servers] [git] [browser] [speech]
# Makes sure that the system has what was named: as root on Debian or Ubuntu by apt-get, else it stops with the
# line to type. Exit 0: everything is there. Exit 1: something is not.
set -u

say() { printf 'reeve: %s\n' "$*" >&2; }

has_postgres() {
  for server in /usr/lib/postgresql/*/bin/postgres; do [ -x "$server" ] && return 0; done
  return 1
}

missing=''
for part in "$@"; do
  case $part in
    sandbox)
      command -v bwrap >/dev/null || missing="$missing bubblewrap"
      command -v setpriv >/dev/null || missing="$missing util-linux"
      ;;
    servers)
      command -v redis-server >/dev/null || missing="$missing redis-server"
      has_postgres || missing="$missing postgresql"
      ;;
    git)
      command -v git >/dev/null || missing="$missing git"
      command -v curl >/dev/null || missing="$missing curl"
      ;;
    browser)
      # For the tests of the web chat; the letters of its pictures.
      command -v chromium >/dev/null || missing="$missing chromium"
      [ -e /usr/share/fonts/opentype/inter/Inter-Regular.otf ] || missing="$missing fonts-inter"
      [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$missing fonts-dejavu-core"
      ;;
    speech)
      # For the tests of voice notes: speech is made, packed and recognised on this machine.
      command -v espeak-ng >/dev/null || missing="$missing espeak-ng"
      command -v opusenc >/dev/null || missing="$missing opus-tools"
      command -v pocketsphinx_continuous >/dev/null || missing="$missing pocketsphinx"
      [ -d /usr/share/pocketsphinx/model/en-us ] || missing="$missing pocketsphinx-en-us"
      ;;
    *) say "system-needs.sh does not know '$part'"; exit 2 ;;
  esac
done
missing=${missing# }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  say "missing: $missing. Nothing was started. Install it with this system's package manager and try again."
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  say "missing: $missing. Nothing was started. Type this and try again:"
  say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
  exit 1
fi

# One at a time on this machine: the answers below are put into /etc and taken out again.
exec 8>/run/lock/reeve-system-needs.lock || exit 1
flock 8
log=$(mktemp) || exit 1
policy=/usr/sbin/policy-rc.d
cluster_directory=/etc/postgresql-common/createcluster.d
cluster_answer=$cluster_directory/reeve-no-cluster.conf
saved=''
wrote_policy=''

restore() {
  if [ -n "$saved" ]; then mv -f "$saved" "$policy"; elif [ -n "$wrote_policy" ]; then rm -f "$policy"; fi
  rm -f "$cluster_answer" "$log"
  rmdir --ignore-fail-on-non-empty "$cluster_directory" 2>/dev/null
}
trap restore EXIT
trap 'exit 1' HUP INT TERM

# Debian starts a server when it installs one, and makes a database cluster; the tests start their own.
case " $missing " in
  *' redis-server '* | *' postgresql '*)
    if [ -e "$policy" ]; then saved=$policy.before-reeve && cp -p "$policy" "$saved"; fi
    wrote_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy.new" && chmod 755 "$policy.new" && mv "$policy.new" "$policy"
    mkdir -p "$cluster_directory" && printf 'create_main_cluster = false\n' >"$cluster_answer"
    ;;
esac

install_missing() {
  # shellcheck disable=SC2086 # a list of package names
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=120 $missing >>"$log" 2>&1 8>&-
}

say "installing $missing from the system's packages"
install_missing || { apt-get update -q >>"$log" 2>&1 8>&- && install_missing; } || {
  say "apt-get could not install $missing, so nothing was started. What it said:"
  tail -n 20 "$log" >&2
  exit 1
}
