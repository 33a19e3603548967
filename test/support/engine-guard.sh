#!/bin/sh
# Removes a private engine: processes, mounts, control groups, network bridge, directory.
# Starts when its standard input ends: that is when the process that owns the engine closes it, or is gone, however it went.
# usage: engine-guard.sh DIRECTORY BRIDGE
dir=$1
bridge=$2
name=${dir##*/}
cat > /dev/null

# The brackets keep grep from finding its own command line.
daemons() { grep -sl "$dir[/]" /proc/[0-9]*/cmdline | cut -d / -f 3; }
# First process of each container and of each plugin: the kernel ends the others with it.
inits() { find "$dir/exec" -name init.pid -exec cat {} \; -exec echo \; 2> /dev/null; }
sockets() { find "$dir/exec" -name address -exec cat {} \; -exec echo \; 2> /dev/null | sed -n 's|^unix://||p'; }
mounts() { cut -d ' ' -f 2 /proc/self/mounts | grep "^$dir/" | sort -r; }
plugins() { find "$dir/data/plugins" -mindepth 1 -maxdepth 1 -type d -name '????????????????*' -exec basename {} \; 2> /dev/null; }
# Those of containers are beneath the engine's, those of plugins at the top.
groups() { for group in "$name" $(plugins); do find /sys/fs/cgroup -depth -type d -path "*/$group*" 2> /dev/null; done; }

# dockerd goes first, so that it restarts nothing.
kill -9 "$(cat "$dir/docker.pid" 2> /dev/null)" 2> /dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
  # shellcheck disable=SC2046 # one word per process
  kill -9 $(daemons; inits) 2> /dev/null
  groups | while read -r group; do rmdir "$group" 2> /dev/null; done
  [ -z "$(daemons; groups)" ] && break
  sleep 0.1
done

sockets | while read -r socket; do rm -f "$socket"; done
mounts | while read -r mount; do umount -l "$mount"; done
plugins | while read -r plugin; do rm -rf "/run/docker/plugins/$plugin"; done
busybox ip link del "$bridge" 2> /dev/null
rm -rf --one-file-system "$dir"
[ ! -e "$dir" ]
