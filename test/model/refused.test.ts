/** An Ingress that is refused: its other findings are told together with the refusal, so that people mend it in one go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/model/config/config.ts";
import { buildWith, expectRoutes } from "../support/build.ts";
import { ingress, service, slice, type IngressDraft } from "../support/objects.ts";

const web = [service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1")];
const shop = ingress("shop/web").host("shop.example").path("/", "web:80");

/** Code of a finding that refuses an Ingress as a whole → how to provoke it. */
const REFUSALS: Readonly<Record<string, { readonly refuse: (draft: IngressDraft) => IngressDraft; readonly config?: Partial<Config> }>> = {
  "snippet-refused": { refuse: (draft) => draft.annotate("configuration-snippet", "return 200;") },
  "annotation-above-risk": { refuse: (draft) => draft.annotate("rewrite-target", "/"), config: { annotationsRiskLevel: "Low" } },
  "annotation-blocked": { refuse: (draft) => draft.annotate("upstream-vhost", "evil.example"), config: { annotationValueWordBlocklist: ["evil"] } },
  "annotation-refused": { refuse: (draft) => draft.annotate("limit-rps", "many") },
  "text-dangerous": { refuse: (draft) => draft.path("/a;alias /etc;", "web:80", "ImplementationSpecific") },
};

const MISTAKES: Readonly<Record<string, (draft: IngressDraft) => IngressDraft>> = {
  "annotation-invalid": (draft) => draft.annotate("proxy-read-timeout", "soon"),
  "annotation-unknown": (draft) => draft.annotate("proxy-red-timeout", "1"),
  "annotation-closed": (draft) => draft.annotate("auth-method", "no method"),
  "canary-not-enabled": (draft) => draft.annotate("canary-weight", "10"),
  "host-invalid": (draft) => draft.host("no host"),
  "path-invalid": (draft) => draft.path("none", "web:80"),
  "backend-invalid": (draft) => draft.path("/b", "web:99999"),
};

for (const [code, { refuse, config = {} }] of Object.entries(REFUSALS)) {
  test(`${code} hides no other mistake, and nothing of the Ingress is served`, () => {
    for (const [mistake, make] of Object.entries(MISTAKES)) {
      const built = buildWith({ config, deepInspect: true }, make(refuse(shop)), ...web);
      const findings = built.findings();
      const effects = (one: string): (string | undefined)[] => findings.filter((finding) => finding.code === one).map(({ effect }) => effect);
      assert.deepEqual(effects(code), ["the whole Ingress is refused: none of its rules is served"], mistake);
      assert.deepEqual(effects(mistake), ["nothing more: the Ingress is refused for another reason"], mistake);
      expectRoutes(built);
    }
  });
}

test("what annotations name is not looked up where the operator allows no Ingress like it", () => {
  const refused = shop.annotate("configuration-snippet", "return 200;").annotate("auth-type", "basic").annotate("auth-secret", "users");
  assert.deepEqual(buildWith({}, refused, ...web).findings().map(({ code }) => code), ["snippet-refused"]);
});
