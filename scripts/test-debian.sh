#!/bin/sh
# Runs the project on a Debian as it comes: in a folder of its own (debootstrap), with that Debian's nginx, Lua libraries, Node
# and npm, in a path with a blank. Needs root and debootstrap, and minutes; this machine keeps nothing but the folder.
#
#   test-debian.sh SUITE [OPTIONS] [-- COMMAND…]
#
#   SUITE         bookworm (Debian 12) or trixie (Debian 13)
#   --npm=N       npm of this major version, on this machine's Node if Debian's is too old for it; else Debian's own
#   --user        as a user who has sudo, in a home folder that others may not read; else root
#   --folder=DIR  where the Debian lies; else /var/tmp/sluice-SUITE. One that is there is used again.
#   COMMAND       else: make test. "demo" runs make demo, asks it something, and ends it by Ctrl-C.
#
# DEBIAN_MIRROR: else the one that debootstrap knows. SLUICE_ENVTEST: the folder of a real API server for the tests that need one.
set -eu

here=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
usage() { sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" | sed '$d' >&2; exit 2; }
say() { printf 'test-debian: %s\n' "$*"; }

suite=${1:-}
case "$suite" in bookworm | trixie) shift ;; *) usage ;; esac
npm='' user=root folder=/var/tmp/sluice-$suite
while [ $# -gt 0 ]; do
  case "$1" in
    --npm=*) npm=${1#--npm=} ;;
    --user) user=dev ;;
    --folder=*) folder=${1#--folder=} ;;
    --) shift; break ;;
    *) usage ;;
  esac
  shift
done
[ $# -gt 0 ] || set -- make test
[ "$(id -u)" = 0 ] || { say 'needs root'; exit 1; }
command -v debootstrap >/dev/null || { say 'needs debootstrap: apt-get install debootstrap'; exit 1; }

# What people have on a Debian before they set this project up; curl, openssl and xz are for the tests.
PACKAGES='nodejs npm make sudo curl openssl xz-utils ca-certificates'

make_debian() {
  if [ ! -e "$folder/made" ]; then
    say "making $folder"
    debootstrap --variant=minbase "$suite" "$folder" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$folder.log" || { tail -n 5 "$folder.log"; exit 1; }
    printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
    chmod 755 "$folder/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf /etc/hosts "$folder/etc/"
    # shellcheck disable=SC2086 # a list
    inside sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"' sh $PACKAGES >>"$folder.log" || { tail -n 5 "$folder.log"; exit 1; }
    inside sh -c 'useradd --create-home dev && chmod 700 /home/dev && echo "dev ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/dev' >>"$folder.log"
    touch "$folder/made"
  fi
  # Copies the certificates that this machine trusts: its npm registry may have one that is not public.
  cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
  for file in "$HOME/.npmrc"; do [ ! -e "$file" ] || install -m 600 "$file" "$folder/root/.npmrc"; done
}

# Runs a command in the Debian folder, with processes and mounts that end with the command.
inside() {
  unshare --mount --pid --fork --kill-child=SIGKILL sh -c '
    set -e
    folder=$1 envtest=$2
    shift 2
    mount -t proc proc "$folder/proc"
    mount --rbind /sys "$folder/sys"
    mount --rbind /dev "$folder/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$folder/dev/shm"
    if [ -n "$envtest" ]; then mkdir -p "$folder/opt/envtest"; mount --bind "$envtest" "$folder/opt/envtest"; fi
    exec chroot "$folder" "$@"
  ' sh "$folder" "${envtest:-}" "$@"
}

envtest=${SLUICE_ENVTEST:-$here/../shared/envtest}
[ -e "$envtest/start.sh" ] || envtest=

# Copies the files that git tracks, and those that it would add.
copy_project() {
  rm -rf "$folder$project"
  mkdir -p "$folder$project"
  (cd "$here" && git ls-files --cached --others --exclude-standard -z | tar --null --files-from=- --ignore-failed-read -cf -) | tar -xf - -C "$folder$project"
}

# Puts the npm that was asked for, with a Node that it runs on, first in the path.
choose_npm() {
  [ -n "$npm" ] || return 0
  at=/opt/npm-$npm
  if [ ! -e "$folder$at" ]; then
    mkdir -p "$folder$at/bin" "$folder$at/lib"
    (cd "$folder$at/lib" && npm pack "npm@$npm" --loglevel=error >/dev/null && tar -xzf npm-*.tgz && rm npm-*.tgz)
    if [ "$npm" -ge 10 ] && ! inside node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
      cp "$(readlink -f "$(command -v node)")" "$folder$at/bin/node"
    fi
    printf '#!/bin/sh\nPATH=%s/bin:$PATH exec node %s/lib/package/bin/npm-cli.js "$@"\n' "$at" "$at" >"$folder$at/bin/npm"
    chmod 755 "$folder$at/bin/npm"
  fi
  path=$at/bin:$path
}

# Runs make demo until it says how to end it, sends one of its requests, and ends it by Ctrl-C.
DEMO='
  setsid make demo >"$HOME/demo.out" 2>&1 & demo=$!
  until grep -q "Ctrl-C ends everything" "$HOME/demo.out"; do
    kill -0 "$demo" 2>/dev/null || { cat "$HOME/demo.out"; exit 1; }
    sleep 0.2
  done
  grep "^Sluice serves" "$HOME/demo.out"
  curl -s -H "Host: canary-service.abc.com" -H "test: always" http://127.0.0.1:8080/ | grep "^canary-hello-service" || { cat "$HOME/demo.out"; exit 1; }
  kill -s INT -- "-$demo"
  wait "$demo"
  grep "^setup:" "$HOME/demo.out"
  tail -n 1 "$HOME/demo.out"
'

path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
case "$user" in root) home=/root ;; *) home=/home/$user ;; esac
project="$home/a path/sluice"
make_debian
choose_npm
copy_project
[ "$user" = root ] || inside chown -R "$user:" "$home"
say "$suite, npm ${npm:-of Debian}, as $user: $*"
[ "$1" != demo ] || set -- sh -c "$DEMO"
inside setpriv --reuid="$user" --regid="$user" --init-groups env -i HOME="$home" USER="$user" LANG=C.UTF-8 TERM=dumb PATH="$path" \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt ${envtest:+SLUICE_ENVTEST=/opt/envtest} \
  sh -c 'cd "$1" && shift && exec "$@"' sh "$project" "$@"
say 'done'
