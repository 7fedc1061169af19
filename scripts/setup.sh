#!/bin/sh
# Sets a machine up: installs the Debian packages of the engine and the npm packages (the project's own Node 24 among them),
# compiles the edge to Lua, builds the dashboard and the command line. Says what it does before it does it. Skips what is done already, so
# it can be run at any time.
# With "tests", it also installs Debian packages that only some Ingresses need, and a browser: without them their tests are skipped, loudly.
set -eu
cd "$(dirname "$0")/.."

ENGINE_PACKAGES='nginx libnginx-mod-http-lua lua-resty-core lua-cjson libnginx-mod-stream libnginx-mod-stream-js'
TEST_PACKAGES='libnginx-mod-http-modsecurity modsecurity-crs libnginx-mod-http-brotli-filter'
BROWSER_PACKAGES='chromium'
# The npm of Debian 12.
OLDEST_NPM=9
STAMP=node_modules/.sluice-setup
EDGE=edge/build/sluice.lua
DASHBOARD=dashboard/build/index.html

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Runs a command as root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Prints the names of those packages that are not installed.
missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || printf '%s ' "$package"
  done
}

install_engine() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null || die "nginx is missing and this is no Debian: install nginx with its Lua module, lua-resty-core and lua-cjson, then run this again."
    return 0
  fi
  missing=$(missing_packages $ENGINE_PACKAGES | sed 's/ $//')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "these Debian packages are missing, and installing them needs root or sudo: $missing. Run as root: apt-get install --no-install-recommends $missing"
  fi
  install_packages $missing
}

# Installs packages that only tests need; setup goes on without them.
install_for_tests() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  missing=$(missing_packages "$@" | sed 's/ $//')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null || ! (install_packages $missing); then
    say "tests that need these Debian packages will be skipped: $missing"
  fi
}

install_packages() {
  say "installing Debian packages: $*"
  say "(nginx's own service is neither started nor enabled: Sluice runs an nginx of its own)"
  as_root apt-get update -q
  # The policy keeps the package from starting the service on port 80; an existing policy stays as it is.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 sh -c '
    set -eu
    policy=/usr/sbin/policy-rc.d
    fresh=$(dpkg-query -W -f "\${db:Status-Status}" nginx 2>/dev/null || true)
    if [ ! -e "$policy" ]; then
      trap "rm -f $policy" EXIT
      trap "exit 130" INT TERM
      printf "#!/bin/sh\nexit 101\n" >"$policy"
      chmod 755 "$policy"
    fi
    apt-get install -q -y --no-install-recommends "$@"
    if [ "$fresh" != installed ]; then
      update-rc.d nginx disable >/dev/null 2>&1 || true
    fi
  ' sh "$@"
}

# Prints a line again and again while a command works that prints nothing of its own.
start_ticker() {
  (
    seconds=0
    while sleep 1 >/dev/null 2>&1; do
      seconds=$((seconds + 1))
      [ $((seconds % 10)) != 0 ] || say "… $1, $seconds s so far"
    done
  ) &
  TICKER=$!
  trap stop_ticker EXIT
  trap 'exit 130' INT TERM
}

stop_ticker() {
  [ -z "${TICKER:-}" ] || kill "$TICKER" 2>/dev/null || true
  TICKER=
}

# Prints a text that changes with what node_modules is made from.
wanted_stamp() {
  cat package-lock.json .npmrc | cksum
  uname -m
}

# Called before anything is installed.
require_npm() {
  get_it="Debian's own will do: apt-get install --no-install-recommends nodejs npm"
  command -v npm >/dev/null || die "npm is missing, and nothing was installed yet: install npm $OLDEST_NPM or later with its Node ($get_it), then run this again."
  is_current && return 0
  npm=$(npm --version) || die "npm cannot be run, and nothing was installed yet: its own words are above. Install Node and npm $OLDEST_NPM or later ($get_it), then run this again."
  [ "${npm%%.*}" -ge "$OLDEST_NPM" ] || die "npm $npm is too old, and nothing was installed yet: install npm $OLDEST_NPM or later ($get_it; or npm install --global npm@$OLDEST_NPM), then run this again."
}

is_current() {
  [ "$(cat "$STAMP" 2>/dev/null || true)" = "$(wanted_stamp)" ] && [ -x node_modules/.bin/node ]
}

install_npm_packages() {
  ! is_current || return 0
  say 'installing npm packages, Node 24 among them (about 380 MB on disk; half a minute on a fast line)'
  start_ticker 'npm is at work'
  scripts/install-npm-packages.sh --include=dev || die 'the npm packages could not be installed: the reason is above.'
  stop_ticker
  wanted_stamp >"$STAMP"
}

build_edge() {
  if [ -s "$EDGE" ] && [ -z "$(find edge/src edge/stream edge/package.json edge/tsconfig.json scripts/build-edge.ts "$STAMP" -newer "$EDGE" | head -n 1)" ]; then
    return 0
  fi
  say 'compiling the edge to Lua'
  npm run --silent build:edge
}

build_dashboard() {
  if [ -s "$DASHBOARD" ] && [ -z "$(find dashboard/src scripts/build-dashboard.ts "$STAMP" -newer "$DASHBOARD" | head -n 1)" ]; then
    return 0
  fi
  say 'building the dashboard'
  npm run --silent build:dashboard
}

build_command() {
  # bin/sluice compares in the same way.
  . bin/sources.sh
  [ "$(sources .)" != "$(cat bin/build/sources 2>/dev/null)" ] || return 0
  say 'building the command line'
  npm run --silent build:command
}

require_npm
install_engine
if [ "${1:-}" = tests ]; then
  install_for_tests $TEST_PACKAGES
  install_for_tests $BROWSER_PACKAGES
fi
install_npm_packages
build_edge
build_dashboard
build_command
say 'done'
