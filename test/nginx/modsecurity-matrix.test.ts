/**
 * Which requests ModSecurity refuses, for every combination of the ConfigMap's keys and an Ingress's annotations about it:
 * attacks go through real nginx, and the outcome must be the one that ingress-nginx's template gives for the same settings.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask } from "../support/client.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { configMap, site } from "../support/manifests.ts";
import { NO_MODSECURITY } from "../support/modsecurity.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

interface Rules {
  readonly name: string;
  readonly text: string | undefined;
  readonly engine: "On" | undefined;
}

/** A rule that refuses the requests of a client with this name, as ingress-nginx's own tests quote it. */
const against = (agent: string, id: number): string =>
  `SecRequestBodyAccess On\nSecRule REQUEST_HEADERS:User-Agent \\"${agent}\\" \\"log,deny,id:${id},status:403,msg:\\'${agent} blocked\\'\\"`;
const rulesOf = (agent: string, id: number): readonly Rules[] => [
  { name: "none", text: undefined, engine: undefined },
  { name: "rules", text: against(agent, id), engine: undefined },
  { name: "enforced", text: `SecRuleEngine On\n${against(agent, id)}`, engine: "On" },
];
const [OWN, OPERATORS] = [rulesOf("tenants-foe", 107), rulesOf("operators-foe", 108)];

interface Annotated {
  readonly host: string;
  readonly switched: "on" | "off" | "as the ConfigMap says";
  readonly core: boolean;
  readonly own: Rules;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Configured {
  readonly on: boolean;
  readonly core: boolean;
  readonly operators: Rules;
}

const SWITCHES = ["on", "off", "as the ConfigMap says"] as const;
const ANNOTATED: readonly Annotated[] = SWITCHES.flatMap((switched, s) => [false, true].flatMap((core) => OWN.map((own, o): Annotated => ({
  host: `${["on", "off", "inherits"][s]}-${core ? "core" : "bare"}-${own.name}.example`, switched, core, own,
  annotations: {
    ...(switched === "as the ConfigMap says" ? {} : { "enable-modsecurity": String(switched === "on") }),
    ...(core ? { "enable-owasp-core-rules": "true" } : {}),
    ...(own.text === undefined ? {} : { "modsecurity-snippet": own.text }),
    // Every second Ingress names its transactions: the name must not change the outcome.
    ...((s + o + Number(core)) % 2 === 0 ? { "modsecurity-transaction-id": "tx-$host" } : {}),
  },
}))));
const CONFIGURED: readonly Configured[] = [true, false].flatMap((on) => [true, false].flatMap((core) => OPERATORS.map((operators) => ({ on, core, operators }))));

/** Blocks of rules in the order in which ModSecurity takes them. Where several blocks make the same setting, the first one counts. */
function blocksOf(annotated: Annotated, configured: Configured): readonly string[] {
  const { switched, core, own } = annotated;
  if (switched === "off" || (switched !== "on" && !configured.on)) return [];
  const coreForAll = configured.on && configured.core;
  return [
    ...(own.text === undefined ? [] : ["own"]),
    // Differs from ingress-nginx on purpose: there, core rules that the ConfigMap asks for but that are not in force replace the Ingress's.
    ...(core && !coreForAll ? ["core"] : []),
    ...(!configured.on && own.text === undefined ? ["main"] : []),
    ...(configured.on ? [configured.operators.text === undefined ? "main" : "operators"] : []),
    ...(coreForAll ? ["core"] : []),
  ];
}

type Attack = "own" | "operators" | "core";
const ATTACKS: Readonly<Record<Attack, { readonly path?: string; readonly headers?: Readonly<Record<string, string>> }>> = {
  own: { headers: { "user-agent": "tenants-foe" } },
  operators: { headers: { "user-agent": "operators-foe" } },
  core: { path: "/?id=1%27%20or%20%271%27=%271" },
};

function isRefused(attack: Attack, annotated: Annotated, configured: Configured): boolean {
  const blocks = blocksOf(annotated, configured);
  const engines = blocks.flatMap((block) => (block === "main" ? ["DetectionOnly"] : block === "own" ? (annotated.own.engine ?? []) : block === "operators" ? (configured.operators.engine ?? []) : []));
  return blocks.includes(attack) && engines[0] === "On";
}

const ALLOWED = { "allow-snippet-annotations": "true", "annotations-risk-level": "Critical", "worker-processes": "1" };
const settingsOf = ({ on, core, operators }: Configured): Record<string, string> => ({
  ...ALLOWED,
  "enable-modsecurity": String(on),
  "enable-owasp-modsecurity-crs": String(core),
  ...(operators.text === undefined ? {} : { "modsecurity-snippet": operators.text }),
});

let web: EchoBackend;
let sluice: Sluice;

describe("every combination of what turns ModSecurity on", { skip: NO_MODSECURITY }, () => {
  before(async () => {
    web = await startEcho("web");
    const sites = ANNOTATED.map(({ host, annotations }) => [`${host}.yaml`, site({ name: host.split(".")[0] ?? "", host, endpoints: [`127.0.0.1:${web.port}`], annotations })] as const);
    sluice = await startSluice({
      args: ["--configmap=sluice/sluice", "--reload-interval=0"],
      files: { "settings.yaml": configMap(ALLOWED), ...Object.fromEntries(sites) },
    });
  });
  after(async () => {
    await sluice?.stop();
    await web?.close();
  });

  for (const configured of CONFIGURED) {
    test(`the ConfigMap: ${configured.on ? "on" : "off"}, ${configured.core ? "with" : "without"} core rules, the operator's own: ${configured.operators.name}`, async () => {
      await sluice.apply({ "settings.yaml": configMap(settingsOf(configured)) });
      const wrong: string[] = [];
      let refused = 0;
      for (const annotated of ANNOTATED) {
        const statusOf = async (request: (typeof ATTACKS)[Attack]): Promise<number> => (await ask({ port: sluice.http, host: annotated.host, ...request })).status;
        const usual = await statusOf({ headers: { "user-agent": "friend" } });
        if (usual !== 200) wrong.push(`${annotated.host}: a friend got ${usual}`);
        for (const attack of Object.keys(ATTACKS) as Attack[]) {
          const expected = isRefused(attack, annotated, configured) ? 403 : 200;
          if (expected === 403) refused++;
          const status = await statusOf(ATTACKS[attack]);
          if (status !== expected) wrong.push(`${annotated.host}, ${attack}: ${status} instead of ${expected}`);
        }
      }
      assert.deepEqual(wrong, []);
      assert.ok(refused > 0, "nothing was to be refused, so nothing was tested");
    });
  }
});
