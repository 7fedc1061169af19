/**
 * The contract of an adapter: `bench/rivals/NAME.ts` exports one `Rival` as `rival`, and `--rival NAME=/path/to/binary`
 * measures it. It writes its proxy's configuration from the Site that Sluice gets as Kubernetes objects
 * (`../site/objects.ts`, for an adapter of a controller), and says which processes count.
 */
import type { Feature, Site } from "../site/site.ts";

/** What an adapter knows when it writes a configuration. */
export interface RivalSetup {
  readonly site: Site;
  /** A folder of the proxy's own, in memory, which its account may write to. It holds `chain.pem`, `key.pem` and `both.pem`. */
  readonly dir: string;
  /** Ports of 127.0.0.1 that it has to listen on. */
  readonly http: number;
  readonly https: number;
  /** Whether it writes a line for each request, to `access.log` in the folder. */
  readonly accessLog: boolean;
  /** The account of its workers. The benchmark may run as root. */
  readonly account: string;
}

export interface Rival {
  /** What the tables call it. */
  readonly title: string;
  /** The program's name, looked for in PATH when no path is given. */
  readonly command: string;
  /** The arguments with which it prints its version. */
  readonly version: readonly string[];
  /** What of a Site it can do as it comes. Hosts of anything else are left out of its configuration, and the tables have a dash. */
  readonly can: ReadonlySet<Feature>;
  /** The most hosts with which it is measured. */
  readonly hosts: number;
  /** The files of its configuration: names in `setup.dir` → texts. Pure. */
  files(setup: RivalSetup): Readonly<Record<string, string>>;
  /** The arguments that start it in the foreground, with one worker or thread. Pure. */
  args(setup: RivalSetup): readonly string[];
  /**
   * The processes whose processor time counts: those that serve requests. Absent: the process that was started.
   * @param pid of the process that was started.
   */
  workers?(setup: RivalSetup, pid: number): Promise<readonly number[]>;
}

/** The hosts of the Site that a rival can do. */
export function hostsFor({ can }: Pick<Rival, "can">, site: Site): Site["hosts"] {
  return site.hosts.filter(({ does, https }) => can.has(does) && (!https || can.has("https")));
}

/** Keeps idle backend connections: as many as Sluice does by default, per backend. */
export const IDLE_CONNECTIONS = 320;
