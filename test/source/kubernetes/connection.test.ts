/** How Sluice finds the API server, and what it says when it finds none. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { openConnection } from "../../../src/source/kubernetes/connection.ts";
import { connect } from "../../../src/source/kubernetes/transport.ts";
import { UserError } from "../../../src/support/user-error.ts";

const NO_ENV = { env: {}, serviceAccount: "/nonexistent", context: "", kubeconfig: "" };

async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-config-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const config = (name: string, server: string, more: Record<string, unknown> = {}): string => JSON.stringify({
  clusters: [{ name, cluster: { server, ...more } }],
  users: [{ name, user: { token: name } }],
  contexts: [{ name, context: { cluster: name, user: name } }],
  "current-context": name,
});

const refused = (options: Partial<typeof NO_ENV> & { env?: NodeJS.ProcessEnv }, sentence: RegExp): Promise<void> =>
  assert.rejects(openConnection({ ...NO_ENV, ...options }), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, sentence);
    return true;
  });

test("what cannot be used is said in one sentence with a remedy", async (t) => {
  const folder = await folderOf(t, {
    text: "just text", yaml: "a: [", good: config("dev", "https://10.0.0.1:6443"),
    nocontext: "{}", nocluster: JSON.stringify({ contexts: [{ name: "x", context: { cluster: "gone" } }], "current-context": "x" }),
    url: config("dev", "10.0.0.1:6443"), socks: config("dev", "https://10.0.0.1:6443", { "proxy-url": "socks5://localhost:1" }),
  });
  const file = (name: string): { kubeconfig: string } => ({ kubeconfig: join(folder, name) });
  await refused({}, /^No Kubernetes API server is configured: .*--manifests\.$/);
  await refused(file("absent"), /^Kubeconfig .*absent cannot be used: it does not exist; name another with --kubeconfig\.$/);
  await refused(file("text"), /^Kubeconfig .*text has no current-context; choose one with --context \(it has: none\)\.$/);
  await refused(file("yaml"), /^Kubeconfig .*yaml cannot be used: [^\n]*; name another/);
  await refused({ ...file("good"), context: "prod" }, /^Kubeconfig .*good has no context "prod"; choose another with --context \(it has: dev\)\.$/);
  await refused(file("nocontext"), /has no current-context/);
  await refused(file("nocluster"), /has no cluster for its context "x"/);
  await refused(file("url"), /has the server "10\.0\.0\.1:6443", which is no URL/);
  await refused(file("socks"), /SOCKS proxy socks5:\/\/localhost:1, which is not supported/);
});

test("the order: --kubeconfig, KUBECONFIG, the pod's account, ~/.kube/config", async (t) => {
  const folder = await folderOf(t, { flag: config("flag", "https://flag:1"), env: config("env", "https://env:1"), token: "t", "ca.crt": "" });
  await mkdir(join(folder, ".kube"));
  await writeFile(join(folder, ".kube", "config"), config("home", "https://home:1"));
  const pod = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const home = { HOME: folder };
  const open = async (options: Partial<typeof NO_ENV> & { env?: NodeJS.ProcessEnv }): Promise<string> => {
    const connection = await openConnection({ ...NO_ENV, ...options });
    await connection.close();
    return connection.description;
  };
  const env = { ...pod, ...home, KUBECONFIG: join(folder, "env") };
  assert.equal(await open({ kubeconfig: join(folder, "flag"), serviceAccount: folder, env }), "https://flag:1 (context flag)");
  assert.equal(await open({ serviceAccount: folder, env }), "https://env:1 (context env)");
  assert.equal(await open({ serviceAccount: folder, env: { ...pod, ...home } }), "https://[fd00::1]:443 (service account of this pod)");
  assert.equal(await open({ serviceAccount: folder, env: { ...pod, ...home }, context: "home" }), "https://home:1 (context home)");
  assert.equal(await open({ env: { ...pod, ...home } }), "https://home:1 (context home)");
});

test("several files of KUBECONFIG are one, in which the first to name something wins", async (t) => {
  const folder = await folderOf(t, { a: config("a", "https://a:1"), b: config("b", "https://b:1"), c: config("a", "https://late:1") });
  const env = { KUBECONFIG: ["a", "absent", "b", "c"].map((name) => join(folder, name)).join(delimiter) };
  for (const [context, server] of [["", "https://a:1"], ["b", "https://b:1"], ["a", "https://a:1"]] as const) {
    const connection = await openConnection({ ...NO_ENV, env, context });
    assert.equal(connection.server, server);
    await connection.close();
  }
});

test("a request ends with its signal although the server accepts connections and says nothing", async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  for (const scheme of ["http", "https"]) {
    const access = { server: `${scheme}://127.0.0.1:${port}`, namespace: "", description: "", read: async () => ({ headers: {}, tls: {} }), reread: async () => ({ headers: {}, tls: {} }) };
    const connection = connect(access);
    const asked = connection.request("/version", {}, AbortSignal.timeout(100));
    const late = sleep(5000, "late", { ref: false });
    assert.notEqual(await Promise.race([asked.catch((error: Error) => error.name), late]), "late", scheme);
    await assert.rejects(asked, { name: "TimeoutError" });
    await connection.close();
  }
});

test("requests that are given up or cut off, at whatever moment, leave the process running and later requests free", async () => {
  const program = join(import.meta.dirname, "broken-requests.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000, killSignal: "SIGKILL" });
  assert.equal(stdout, "ended: 290\n");
});
