#!/bin/sh
# Usage: system-needs.sh [sandbox] [servers] [git] [browser] [speech] [documents]
# Makes sure that the system has what was named: as root on Debian or Ubuntu by apt-get, else it stops with the
# line to type. Exit 0: everything is there. Exit 1: something is not.
# system-needs.sh wish …: the same for what is welcome and not needed: it says what is missing, and exits 0.
set -u

say() { printf 'reeve: %s\n' "$*" >&2; }

has_postgres() {
  for server in /usr/lib/postgresql/*/bin/postgres; do [ -x "$server" ] && return 0; done
  return 1
}

missing=''
is_wish=''
if [ "${1:-}" = wish ]; then is_wish=yes && shift; fi
# How it ends when something stays missing.
give_up() { if [ -n "$is_wish" ]; then exit 0; else exit 1; fi; }
left_undone() { if [ -n "$is_wish" ]; then printf 'Everything else works without it.'; else printf 'Nothing was started.'; fi; }

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
    documents)
      # For a worker that is given a PDF: pdfinfo and pdftotext.
      command -v pdftotext >/dev/null || missing="$missing poppler-utils"
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
  say "missing: $missing. $(left_undone) Install it with this system's package manager and try again."
  give_up
fi
if [ "$(id -u)" != 0 ]; then
  say "missing: $missing. $(left_undone) Type this and try again:"
  say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
  give_up
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
  say "apt-get could not install $missing. $(left_undone) What it said:"
  tail -n 20 "$log" >&2
  give_up
}
