/** Finds what a Program asks for and the nginx of this machine lacks. */
import type { EngineFacts } from "../compile/facts.ts";
import { grpcOverTlsAlone, missingModules } from "../compile/machine.ts";
import { missingPackage } from "../compile/modsecurity.ts";
import { defaultProfile } from "../compile/profiles.ts";
import { handsOnHttp2 } from "../compile/plain-http2.ts";
import type { Program } from "../compile/program.ts";
import type { Settings } from "../settings.ts";
import type { EngineState } from "./engine-state.ts";

type Missing = Pick<EngineState, "missingPackages" | "missingModules" | "grpcOverTlsAlone">;

/** While nothing is known of nginx yet, nothing is missing. */
export function missing(program: Program | undefined, facts: EngineFacts | undefined, settings: Settings): Missing {
  if (!program || !facts) return { missingPackages: [], missingModules: [], grpcOverTlsAlone: false };
  const profiles = [defaultProfile(program.config), ...program.profiles.values()];
  return {
    missingPackages: [...new Set(profiles.flatMap((profile) => missingPackage(profile, facts) ?? []))].sort(),
    missingModules: missingModules(program.config, facts),
    grpcOverTlsAlone: grpcOverTlsAlone(program, facts) && !handsOnHttp2(program.config, settings, facts),
  };
}
