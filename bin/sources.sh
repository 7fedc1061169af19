# Read by bin/sluice, scripts/setup.sh and scripts/build-command.ts.

# Prints what the built command is made of, and what it is: each file with its number on the disk, its size, and the time of its
# last change (ctime). Nobody can set that time, and each edit, copy, checkout or unpacking gives another. $1: the project's folder.
sources() { (cd "$1" && find src edge/src edge/stream bin/build package.json tsconfig.json node_modules/.package-lock.json scripts/build-command.ts \
  -type f \( -name '*.ts' -o -name '*.json' -o -name '*.cjs' \) -printf '%p %i %s %C@\n' 2>/dev/null || :); }
