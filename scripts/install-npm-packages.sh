#!/bin/sh
# Installs the npm packages of the lock file in the current folder, the project's own Node among them.
#
#   install-npm-packages.sh FLAGS OF npm ci
#
# Works with npm 9 and later, whichever Node runs it. npm silently leaves out optional packages that want a later Node than its
# own: then npm runs once more, with the project's Node. When the registry does not answer within a quarter of a minute, the
# packages in npm's cache are used; if they are not enough, this script says so. npm itself would try for minutes.
set -eu

ANSWER_SECONDS=15
# The package that is asked for to see whether the registry answers: a small one of the lock file.
ASKED_FOR=kubernetes-types

# Prints the registry that npm is set up with, without a name or password in its address. npm may refuse to print such an address.
registry() {
  npm config get registry 2>/dev/null | sed 's,//[^/@]*@,//,' || true
}

# Whether the registry answers. A refusal is an answer too: npm itself reports it later. Asks without npm's cache, from which npm
# would answer in the registry's place.
answers() {
  cache=$(mktemp -d)
  said=$(timeout "$ANSWER_SECONDS" npm view --fetch-retries=0 --cache="$cache" "$ASKED_FOR" version 2>&1) && code=0 || code=$?
  rm -rf "$cache"
  case "$said" in *' code E'[45][0-9][0-9]*) return 0 ;; *) return "$code" ;; esac
}

# Two packages, one for each processor, have a program "node". Up to version 10, npm forgets the one that it installed when
# it leaves out the other, so the link is made here. Fails where there is no such program: npm silently leaves out optional
# packages, whether they are for another processor or could not be fetched.
link_node() {
  for node in node_modules/node-linux-*/bin/node; do
    "$node" --version >/dev/null 2>&1 || continue
    mkdir -p node_modules/.bin
    ln -sf "../../$node" node_modules/.bin/node
    return 0
  done
  return 1
}

# Whether npm's Node is too old to get the linter's program for this processor, as Node 18 of Debian 12 is.
is_old() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major < 20 || (major === 20 && minor < 19) ? 0 : 1)'
}

# Runs npm once more with the project's Node, from a copy of it, because npm removes all packages before it installs them.
again() {
  aside=$(mktemp -d "$PWD/.node-XXXXXX")
  cp node_modules/.bin/node "$aside/node"
  PATH=$aside:$PATH npm ci --prefer-offline --loglevel=error --no-progress --include=optional "$@" && code=0 || code=$?
  rm -rf "$aside"
  return "$code"
}

why_no_node() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64' | 'Linux aarch64') echo "npm did not get the project's Node from its registry $(registry), or this system cannot run it: run this again." ;;
    *) echo "there is no Node for $(uname -s) on $(uname -m) among the npm packages: Sluice runs on Linux on x86-64 and arm64." ;;
  esac
}

if answers; then
  npm ci --loglevel=error --no-progress --include=optional "$@"
  link_node || { why_no_node >&2; exit 1; }
elif ! npm ci --offline --loglevel=silent --no-progress --include=optional "$@" || ! link_node; then
  echo "npm's registry $(registry) does not answer, and npm has not kept all packages from before: see to the network, or name another registry or a proxy (npm config set registry URL, npm config set proxy URL), then run this again." >&2
  exit 1
fi
if is_old; then
  again "$@" && link_node || { why_no_node >&2; exit 1; }
fi
