/** Sluice and nginx written by hand, each with backends of its own, for every kind of location. */
import { rmSync, writeFileSync } from "node:fs";
import { ask } from "./client.ts";
import { runtimeFolder } from "./engine.ts";
import { furnish, runNginx } from "./nginx-check.ts";
import { startFastcgi, startGrpc, type Backend } from "./protocol-backends.ts";
import { startRecording, type RecordingBackend } from "./recording-backend.ts";
import { confOf, kindsOf, manifestsOf, USERS, type Kind, type KindPorts } from "./smuggling-kinds.ts";
import { freePorts, startSluice, type Sluice } from "./sluice.ts";

/** One proxy with its backends. */
export interface Side {
  readonly http: number;
  readonly https: number;
  readonly web: RecordingBackend;
  readonly mirror: RecordingBackend;
  readonly auth: RecordingBackend;
}

export interface Sides {
  readonly byHand: Side;
  readonly ours: Side;
  readonly kinds: readonly Kind[];
  readonly sluice: Sluice;
  /** Fails where a backend of Sluice's was sent what can be read in two ways; then forgets what all of them saw. */
  takeAmbiguous(): readonly string[];
  stop(): Promise<void>;
}

interface Backends extends Omit<Side, "http" | "https"> {
  readonly grpc: Backend;
  readonly fastcgi: Backend;
  readonly ports: KindPorts;
}

async function startBackends(): Promise<Backends> {
  const [web, mirror, auth] = [await startRecording(), await startRecording(), await startRecording()];
  const [grpc, fastcgi] = [await startGrpc(), await startFastcgi()];
  return { web, mirror, auth, grpc, fastcgi, ports: { web: web.port, mirror: mirror.port, auth: auth.port, grpc: grpc.port, fastcgi: fastcgi.port } };
}

/** @param timeout seconds that a client has for headers and bodies; forms that are never whole take as long. */
export async function startSides(timeout: number): Promise<Sides> {
  const folder = runtimeFolder();
  const [first, second] = [await startBackends(), await startBackends()];
  const [http, https] = await freePorts(2);
  furnish(folder);
  writeFileSync(`${folder}/users`, USERS);
  const plain = await runNginx(folder, confOf(kindsOf(first.ports, folder), first.ports, folder, { http, https, timeout }), () => ask({ port: http, host: "plain.example" }).then(() => true, () => false));
  const kinds = kindsOf(second.ports, folder);
  const sluice = await startSluice({ files: manifestsOf(kinds, second.ports, timeout), args: ["--configmap=sluice/sluice", "--allow-local-targets"] });
  return {
    byHand: { ...first, http, https }, ours: { ...second, http: sluice.http, https: sluice.https }, kinds, sluice,
    takeAmbiguous() {
      const found = [second.web, second.mirror, second.auth].flatMap(({ ambiguous }) => ambiguous.splice(0));
      for (const { web, mirror, auth } of [first, second]) for (const { requests, ambiguous } of [web, mirror, auth]) requests.length = ambiguous.length = 0;
      return found;
    },
    async stop() {
      await sluice.stop();
      await plain.stop();
      for (const { web, mirror, auth, grpc, fastcgi } of [first, second]) {
        for (const one of [web, mirror, auth]) one.close();
        await Promise.all([grpc.close(), fastcgi.close()]);
      }
      rmSync(folder, { recursive: true });
    },
  };
}

/** What a backend saw for a form, by the form's number in the paths. */
export function seenFor({ requests }: RecordingBackend, index: number): readonly string[] {
  const ours = new RegExp(`-${index}(?!\\d)`);
  return requests.filter(({ target }) => ours.test(target)).map(({ method, target }) => `${method} ${target}`).sort();
}

/** Does the work for all items, so many at once. */
export async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  }));
}
