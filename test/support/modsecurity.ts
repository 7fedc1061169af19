/** Whether this machine has ModSecurity, for the tests that need it. */
import { rmSync } from "node:fs";
import type { ModsecurityFacts } from "../../src/compile/facts.ts";
import { probe, runtimeFolder } from "./engine.ts";

/** What nginx's probe found; undefined: it is not installed. */
export const MODSECURITY: ModsecurityFacts | undefined = look();

/** For `skip`: why there is nothing to test, or false. */
export const NO_MODSECURITY: string | false = MODSECURITY?.coreRules
  ? false
  : "SKIPPED, NOTHING OF MODSECURITY IS TESTED: install libnginx-mod-http-modsecurity and modsecurity-crs (make setup does for make test)";

function look(): ModsecurityFacts | undefined {
  const folder = runtimeFolder();
  try {
    return probe(folder).facts.modsecurity;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
