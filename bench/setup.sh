#!/bin/sh
# Builds the programs of the bench that are not TypeScript, from Debian's packages. Says nothing when nothing is to be done.
# Installs the packages on Debian as root; elsewhere says what is missing.
set -eu
cd "$(dirname "$0")"

missing() {
  for pair in make:make gcc:gcc go:golang-go; do command -v "${pair%%:*}" > /dev/null || echo "${pair#*:}"; done
  [ -e /usr/include/string.h ] || echo libc6-dev
  [ -e /usr/include/nats/nats.h ] || echo libnats-dev
  [ -d /usr/share/gocode/src/github.com/nats-io/nats.go ] || echo golang-github-nats-io-go-nats-dev
}

packages=$(missing)
if [ -n "$packages" ]; then
  if [ ! -f /etc/debian_version ] || [ "$(id -u)" -ne 0 ]; then
    echo 'setup: please install what these Debian packages hold, then start again:' $packages >&2
    exit 1
  fi
  echo 'setup: apt-get install' $packages
  log=$(mktemp)
  # shellcheck disable=SC2086 # one word per package
  if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; } > "$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
fi
make -s
