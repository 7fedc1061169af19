/**
 * Completes package-lock.json after a change of dependencies, where the registry at hand lacks packages for other
 * platforms: npm leaves those out of the lock file, and `npm ci` then refuses it everywhere.
 *
 * Adds an entry for each optional dependency (of a package in the lock) that has none, for the platform that its name
 * tells. On that platform npm fetches it; elsewhere it is never looked at.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Locked {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const OS = /(?:^|[-/])(aix|android|darwin|freebsd|linux|openharmony|win32)(?=-)/;
const CPU = /-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?=-|$)/;

const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Locked> };

for (const [parent, { dev, optionalDependencies }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path]) continue;
    const [os, cpu] = [OS.exec(name)?.[1], CPU.exec(name)?.[1]];
    if (!os || !cpu) throw new Error(`${name}, an optional dependency of ${parent}, does not tell its platform`);
    const libc = name.endsWith("-musl") ? { libc: ["musl"] } : {};
    lock.packages[path] = { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, optional: true, os: [os] };
    process.stdout.write(`added ${name}@${version}\n`);
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
