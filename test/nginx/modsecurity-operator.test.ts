/**
 * The ConfigMap's modsecurity-snippet on real nginx: the operator's rules hold for all routes. While ModSecurity cannot read
 * the rules, the routes that they should guard are closed, with a finding; the others are served, and can be changed.
 */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/model/findings/findings.ts";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { NO_MODSECURITY } from "../support/modsecurity.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const ALLOWED = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "worker-processes": "1", "enable-modsecurity": "true" };
/** Rules as people set them in the values of ingress-nginx's chart. */
const OPERATORS = `Include /etc/nginx/modsecurity/modsecurity.conf
SecRuleEngine DetectionOnly
SecAuditLog /dev/stdout
SecAuditLogFormat JSON
Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf
SecRuleEngine On
SecRule REQUEST_HEADERS:User-Agent "foe" "log,deny,id:107,status:403,msg:'foe'"`;
const FOE = { headers: { "user-agent": "foe" } };
const INJECTION = { path: "/?id=1%27%20or%20%271%27=%271" };

let web: EchoBackend;
let sluice: Sluice;

const host = (name: string, annotations: Record<string, string> = {}): Record<string, string> => ({
  [`${name}.yaml`]: site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${web.port}`], annotations }),
});
const settings = (rules: string, more: Record<string, string> = {}): Record<string, string> => ({ "settings.yaml": configMap({ ...ALLOWED, "modsecurity-snippet": rules, ...more }) });
const statuses = async (name: string): Promise<readonly number[]> => {
  const answers = [];
  for (const request of [{}, FOE, INJECTION]) answers.push((await ask({ port: sluice.http, host: `${name}.example`, ...request })).status);
  return answers;
};
const said = async (object: string): Promise<string> =>
  (JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[]).filter(({ object: { name } }) => name === object).map(({ code, sentence }) => `${code}: ${sentence}`).join("\n");

const OPEN = [200, 200, 200];
const GUARDED = [200, 403, 403];
const CLOSED = [503, 503, 503];

describe("the operator's rules", { skip: NO_MODSECURITY }, () => {
  before(async () => {
    web = await startEcho("web");
    sluice = await startSluice({
      args: ["--configmap=sluice/sluice", "--reload-interval=0"],
      // Sluice starts with rules that ModSecurity cannot read.
      files: { ...settings("SecRuleEngine On\nSecNonsense 7"), ...host("plain"), ...host("off", { "enable-modsecurity": "false" }), ...host("own", { "modsecurity-snippet": "SecRuleRemoveById 107" }) },
    });
  });
  after(async () => {
    await sluice?.stop();
    await web?.close();
  });

  test("that nobody can read close what they should guard, and only that, with a finding; others are served and changed", async () => {
    assert.deepEqual([await statuses("plain"), await statuses("own"), await statuses("off")], [CLOSED, CLOSED, OPEN]);
    assert.match(await said("sluice"), /^config-rules-refused: ModSecurity cannot read "modsecurity-snippet": "modsecurity_rules_file" directive Rules error\. Line: 2\..*: correct it$/);
    await sluice.apply({ ...host("later", { "enable-modsecurity": "false", "proxy-next-upstream-timeout": "7" }) });
    assert.deepEqual(await statuses("later"), OPEN);
  });

  test("as charts have them refuse attacks, and an Ingress may leave some of them out", async () => {
    await sluice.apply(settings(OPERATORS));
    assert.deepEqual([await statuses("plain"), await statuses("own"), await statuses("off")], [GUARDED, [200, 200, 403], OPEN]);
    assert.equal(await said("sluice"), "");
    const files = readdirSync(sluice.runtimeDir).filter((name) => name.startsWith("rules-"));
    assert.deepEqual(files.map((name) => statSync(`${sluice.runtimeDir}/${name}`).mode & 0o777), [0o600, 0o600]);
  });

  test("that become unreadable close, whatever nginx was serving; as soon as they are mended it serves, guarded", async () => {
    for (const bad of ["SecRule ARGS", "SecRule ARGS a \"id:1,deny\"\nSecRule ARGS b \"id:1,deny\"", "Include /nowhere.conf", "SecRuleEngine On\u0000SecRuleEngine Off", "}\nserver {"]) {
      await sluice.apply(settings(bad));
      assert.deepEqual([await statuses("plain"), await statuses("own"), await statuses("off")], [CLOSED, CLOSED, OPEN], bad);
      assert.match(await said("sluice"), /^config-rules-refused: /, bad);
    }
    await sluice.apply(settings(OPERATORS));
    assert.deepEqual([await statuses("plain"), await statuses("off")], [GUARDED, OPEN]);
    assert.equal(await said("sluice"), "");
  });

  test("and an Ingress's with one number close that Ingress alone", async () => {
    await sluice.apply(host("own", { "modsecurity-snippet": 'SecRule ARGS:a "b" "id:107,deny"' }));
    assert.deepEqual([await statuses("plain"), await statuses("own")], [GUARDED, CLOSED]);
    assert.match(await said("own"), /^snippet-fails: /);
  });

  test("an Ingress's rules may be longer than an argument of nginx's", async () => {
    const many = Array.from({ length: 200 }, (_, i) => `SecRule ARGS:a "@streq value-${i}" "id:${2000 + i},phase:2,deny,status:418"`).join("\n");
    assert.ok(many.length > 3 * 4096);
    await sluice.apply(host("own", { "modsecurity-snippet": many }));
    const { status } = await ask({ port: sluice.http, host: "own.example", path: "/?a=value-199" });
    assert.deepEqual([status, await statuses("own")], [418, GUARDED]);
  });

  test("without enable-modsecurity hold for nobody, and a finding says so", async () => {
    await sluice.apply(settings(OPERATORS, { "enable-modsecurity": "false" }));
    assert.deepEqual(await statuses("plain"), OPEN);
    assert.match(await said("sluice"), /^config-rules-idle: /);
  });
});
