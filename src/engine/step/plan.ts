/**
 * Decides whether nginx has to be started or reloaded, with which configuration, and why.
 *
 * Nothing of a tenant's causes a reload except a profile that nginx has not loaded. Profiles that nobody uses any more
 * cause none: they leave with the next reload that happens anyway.
 */
import type { EngineFacts } from "../../compile/facts.ts";
import { rulesFiles } from "../../compile/modsecurity.ts";
import { socketsToOpen, type FrontListen } from "../../compile/fronts.ts";
import type { nginxConf, NginxConf } from "../../compile/nginx-conf.ts";
import { defaultProfile, sameProfile, type Profile } from "../../compile/profiles.ts";
import { standingCopies, standingProfiles } from "../../compile/standing-profiles.ts";
import type { Program } from "../../compile/program.ts";
import { tlsFiles } from "../../compile/tls-files.ts";
import { trustFiles } from "../../compile/trust.ts";
import type { Settings } from "../../settings.ts";
import type { EngineStatus } from "../protocol.ts";

export type ReloadReason = "start" | "new-profile" | "new-port" | "settings";

/** Writes nginx.conf. It is a parameter so that tests with many steps can remember what it wrote. */
export type ConfOf = typeof nginxConf;

export interface PlanInput {
  readonly confOf: ConfOf;
  readonly settings: Settings;
  readonly facts: EngineFacts;
  readonly program: Pick<Program, "profiles" | "config" | "trust">;
  /** Profiles of the parts that workers hold now: they stay until newer versions of those parts are published. */
  readonly held: ReadonlyMap<string, Profile>;
  readonly status: EngineStatus;
  /** What is to be listened for beside the ports of http and https, as far as it can be had. */
  readonly listens: readonly FrontListen[];
  /** What nginx listens for of that kind. A socket that nobody wants any more stays, so that a port that comes again costs no reload. */
  readonly open: readonly FrontListen[];
  /** False for a profile that must not be in nginx.conf: its snippet was refused, or not tested. */
  readonly usable: (id: string, profile: Profile) => boolean;
}

export interface ReloadPlan {
  readonly conf: NginxConf;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Files that the configuration refers to, by name, as far as they are new. */
  readonly files: Readonly<Record<string, string>>;
  readonly reason: ReloadReason;
  readonly listens: readonly FrontListen[];
}

/** Whether what nginx has under this profile's name is this profile, and not another one. */
export function isLoaded(profile: Profile, loaded: Profile | undefined): boolean {
  return loaded !== undefined && sameProfile(loaded, profile);
}

/** Undefined: nginx runs what it should. */
export function planReload({ confOf, settings, facts, program, held, status, listens, open, usable }: PlanInput): ReloadPlan | undefined {
  const conf = (profiles: ReadonlyMap<string, Profile>, fronts: readonly FrontListen[]): NginxConf =>
    confOf({ settings, config: program.config, facts, profiles, fronts });
  const live = new Map(Object.entries(status.profiles));
  const unknown = [...program.profiles].some(([id, profile]) => !isLoaded(profile, status.profiles[id]) && usable(id, profile));
  // A reload for settings takes new profiles along, and does not wait for a namespace's turn.
  const differs = conf(live, open).digest !== status.config;
  const opens = socketsToOpen(listens, open).length > 0;
  const sockets = withOpen(listens, open);
  if (status.master !== 0 && !unknown && !differs && !opens) return undefined;
  // Of two profiles with one name the one that workers use stays.
  const all = [...program.profiles, ...held, ...standingProfiles(program.config), ...(settings.gatewayApi ? standingCopies(program.config) : [])];
  const profiles = new Map(all.filter(([id, profile]) => usable(id, profile)));
  const reason = status.master === 0 ? "start" : differs ? "settings" : opens ? "new-port" : "new-profile";
  const { config, trust } = program;
  const files = {
    ...trustFiles(profiles.values(), trust),
    ...tlsFiles(config, facts),
    ...rulesFiles([defaultProfile(config), ...profiles.values()], config, facts),
  };
  return { conf: conf(profiles, sockets), profiles, files, reason, listens: sockets };
}

/** Sockets that are kept beside those that are wanted: tenants can ask for any number of ports in turn. */
const MOST_KEPT = 64;

function withOpen(listens: readonly FrontListen[], open: readonly FrontListen[]): readonly FrontListen[] {
  const kept = open.filter(({ id }) => listens.every((one) => one.id !== id)).slice(0, MOST_KEPT);
  return [...listens, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1));
}
