/** Where the parts of this installation lie. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const own = fileURLToPath(import.meta.url);

/** Folder of the compiled edge, `sluice.lua`. */
export const EDGE_DIR = `${root}edge/build`;
/** Sluice's own program, which `sluice run` also starts an agent with: a source, or built (scripts/build-command.ts), as this file is. */
export const MAIN = own.endsWith(".ts") ? `${root}src/main.ts` : `${dirname(own)}/main.cjs`;
/** The walk-through that `sluice demo` serves. */
export const EXAMPLES_DIR = `${root}examples`;
/** The dashboard's page, as it is built. */
export const DASHBOARD_DIR = `${root}dashboard/build/`;
/** The runtime folder of `sluice demo`, unless a flag names another: one for each account. */
export const DEMO_RUNTIME_DIR = `${existsSync("/dev/shm") ? "/dev/shm" : tmpdir()}/sluice-demo-${process.getuid?.() ?? 0}`;
/** nginx, as a path or as a name for PATH. The variable is ingress-nginx's. */
export const NGINX_BINARY = process.env["NGINX_BINARY"] ?? findNginx();

/** On Debian nginx is in a folder that an ordinary user's PATH does not have. */
function findNginx(): string {
  const folders = (process.env["PATH"] ?? "").split(":");
  if (folders.some((folder) => existsSync(`${folder}/nginx`))) return "nginx";
  return ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((file) => existsSync(file)) ?? "nginx";
}
