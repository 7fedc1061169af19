/** `sluice demo DIR` with the manifests of a tutorial, whose Services have no endpoints. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { startDemo, type Demo } from "../support/demo.ts";
import { ROOT } from "../support/sluice.ts";

const TUTORIAL = join(ROOT, "test/cases/tutorial/other-namespace/cluster.yaml");

let folder: string;
let demo: Demo;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-demo-folder-"));
  cpSync(TUTORIAL, join(folder, "tutorial.yaml"));
  demo = await startDemo([folder]);
  await demo.said(/Ctrl-C ends everything/);
});
after(async () => {
  await demo?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const get = async (host: string, path = "/"): Promise<string> => {
  const { status, text } = await ask({ port: demo.http, host, path });
  return status === 200 ? (text.split(" at ")[0] ?? "") : String(status);
};

test("the introduction names each route, what it leads to, and how to ask it", () => {
  const lines = demo.printed().split("\n").map((line) => line.trim());
  assert.ok(lines.some((line) => line.startsWith(`Sluice serves ${folder}/ at http://127.0.0.1:${demo.http} and https://127.0.0.1:${demo.https}`)), demo.printed());
  const asked = (title: string, command: string): void => assert.equal(lines[lines.indexOf(title) + 1], command, demo.printed());
  asked("# hello.lucky.com/ (prefix), Ingress default/hello: hello-service:80", `curl -i -H 'Host: hello.lucky.com' http://127.0.0.1:${demo.http}/`);
  asked("# tomcat.lucky.com/ (prefix), Ingress ingress-myapp/ingress-myapp: tomcat:8080 (no endpoint: 503)", `curl -i -H 'Host: tomcat.lucky.com' http://127.0.0.1:${demo.http}/`);
});

test("stand-ins answer for Services that no EndpointSlice puts on this machine", async () => {
  assert.equal(await get("hello.lucky.com"), "hello-service");
  assert.equal(await get("tomcat.lucky.com"), "503");
});

test("a Secret or a default backend that the folder does not have is not asked of it", () => {
  assert.doesNotMatch(demo.printed(), /tomcat-ingress-secret|default-http-backend/);
});

test("what the findings ask for is done, is live, and the finding is told to be mended", async () => {
  await demo.said(/There is a Service of that name in namespace default; an Ingress reaches its own namespace's Services only/);
  const from = demo.printed().length;
  const file = join(folder, "tutorial.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("  namespace: ingress-myapp\n", "  namespace: default\n"));
  await demo.said(/tutorial\.yaml: live after/, from);
  await demo.said(/No longer the case: Service "tomcat" does not exist in namespace "ingress-myapp"/, from);
  assert.equal(await get("tomcat.lucky.com"), "tomcat");
});

test("Ctrl-C leaves nothing behind", async () => {
  assert.equal(await demo.interrupt(), 0, demo.printed());
  assert.equal(existsSync(demo.runtimeDir), false);
});
