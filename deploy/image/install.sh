#!/bin/sh
# Installs everything that goes into the image, in two steps. The Dockerfile runs them, and so does a test in a plain Debian folder.
#
#   install.sh app FOLDER   where npm is: puts the program with its own Node into FOLDER (later /opt/sluice)
#   install.sh system       in the image, as root: nginx and its modules, the account, the commands
#
# The image has one program, "sluice", for both containers of the pod. It has neither a compiler nor npm.
set -eu

# nginx with the Lua that the edge needs; nginx below http (TCP, UDP); ModSecurity with its core rules; brotli; an init process that
# reaps; setcap (nginx depends on it anyway); certificates of the public authorities.
PACKAGES='nginx libnginx-mod-http-lua lua-resty-core lua-cjson
  libnginx-mod-stream libnginx-mod-stream-js
  libnginx-mod-http-modsecurity modsecurity-crs libnginx-mod-http-brotli-filter
  tini libcap2-bin ca-certificates'

# The ids of ingress-nginx's image, so that security contexts written for that image work here.
USER_ID=101
GROUP_ID=82

install_app() {
  to=$1
  from=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
  mkdir -p "$to/edge" "$to/bin"
  cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$from/LICENSE" "$from/tsconfig.json" "$to/"
  cp -r "$from/src" "$from/examples" "$to/"
  # The folder runs wherever it lies: packed, it is what deploy/krew/sluice.yaml installs.
  for file in "$from"/bin/*; do
    case "$file" in */build) ;; *) cp -P "$file" "$to/bin/" ;; esac
  done
  for part in "$from"/edge/*; do
    case "$part" in */node_modules | */build) ;; *) cp -r "$part" "$to/edge/" ;; esac
  done
  mkdir -p "$to/dashboard"
  cp -r "$from/dashboard/src" "$from/dashboard/tsconfig.json" "$to/dashboard/"
  cp -r "$from/scripts" "$to/"
  cd "$to"
  # The development packages are there only for what is built.
  scripts/install-npm-packages.sh --include=dev
  npm run --silent build:edge
  npm run --silent build:dashboard
  npm run --silent build:command
  scripts/install-npm-packages.sh --omit=dev
  slim
}

# Removes what is not needed to run: all of Node except its program, and types, source maps and documentation of packages.
slim() {
  mkdir -p bin
  mv node_modules/node-linux-*/bin/node bin/node
  rm -rf dashboard/src dashboard/tsconfig.json node_modules/node-linux-* node_modules/.bin node_modules/.package-lock.json package-lock.json .npmrc tsconfig.json scripts bin/sources.sh bin/build/sources
  find edge/src ! -name '*.ts' -type f -delete
  find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.md' \) -delete
  find node_modules -type d -empty -delete
}

install_system() {
  export DEBIAN_FRONTEND=noninteractive
  groupadd --system --gid "$GROUP_ID" sluice
  useradd --system --uid "$USER_ID" --gid "$GROUP_ID" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sluice
  no_services
  apt-get update -q
  # shellcheck disable=SC2086 # a list
  apt-get install -q -y --no-install-recommends $PACKAGES
  commands
  apt-get clean
  rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /usr/sbin/policy-rc.d
  # The runtime folder of a single container that runs everything; in a pod with two containers a volume is mounted over it.
  install -d -o "$USER_ID" -g "$GROUP_ID" -m 0700 /run/sluice
}

# Keeps packages from starting their services during the installation.
no_services() {
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

commands() {
  # The kernel starts Node directly, without a shell. bin/sluice explains the flag.
  printf '%s\n' '#!/opt/sluice/bin/node --max-semi-space-size=8' 'require("/opt/sluice/bin/build/main.cjs");' >/usr/local/bin/sluice
  chmod 755 /usr/local/bin/sluice
  # low-ports hands on the capability that opens ports below 1024, for pods in the network of their node: an ordinary user
  # only gets it through a file that has it. Without the capability in the container's security context the file does not start.
  cp /usr/bin/setpriv /usr/local/bin/low-ports
  setcap cap_net_bind_service=+ep /usr/local/bin/low-ports
  # ingress-nginx's manifests run /wait-shutdown in a preStop hook; Sluice needs no more than SIGTERM.
  ln -s /bin/true /wait-shutdown
}

case "${1:-}" in
  app) install_app "${2:?install.sh app FOLDER}" ;;
  system) install_system ;;
  *) echo 'usage: install.sh app FOLDER | install.sh system' >&2; exit 2 ;;
esac
