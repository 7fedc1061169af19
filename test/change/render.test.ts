/** The nginx that Sluice is compared with in `npm run bench:change`: real nginx takes what is rendered, and it says what the objects say. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manyCertificates } from "../../bench/change/certificates.ts";
import { parseChangeOptions } from "../../bench/change/options.ts";
import { ingressOf, serviceOf } from "../../bench/change/objects.ts";
import { renderNginxConf } from "../../bench/change/render.ts";

const hostOf = (i: number): string => `tls-${String(i).padStart(5, "0")}.bench`;

function rendered(dir: string, certificates: ReadonlyMap<string, { chain: string; key: string }>): string {
  const [service, slice] = serviceOf("app", { 80: 9000, 8080: 9001 });
  assert.ok(service && slice);
  return renderNginxConf({
    dir, http: 18_080, https: 18_443, user: "www-data", services: [service], slices: [slice], certificates,
    ingresses: [
      ingressOf("plain", "plain.bench", [{ path: "/", service: "app" }, { path: "/missing", service: "missing" }], { "upstream-vhost": "other.bench" }),
      ingressOf("tls-00001", hostOf(1), [{ path: "/", service: "app", port: 8080 }], {}, true),
    ],
  });
}

test("nginx takes the configuration", () => {
  const dir = mkdtempSync(join(tmpdir(), "rendered-"));
  try {
    const [pair] = manyCertificates(1, () => hostOf(1));
    assert.ok(pair);
    for (const name of ["default", "tls-00001"]) {
      writeFileSync(join(dir, `${name}.crt`), pair.chain);
      writeFileSync(join(dir, `${name}.key`), pair.key);
    }
    const text = rendered(dir, new Map([["tls-00001", { chain: `${dir}/tls-00001.crt`, key: `${dir}/tls-00001.key` }]]));
    writeFileSync(join(dir, "nginx.conf"), text);
    execFileSync("nginx", ["-t", "-q", "-p", dir, "-c", join(dir, "nginx.conf")], { stdio: "pipe" });
    assert.match(text, /upstream app_80 \{ server 127\.0\.0\.1:9000; keepalive 320; \}/);
    assert.match(text, /server_name plain\.bench; proxy_set_header Host other\.bench;/);
    assert.match(text, /location \/missing \{ return 503; \}/);
    assert.match(text, /server_name tls-00001\.bench;[^]*location \/ \{ proxy_pass http:\/\/app_8080; \}/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a name with a character of nginx's grammar is refused", () => {
  assert.throws(() => renderNginxConf({
    dir: "/nowhere", http: 1, https: 2, user: "nobody", services: [], slices: [], certificates: new Map(),
    ingresses: [ingressOf("evil", "a;b.bench", [{ path: "/", service: "app" }])],
  }), /is no name of these scenarios/);
});

test("each of many certificates is for its host, and rightly signed", () => {
  const pairs = manyCertificates(5, hostOf);
  const certificates = pairs.map(({ chain }) => new X509Certificate(chain));
  certificates.forEach((certificate, i) => {
    assert.equal(certificate.checkHost(hostOf(i)), hostOf(i));
    assert.equal(certificate.checkHost(hostOf(i + 1)), undefined);
    assert.ok(certificate.verify(certificate.publicKey));
  });
  assert.equal(new Set(certificates.map(({ fingerprint256 }) => fingerprint256)).size, 5);
});

test("a slip on the command line is told in one sentence", () => {
  assert.throws(() => parseChangeOptions(["--only=propagatoin"]), /--only=propagatoin names no scenario: use propagation, route-change, scale, tls or failover\./);
  assert.throws(() => parseChangeOptions(["--minutes=0"]), /--minutes=0 is not a whole number from 1 to 600\./);
  assert.throws(() => parseChangeOptions(["--fast"]), /fast/);
});
