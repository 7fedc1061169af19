/**
 * Generated configurations and the real nginx: it reads literals as they were meant, and takes every configuration
 * that a valid ConfigMap and valid annotations can lead to.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { copyFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import { block, directive, expression, print } from "../../src/compile/directive.ts";
import { nginxConf } from "../../src/compile/nginx-conf.ts";
import { forwardedHeaders } from "../../src/compile/forwarding.ts";
import { tlsFiles } from "../../src/compile/tls-files.ts";
import { trustFile } from "../../src/compile/trust.ts";
import { writeConfFiles } from "../../src/engine/agent/conf-files.ts";
import { NOTHING_NAMED } from "../../src/model/config/named.ts";
import type { NamedObjects, Config } from "../../src/model/config/config.ts";
import { parseTemplate } from "../../src/model/grammar/template.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";
import { FFDHE2048 } from "../support/dh-param.ts";
import { rulesFiles } from "../../src/compile/modsecurity.ts";
import { operatorRules } from "../../src/model/snippets/operator-rules.ts";
import { defaultProfile, profileId, profileOf, type Profile } from "../../src/compile/profiles.ts";
import { proxy } from "../../src/model/annotations/features/proxy.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { plainPattern } from "../../src/model/config/operator-types.ts";
import { CONFIG_TABLE } from "../../src/model/config/table.ts";
import { NEXT_UPSTREAM, PROTOCOLS, TLS_VERSIONS, type UpstreamTls } from "../../src/model/shapes/routing.ts";
import { parseSettings } from "../../src/settings.ts";
import { probe, runtimeFolder } from "../support/engine.ts";
import { complaint, furnish, runNginx } from "../support/nginx-check.ts";
import { readConf } from "../support/read-conf.ts";
import { freePorts } from "../support/sluice.ts";
import { runs } from "../support/runs.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Session ticket keys; their files are written before the test. */
const TICKET_KEYS = [48, 80].map((size) => ({ id: String(size).padStart(32, "0"), bytes: new PrivateBytes(Buffer.alloc(size, 7)) }));
/** Objects that the ConfigMap names. They replace every request header that Sluice sends itself. */
const NAMED: NamedObjects = {
  requestHeaders: ["Host", "X-Mine", ...forwardedHeaders({ ...DEFAULT_CONFIG, proxyAddOriginalUriHeader: true }).map(([name]) => name)].map((name) => ({ name, value: parseTemplate("$host") })),
  responseHeaders: [{ name: "X-Zone", value: parseTemplate("a") }],
  rulesRefused: false, dhParam: { id: "0".repeat(32), pem: FFDHE2048 },
};

let folder: string;
before(() => {
  folder = runtimeFolder();
  furnish(folder);
  copyFileSync(`${folder}/default.crt`, `${folder}/${trustFile("0".repeat(64))}`);
  for (const key of TICKET_KEYS) writeConfFiles(folder, tlsFiles({ ...DEFAULT_CONFIG, sslSessionTicketKey: key, named: NAMED }, probe(folder).facts));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("nginx reads every literal as it was meant", async () => {
  const literal = fc.array(fc.oneof(fc.constantFrom(..." \t\r\n;{}\"'\\#()~*^|?[]@%=+-.,:/ab0nrt"), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })), { minLength: 1, maxLength: 10 })
    .map((all) => all.join("").replace(/[$\0]/g, "x"));
  const literals = fc.sample(literal, { seed: SEED, numRuns: 300 });
  const socket = `${folder}/plain.sock`;
  const conf = print([
    directive("daemon", "off"),
    directive("error_log", "/dev/null"),
    directive("pid", `${folder}/plain.pid`),
    block("events", [], []),
    block("http", [], [
      directive("access_log", "off"),
      block("server", [], [
        directive("listen", `unix:${socket}`),
        ...literals.map((text, index) => block("location", ["=", `/${index}`], [directive("return", 200, text)])),
      ]),
    ]),
  ]);
  const nginx = await runNginx(folder, conf, async () => (await get(socket, "/0").catch(() => undefined)) !== undefined);
  try {
    for (const [index, text] of literals.entries()) assert.equal(await get(socket, `/${index}`), Buffer.from(text, "utf8").toString("utf8"), `SEED=${SEED}`);
  } finally {
    await nginx.stop();
  }
});

test("nginx takes every expression that gzip-disable takes", async () => {
  const pieces = fc.constantFrom(..."ab1 ._-/\\()[]|*+?^$:=,<!dwsDWSE".split(""), "(?:", "(?", "[^", "\\d", "[a-z]", "[:alpha:]", "[[:x:]]", "a*", "(a|b)", "++", "\\Q", "[.a.]");
  const expressions = fc.sample(fc.array(pieces, { minLength: 1, maxLength: 12 }).map((all) => all.join("")), { seed: SEED, numRuns: 20_000 })
    .filter((text) => text.trim() === text && text !== "" && plainPattern.parse(text) !== undefined);
  assert.ok(expressions.length > 1000, `${expressions.length} expressions`);
  const directives = expressions.map((text) => directive("gzip_disable", expression(text)));
  const conf = print([directive("pid", `${folder}/plain.pid`), block("events", [], []), block("http", [], directives)]);
  assert.equal(await complaint(folder, conf), undefined, `SEED=${SEED}`);
});

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    asked.on("error", reject).end();
  });
}

/** Values for keys of the ConfigMap; each key picks among those that its type accepts. */
const CANDIDATES = [
  "true", "false", "on", "off", "0", "1", "3", "9", "100", "255", "300", "301", "302", "512", "1024", "65535", "2147483", "2147483647", "9007199254740991",
  "256", "257", "1k", "4k", "12345", "64k", "16m", "1g", "1024m", "45s", "10m", "1h30m", "24d", "0s", "4 8k", "1 512", "9999 16m", "auto", "TLSv1.2",
  "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3", "TLSv1.3", "HIGH:!aNULL", "ECDHE-RSA-AES128-GCM-SHA256", "X25519:prime256v1", "prime256v1", "text/css", "*", "text/html text/css text/html",
  "10.0.0.0/8,::/0, 192.0.2.1,2001:db8::/32", "X-Real-IP", "x_real_ip", "Server,X-Powered-By", "/dev/null", "/a,/b c", "error timeout http_500 non_idempotent",
  "off error", "debug", "emerg", "1.0", "1.1", "308", "", '$remote_addr "$request" ${status}',
  "it's {\"a\": \"$status\"} \\ ; # ~ ${namespace}$location_path", "31536000", "000", "MSIE [1-6][.]|(?:a|b)+$", "auto 0101", "01 10", "application/json", "sluice/headers",
  `X-${"a".repeat(44)}`, `X-${"long-".repeat(40)}`,
];

const config: fc.Arbitrary<Config> = fc
  .record(Object.fromEntries(Object.entries(CONFIG_TABLE).map(([field, row]) => {
    const valid = CANDIDATES.map((text) => row.type.parse(text)).filter((parsed) => parsed !== undefined).map(({ value }) => value as unknown);
    return [field, fc.oneof(fc.constant(DEFAULT_CONFIG[field as keyof Config] as unknown), fc.constantFrom<unknown>(DEFAULT_CONFIG[field as keyof Config], ...valid))];
  })))
  // The host of syslog is an address, because nginx looks a name up when it tests its configuration.
  .chain((values) => fc.record({ named: fc.constantFrom(NOTHING_NAMED, NAMED), key: fc.constantFrom(undefined, ...TICKET_KEYS) })
    .map(({ named, key }) => ({ ...DEFAULT_CONFIG, ...(values as unknown as Config), named, sslSessionTicketKey: key, workerProcesses: 2, syslogHost: "127.0.0.1" })))
  // The type accepts any text for modsecurity-snippet, because a trial by nginx comes before its use. Here it gets valid rules.
  .map((values) => ({ ...values, modsecuritySnippet: values.modsecuritySnippet && RULES }));

const RULES = operatorRules("Include /etc/nginx/modsecurity/modsecurity.conf\nSecRule ARGS:a \"@rx ^b$\" \"id:7,phase:2,deny,msg:'no'\"");

/** Names an authority of upstreams; its file is written before the test. */
const TRUST = "0".repeat(64);

const tls: fc.Arbitrary<UpstreamTls> = fc.record({
  verify: fc.boolean(),
  verifyDepth: fc.constantFrom(1, 100),
  ciphers: fc.constantFrom("DEFAULT", "HIGH:!aNULL"),
  protocols: fc.subarray([...TLS_VERSIONS], { minLength: 1 }),
  serverName: fc.boolean(),
  trust: fc.constant(TRUST),
});

const profile: fc.Arbitrary<Profile> = fc
  .record({
    bodySize: fc.constantFrom(0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER),
    buffering: fc.boolean(),
    requestBuffering: fc.boolean(),
    bufferSize: fc.constantFrom(256, 257, 4095, 4096, 65_536, 16 * 1024 ** 2),
    buffersNumber: fc.constantFrom(3, 4, 5, 1024),
    nextUpstream: fc.oneof(fc.constant(["off" as const]), fc.subarray(NEXT_UPSTREAM.filter((one) => one !== "off"), { minLength: 1 })),
    nextUpstreamTimeout: fc.constantFrom(0, 1, 2_147_483),
    nextUpstreamTries: fc.constantFrom(0, 1, 1000),
    httpVersion: fc.constantFrom("1.0" as const, "1.1" as const),
    busyBuffersSize: fc.constantFrom(0, 256, 8192, 2 ** 30),
    maxTempFileSize: fc.constantFrom(0, 1, 4096, Number.MAX_SAFE_INTEGER),
    clientBodyBufferSize: fc.constantFrom(0, 1, 2 ** 30),
    protocol: fc.constantFrom(...PROTOCOLS),
    tls: fc.option(tls, { nil: undefined }),
    mirror: fc.constantFrom("off" as const, "whole" as const, "bodiless" as const, 1, 3),
    fastcgiParams: fc.constantFrom<readonly string[]>([], ["SCRIPT_FILENAME"], ["HTTP_X_REAL_IP", "QUERY_STRING", "a-b"]),
    modsecurity: fc.constantFrom("off" as const, "on" as const, "crs" as const),
    transactionId: fc.boolean(),
    filtered: fc.boolean(),
  })
  .map(({ filtered, tls: identity, ...values }) =>
    profileOf({ ...proxy.defaults(DEFAULT_CONFIG), ...values, ...(identity ? { tls: identity } : {}) }, filtered ? { edge: {} } : {}, DEFAULT_CONFIG));

test("nginx takes every configuration that valid values can lead to", { timeout: 240_000 }, async () => {
  console.log(`SEED=${SEED}`);
  const [http, https] = await freePorts(2);
  const { facts } = probe(folder);
  const settings = parseSettings(["--bind-address=127.0.0.1", `--http-port=${http}`, `--https-port=${https}`, `--runtime-dir=${folder}`], "run");
  await fc.assert(
    fc.asyncProperty(config, fc.array(profile, { maxLength: 8 }), async (given, profiles) => {
      const { text, digest } = nginxConf({ settings, config: given, facts, profiles: new Map(profiles.map((one) => [profileId(one), one])) });
      assert.ok(readConf(text).some(({ words }) => words[0] === "http"));
      assert.ok(text.includes(digest));
      writeConfFiles(folder, rulesFiles([defaultProfile(given), ...profiles], given, facts));
      assert.equal(await complaint(folder, text), undefined);
    }),
    { seed: SEED, numRuns: runs(200), interruptAfterTimeLimit: 150_000 },
  );
});
