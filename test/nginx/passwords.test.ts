/** Passwords on real nginx: digest clients, what backends and logs see, Secrets that change, workers that start without a controller. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { groupMembers, identify, isAlive, stat, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { ask, type Answer } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, documents, site } from "../support/manifests.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const REALM = "Members";
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const ha1 = (password: string): string => md5(`ann:${REALM}:${password}`);

const secret = (name: string, auth: string): string => documents({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "shop" }, stringData: { auth } });
/** A hash of the password "secret"; to check a guess against it takes some hundredths of a second. */
const BCRYPT = "$2y$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  echo = await startEcho("web");
  const endpoints = [`127.0.0.1:${echo.port}`];
  sluice = await startSluice({
    files: {
      "digest.yaml": site({
        name: "digest", host: "digest.example", endpoints,
        annotations: { "auth-type": "digest", "auth-secret": "digest", "auth-realm": REALM },
      }),
      "basic.yaml": site({ name: "basic", host: "basic.example", endpoints, annotations: { "auth-type": "basic", "auth-secret": "basic" } }),
      "digest-users.yaml": secret("digest", `ann:${REALM}:${ha1("secret")}\n`),
      "basic-users.yaml": secret("basic", "bob:{PLAIN}secret\n"),
      "settings.yaml": configMap({ "worker-processes": "2" }),
    },
    args: ["--configmap=sluice/sluice"],
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
});

const basic = (user: string, password: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` });
const askBasic = (password: string): Promise<Answer> => ask({ port: sluice.http, host: "basic.example", headers: basic("bob", password) });

interface Digest {
  readonly nonce: string;
  readonly nc?: string;
  readonly path?: string;
  readonly uri?: string;
  readonly password?: string;
}

function digestHeader({ nonce, nc = "00000001", path = "/", uri = path, password = "secret" }: Digest): string {
  const response = md5(`${ha1(password)}:${nonce}:${nc}:c0ffee:auth:${md5(`GET:${uri}`)}`);
  return `Digest username="ann", realm="${REALM}", nonce="${nonce}", uri="${uri}", algorithm=MD5, qop=auth, nc=${nc}, cnonce="c0ffee", response="${response}"`;
}

const askDigest = (digest: Digest): Promise<Answer> =>
  ask({ port: sluice.http, host: "digest.example", path: digest.path ?? "/", headers: { authorization: digestHeader(digest) } });

async function challenged(): Promise<string> {
  const { status, headers } = await ask({ port: sluice.http, host: "digest.example" });
  assert.equal(status, 401);
  const [, nonce] = /^Digest algorithm="MD5", qop="auth", realm="Members", nonce="([0-9a-f]+)"$/.exec(headers["www-authenticate"] ?? "") ?? [];
  assert.ok(nonce, headers["www-authenticate"]);
  return nonce;
}

test("a digest answer passes once for each count, on either worker, and proves the server", async () => {
  const nonce = await challenged();
  const first = await askDigest({ nonce, path: "/a?b=c" });
  assert.equal(first.echo?.path, "/a?b=c");
  assert.equal(first.echo.headers["authorization"], undefined);
  const proof = md5(`${ha1("secret")}:${nonce}:00000001:c0ffee:auth:${md5(":/a?b=c")}`);
  assert.equal(first.headers["authentication-info"], `qop="auth", rspauth="${proof}", cnonce="c0ffee", nc=00000001`);
  assert.equal((await askDigest({ nonce, path: "/a?b=c" })).status, 401, "a replay");
  assert.equal((await askDigest({ nonce, nc: "00000002", path: "/a?b=c", uri: "/a" })).status, 200, "the query may be left out");
  const parallel = await Promise.all(Array.from({ length: 8 }, () => askDigest({ nonce, nc: "00000003" })));
  assert.equal(parallel.filter(({ status }) => status === 200).length, 1, "of the same count at the same time one passes");
});

test("a nonce that is used up, too old or nobody's is stale: the client asks no user again", async () => {
  const nonce = await challenged();
  for (const bad of [{ nonce, nc: "00000014" }, { nonce: "0".repeat(48) }]) {
    const { status, headers } = await askDigest(bad);
    assert.equal(status, 401);
    assert.match(headers["www-authenticate"] ?? "", /, stale="true"$/);
  }
});

test("answers for another path, or with another password, do not pass; five of them, and nobody is heard from there", async () => {
  const nonce = await challenged();
  assert.equal((await askDigest({ nonce, path: "/", uri: "/other" })).status, 401);
  for (let i = 2; i < 6; i++) assert.equal((await askDigest({ nonce, nc: `0000000${i}`, password: "guess" })).status, 401);
  const right = await askDigest({ nonce, nc: "00000009" });
  assert.deepEqual([right.status, right.headers["www-authenticate"]], [401, undefined]);
});

test("the access log names who passed, by basic and by digest; the backend does not see what they sent", async () => {
  const seen = await askBasic("secret");
  assert.equal(seen.echo?.headers["authorization"], undefined);
  const log = (): string => readFileSync(join(sluice.runtimeDir, "access.log"), "utf8");
  const deadline = Date.now() + 5000;
  const lines = (user: string): boolean => new RegExp(`^127\\.0\\.0\\.1 - ${user} \\[[^\\]]*\\] "GET [^"]*" 200 `, "m").test(log());
  while (!(lines("ann") && lines("bob")) && Date.now() < deadline) await sleep(10);
  assert.ok(lines("ann") && lines("bob"), log());
});

test("a password that changes holds at once, though the old one was right a moment ago; a Secret that goes closes", async () => {
  await sluice.apply({ "basic-users.yaml": secret("basic", `bob:${BCRYPT}\n`) });
  assert.deepEqual([(await askBasic("secret")).status, (await askBasic("wrong")).status], [200, 401]);
  await sluice.apply({ "basic-users.yaml": secret("basic", "bob:{PLAIN}changed\n") });
  assert.deepEqual([(await askBasic("secret")).status, (await askBasic("changed")).status], [401, 200]);
  const { reloads } = await sluice.generation();
  await sluice.apply({ "basic-users.yaml": undefined });
  assert.equal((await askBasic("changed")).status, 503);
  const back = await sluice.apply({ "basic-users.yaml": secret("basic", `bob:${BCRYPT}\n`) });
  assert.deepEqual([(await askBasic("secret")).status, back.reloads], [200, reloads]);
});

test("guesses do not keep the workers from others: hashing gets a part of their time", async () => {
  // Hashes of a tenth of a second each, enough of them to keep both workers busy for as long as the test looks.
  await sluice.apply({ "basic-users.yaml": secret("basic", `bob:${BCRYPT.replace("$10$", "$11$")}\n`) });
  const guesses = Array.from({ length: 40 }, async (_, i) => (await askBasic(`guess ${i}`).catch(() => LATE)).status);
  await Promise.race(guesses);
  const workers = nginxWorkers();
  const [from, before] = [performance.now(), workers.map(cpuMs)];
  while (performance.now() - from < 1800) {
    assert.equal((await ask({ port: sluice.http, host: "nobody.example" })).status, 404);
    await sleep(50);
  }
  const elapsed = performance.now() - from;
  // A worker that hashes all the time uses all of it. On a busy machine it gets less, so a slow machine cannot fail this.
  const shares = workers.map((pid, i) => (cpuMs(pid) - (before[i] as number)) / elapsed);
  assert.ok(shares.every((share) => share < 0.8), `the workers used these parts of the time: ${shares.join()}`);
  const statuses = await Promise.all(guesses);
  assert.ok(statuses.every((status) => status === 401 || status === 503 || status === LATE.status), statuses.join());
  assert.ok(statuses.filter((status) => status === 401).length > 2, statuses.join());
  await sluice.apply({ "basic-users.yaml": secret("basic", `bob:${BCRYPT}\n`) });
});

/** A guess that a slow machine has not answered for as long as a test waits. */
const LATE = { status: 0 };

function nginxWorkers(): number[] {
  const { pid } = JSON.parse(readFileSync(join(sluice.runtimeDir, "nginx-master.json"), "utf8")) as ProcessIdentity;
  return groupMembers(pid).flatMap((one) => (stat(one.pid)?.parent === pid ? [one.pid] : []));
}

/** Processor time of a process so far, from its time on processors in ns. */
const cpuMs = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;

test("a hash that takes too long, or too much memory, closes the path with a finding, and no worker ever computes it", async () => {
  for (const [hash, cost] of [["$6$rounds=40000000$saltsalt$x", "8.8 s"], ["$y$jFT$saltsalt$x", "1.7 s and 1024 MiB"], ["$2y$14$abcdefghijklmnopqrstuu", "0.85 s"], ["$y$j9T./$saltsalt$x", "something"]] as const) {
    await sluice.apply({ "basic-users.yaml": secret("basic", `bob:{PLAIN}secret\nann:${hash}\n`) });
    assert.equal((await askBasic("secret")).status, 503);
    const { text } = await sluice.ask("/api/v1/findings");
    const found = (JSON.parse(text) as { code: string; sentence: string }[]).find(({ code }) => code === "password-too-costly");
    assert.ok(found?.sentence.startsWith(`Line 2 of "auth" of the Secret "shop/basic" has a hash that takes about ${cost}`), text);
    assert.ok(!text.includes(hash));
  }
  await sluice.apply({ "basic-users.yaml": secret("basic", `bob:${BCRYPT}\n`) });
  assert.deepEqual([(await askBasic("secret")).status, (await askBasic("wrong")).status], [200, 401]);
});

test("hashes are kept with the keys, and a worker that starts without the controller has them", async () => {
  const file = (name: string): string => readFileSync(join(sluice.runtimeDir, name), "utf8");
  assert.ok(file("keys.log").includes(BCRYPT));
  for (const name of ["program.log", "nginx.conf", "controller.log", "engine.log", "access.log"]) assert.ok(!file(name).includes(BCRYPT), name);
  const workers = nginxWorkers();
  sluice.process.kill("SIGKILL");
  for (const worker of workers.flatMap((pid) => identify(pid) ?? [])) {
    process.kill(worker.pid, "SIGKILL");
    while (isAlive(worker)) await sleep(5);
  }
  const again = async (password: string): Promise<number | undefined> => (await askBasic(password).catch(() => undefined))?.status;
  const deadline = Date.now() + 10_000;
  while ((await again("secret")) !== 200 && Date.now() < deadline) await sleep(50);
  assert.deepEqual([await again("secret"), await again("wrong")], [200, 401]);
  sluice = await startSluice({ successorOf: sluice, args: ["--configmap=sluice/sluice"] });
});
