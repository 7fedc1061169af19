/** Starts a rival from its adapter, on the processor that the proxy under measurement has. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../src/support/user-error.ts";
import type { KeyPair } from "../../test/support/openssl.ts";
import { freePorts } from "../../test/support/sluice.ts";
import { openFolder, opens, workersAccount } from "../openings.ts";
import { PROXY_CORE, startPinned } from "../processes.ts";
import type { Site } from "../site/site.ts";
import type { FoundRival } from "./find.ts";

/** A proxy that takes load. */
export interface Target {
  /** `sluice`, or the name of a rival. */
  readonly proxy: string;
  readonly http: number;
  readonly https: number;
  /** The processes whose processor time counts. */
  readonly workers: readonly number[];
}

export interface RivalInput {
  /** A folder in memory that does not exist yet. */
  readonly dir: string;
  readonly site: Site;
  readonly certificate: KeyPair;
  readonly accessLog: boolean;
}

/** @throws UserError with the last line that the proxy wrote, when it does not come up. */
export async function startRival({ name, rival, path }: FoundRival, { dir, site, certificate, accessLog }: RivalInput): Promise<Target> {
  const [http, https] = await freePorts(2);
  const setup = { site, dir, http, https, accessLog, account: workersAccount() };
  openFolder(dir);
  const pems = { "chain.pem": certificate.chain, "key.pem": certificate.key, "both.pem": certificate.chain + certificate.key };
  for (const [file, text] of Object.entries({ ...pems, ...rival.files(setup) })) writeFileSync(join(dir, file), text, { mode: 0o644 });
  const log = join(dir, "log");
  // What it keeps for later, such as Caddy's last configuration, goes with the folder.
  const child = startPinned(PROXY_CORE, ["env", "-u", "XDG_CONFIG_HOME", "-u", "XDG_DATA_HOME", `HOME=${dir}`, path, ...rival.args(setup)], log);
  const said = (): string => readFileSync(log, "utf8").trim().split("\n").at(-1) || "it wrote nothing";
  if (!(await opens(http, child))) throw new UserError(`${rival.title} (${path}, adapter ${name}) did not start: ${said()}`);
  const workers = (await rival.workers?.(setup, child.pid as number)) ?? [child.pid as number];
  return { proxy: name, http, https, workers };
}
