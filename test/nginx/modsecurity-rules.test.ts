/**
 * ModSecurity at work on real nginx, with the packages that `make test` installs: what its rules refuse, which rules hold
 * where, how a transaction is named, and what an Ingress's own rules may not do.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { NO_MODSECURITY } from "../support/modsecurity.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const ALLOWED = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "worker-processes": "1" };
const ON = { "enable-modsecurity": "true" };
const BLOCK = "SecRuleEngine On";
const ATTACK = "/?id=1%27%20or%20%271%27=%271";
const AGENT = `${BLOCK}
# as in ingress-nginx's documentation
SecRequestBodyAccess On
SecAuditEngine RelevantOnly
SecAuditLogParts ABCDEFHIJZ
SecAuditLog /tmp/stolen-by-modsecurity
SecRule REQUEST_HEADERS:User-Agent "fern-scanner" \\
    "log,deny,id:107,status:403,msg:'Fern, it is \\
     identified'"
SecRule ARGS:q "@rx ^ba\\d$" "id:108,phase:2,deny,status:406"`;

let web: EchoBackend;
let sluice: Sluice;

const host = (name: string, annotations: Record<string, string>): Record<string, string> => ({
  [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${web.port}`], annotations }),
});
const statusOf = async (name: string, path = "/", headers: Record<string, string> = {}): Promise<number> =>
  (await ask({ port: sluice.http, host: `${name}.example`, path, headers })).status;
const findings = async (): Promise<readonly Finding[]> => JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
const said = async (name: string): Promise<string> => (await findings()).filter(({ object }) => object.name === name).map(({ code, sentence }) => `${code}: ${sentence}`).join();

describe("ModSecurity at work", { skip: NO_MODSECURITY }, () => {
  before(async () => {
    web = await startEcho("web");
    sluice = await startSluice({
      args: ["--configmap=sluice/sluice"],
      files: {
        "settings.yaml": configMap(ALLOWED),
        ...host("plain", {}),
        ...host("core", { ...ON, "enable-owasp-core-rules": "true", "modsecurity-snippet": BLOCK, "modsecurity-transaction-id": "tx-$host" }),
        ...host("watch", { ...ON, "enable-owasp-core-rules": "true" }),
        ...host("own", { ...ON, "modsecurity-snippet": AGENT }),
        ...host("included", { ...ON, "modsecurity-snippet": `Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf\n${BLOCK}\nSecRuleRemoveById 942100` }),
        ...host("both", { ...ON, "modsecurity-snippet": AGENT, "configuration-snippet": "add_header X-Both yes always;" }),
        ...host("idle", { "modsecurity-snippet": AGENT }),
      },
    });
  });
  after(async () => {
    await sluice?.stop();
    await web?.close();
  });

  test("an attack is refused where the core rules block, and nowhere else", async () => {
    await sluice.sync();
    assert.equal(await statusOf("core"), 200);
    assert.equal(await statusOf("core", ATTACK), 403);
    for (const name of ["plain", "watch", "own", "idle"]) assert.equal(await statusOf(name, ATTACK), 200, name);
    assert.equal(await statusOf("included", "/?q=<script>alert(1)</script>"), 403);
  });

  test("an Ingress's own rules hold for it alone", async () => {
    for (const name of ["own", "both"]) {
      assert.equal(await statusOf(name), 200, name);
      assert.equal(await statusOf(name, "/", { "user-agent": "a fern-scanner" }), 403, name);
    }
    assert.deepEqual([await statusOf("own", "/?q=ba7"), await statusOf("own", "/?q=ba77"), await statusOf("own", "/?p=ba7")], [406, 200, 200]);
    for (const name of ["plain", "core", "idle"]) assert.equal(await statusOf(name, "/", { "user-agent": "a fern-scanner" }), 200, name);
    assert.equal((await ask({ port: sluice.http, host: "both.example" })).headers["x-both"], "yes");
    assert.match(await said("idle"), /annotation-ineffective: modsecurity-snippet has no effect here/);
    assert.match(await said("own"), /^rules-left-out: SecAuditLog in modsecurity-snippet would open a file[^:]+: remove it$/);
    assert.equal(await said("included"), "");
  });

  test("a transaction is called as the Ingress says", async () => {
    assert.equal(await statusOf("core", ATTACK), 403);
    assert.match(sluice.engineLog(), /\[unique_id "tx-core\.example"\]/);
  });

  test("rules that ModSecurity does not take, or that would open files, close their own Ingress", async () => {
    const bad: Record<string, [string, RegExp]> = {
      syntax: [`${BLOCK}\nSecRule ARGS "x" "id:1,phase:2,deny,status"`, /^snippet-fails: nginx refuses the text of modsecurity-snippet: /],
      twice: [`SecRule ARGS "a" "id:1,pass"\nSecRule ARGS "b" "id:1,pass"`, /^snippet-fails: nginx refuses the text of modsecurity-snippet: /],
      reads: ['SecRule ARGS "@pmFromFile /etc/shadow" "id:1,deny"', /^snippet-forbidden: modsecurity-snippet may not use @pmFromFile, which opens files of the machine$/],
      runs: ['SecAction "id:1,exec:/bin/sh"', /^snippet-forbidden: .* exec, which runs programs/],
      writes: ["SecUploadDir /tmp", /^snippet-forbidden: .* SecUploadDir, which opens files/],
    };
    await sluice.apply(Object.assign({}, ...Object.entries(bad).map(([name, [rules]]) => host(name, { ...ON, "modsecurity-snippet": rules }))));
    for (const [name, [, says]] of Object.entries(bad)) {
      assert.match(await said(name), says, name);
      assert.equal(await statusOf(name), 503, name);
    }
    assert.equal(existsSync("/tmp/stolen-by-modsecurity"), false);
    assert.equal(await statusOf("core", ATTACK), 403);
    assert.equal(await statusOf("plain"), 200);
    assert.doesNotMatch(sluice.log(), /nginx refuses its new configuration/);
  });
});
