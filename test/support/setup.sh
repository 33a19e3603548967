#!/bin/sh
# Prepares a fresh clone: node modules with the pinned Node, and the programs that the tests and the demo use.
# Says nothing when nothing is to be done. Installs programs on Debian as root; elsewhere says what is missing.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

step() { echo "setup: $*"; }

# Runs a command; its output is shown only when it fails.
quietly() {
  log=$(mktemp)
  if "$@" > "$log" 2>&1; then rm -f "$log"; return; fi
  cat "$log" >&2
  rm -f "$log"
  step "failed: $*" >&2
  exit 1
}

# The Debian packages whose programs are missing.
missing() {
  for pair in docker:docker.io dockerd:docker.io containerd:containerd runc:runc nats-server:nats-server \
    busybox:busybox-static openssl:openssl promtool:prometheus chromium:chromium zsh:zsh fish:fish iptables:iptables; do
    command -v "${pair%%:*}" > /dev/null || echo "${pair#*:}"
  done
  [ -s /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  node_modules/.bin/node --version > /dev/null 2>&1 || echo libatomic1 libstdc++6
}

# Of that package only this program: the package itself would start a server.
install_promtool() {
  folder=$(mktemp -d)
  step 'promtool, of the package prometheus'
  (cd "$folder" && quietly apt-get download -q prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > promtool)
  command install -m 755 "$folder/promtool" /usr/local/bin/promtool
  rm -rf "$folder"
}

install() {
  if [ ! -f /etc/debian_version ] || [ "$(id -u)" -ne 0 ]; then
    step 'please install what these Debian packages hold, then start again:' "$@" >&2
    exit 1
  fi
  step 'apt-get update'
  quietly apt-get update -q
  # Since Debian 13 the command line tool is a package of its own.
  case " $* " in *' docker.io '*) ! apt-cache show docker-cli > /dev/null 2>&1 || set -- "$@" docker-cli ;; esac
  command -v promtool > /dev/null || install_promtool
  others=
  for package in "$@"; do [ "$package" = prometheus ] || others="$others $package"; done
  [ -n "$others" ] || return 0
  step "apt-get install$others"
  # shellcheck disable=SC2086 # one word per package
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -q -y --no-install-recommends $others
}

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  step 'npm ci'
  quietly npm ci
  touch node_modules/.package-lock.json
fi

packages=$(missing | tr ' ' '\n' | sort -u)
# shellcheck disable=SC2086 # one word per package
[ -z "$packages" ] || install $packages

packages=$(missing)
[ -z "$packages" ] || { step 'still missing:' $packages >&2; exit 1; }
