import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { expression, print, type Directive } from "../../src/compile/directive.ts";
import { adviceElsewhere } from "../../src/model/snippets/elsewhere.ts";
import { parseSnippet } from "../../src/model/snippets/parse.ts";
import type { Statement } from "../../src/model/shapes/snippet.ts";
import { translateStatements, translationText } from "../../src/model/snippets/translate.ts";

function statements(text: string): readonly Statement[] {
  const parsed = parseSnippet(text);
  assert.ok("statements" in parsed, JSON.stringify(parsed));
  return parsed.statements;
}
const problem = (text: string): string => {
  const parsed = parseSnippet(text);
  assert.ok("problem" in parsed, JSON.stringify(parsed));
  return parsed.problem;
};
const advice = (text: string): string => translationText(translateStatements(statements(text)));

test("words, quotes, escapes, comments and blocks are nginx's", () => {
  assert.deepEqual(statements(`
    # a comment with } and "quotes"
    set $a b#c;   add_header "X; {Y}" 'it''s' always;`.replace("''s", "\\'s")), [
    { name: "set", args: ["$a", "b#c"] },
    { name: "add_header", args: ["X; {Y}", "it's", "always"] },
  ]);
  assert.deepEqual(statements("if ($host ~ \"a\\.b{2}\") { return 301 https://x${request_uri}; }"), [
    { name: "if", args: ["($host", "~", "a\\.b{2}", ")"], children: [{ name: "return", args: ["301", "https://x${request_uri}"] }] },
  ]);
  assert.deepEqual(statements("set $x a}b;"), [{ name: "set", args: ["$x", "a}b"] }]);
  assert.deepEqual(statements(""), []);
});

test("text that is not whole statements is a problem that names its line", () => {
  assert.match(problem("set $a b;\n}\nset $c d;"), /line 2 has a "}" that closes nothing/);
  assert.match(problem("} location /x { return 200;"), /closes nothing/);
  assert.match(problem("if ($a) { return 403;"), /is not closed with "}"/);
  assert.match(problem("return 403"), /"return" in line 1 does not end with ";"/);
  assert.match(problem("add_header X \"y;"), /the quote in line 1 is not closed/);
  assert.match(problem("add_header X \"y\"z;"), /directly after a quoted text/);
  assert.match(problem(";"), /without a directive/);
  assert.match(problem("'a b' c;"), /is no directive/);
  assert.match(problem("set $a b\0;"), /NUL/);
  assert.match(problem("content_by_lua_block { ngx.say('}') }"), /Lua/);
  assert.match(problem("if (a) {".repeat(9)), /nested too deeply|not closed/);
  assert.match(problem("a ".repeat(40_000)), /longer/);
});

test("whatever was read is printed balanced, and reads back the same", () => {
  const piece = fc.constantFrom("{", "}", ";", "\"", "'", "\\", "#", "\n", " ", "$", "${", "a", "if", "set", "(", ")", "é", "\t");
  const directive = ({ name, args, children }: Statement): Directive => ({
    name,
    args: args.map(expression),
    ...(children ? { children: children.map(directive) } : {}),
  });
  let read = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const parsed = parseSnippet(pieces.join(""));
      if (!("statements" in parsed)) return;
      if (parsed.statements.length > 0) read++;
      const printed = print([{ name: "location", args: ["/"], children: parsed.statements.map(directive) }]);
      assert.deepEqual(parseSnippet(printed), { statements: [{ name: "location", args: ["/"], children: parsed.statements }] });
    }),
    { numRuns: 20_000 },
  );
  // About 65 of the 20,000 are.
  assert.ok(read > 20, `only ${read} snippets were read`);
});

test("the common ones have an annotation that does the same", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['more_set_headers "X-Frame-Options: DENY" "X-A: b";', /custom-headers, naming a ConfigMap with X-Frame-Options: "DENY".*X-A: "b"/],
    ["add_header X-Frame-Options DENY always;", /custom-headers/],
    ['add_header Access-Control-Allow-Origin "*";', /enable-cors: "true" with cors-allow-origin: "\*"/],
    ["client_max_body_size 20m;", /proxy-body-size: "20m"/],
    ["proxy_read_timeout 5m;", /proxy-read-timeout: "300"/],
    ["proxy_cookie_path / \"/; secure; HttpOnly\";", /proxy-cookie-path: "\/ \/; secure; HttpOnly"/],
    ["allow 10.0.0.0/8; allow 192.168.1.1; deny all;", /allowlist-source-range: "10\.0\.0\.0\/8,192\.168\.1\.1"/],
    ["deny 1.2.3.4; deny 1.2.3.5;", /denylist-source-range: "1\.2\.3\.4,1\.2\.3\.5"/],
    ["return 301 https://new.example/;", /permanent-redirect: "https:\/\/new\.example\/"$/],
    ["return 308 https://new.example/;", /permanent-redirect: .* with permanent-redirect-code: "308"/],
    ["return 302 https://new.example/;", /temporal-redirect: "https:\/\/new\.example\/"$/],
    ["return 307 https://new.example/;", /temporal-redirect-code: "307"/],
    ["if ($scheme = http) { return 301 https://$host$request_uri; }", /force-ssl-redirect: "true"/],
    ["rewrite ^/$ /app redirect;", /app-root: "\/app"/],
    ["rewrite ^/api/(.*)$ /$1 break;", /rewrite-target: "\/\$1" with use-regex: "true" and the path "\/api\/\(\.\*\)"/],
    ["proxy_set_header Host inner.example;", /upstream-vhost: "inner\.example"/],
    ["proxy_set_header X-Custom yes;", /ConfigMap key proxy-set-headers/],
    ["proxy_set_header Upgrade $http_upgrade;", /nothing: it is so anyway/],
    ["auth_basic off;", /nothing/],
    ["limit_rate 100k;", /limit-rate: "100"/],
    ["access_log off;", /enable-access-log: "false"/],
    ["if ($request_method = OPTIONS) { return 204; }", /enable-cors/],
    ["location /x { deny all; }", /a path "\/x" of its own in an Ingress with denylist-source-range/],
    ['location ~* "^/actuator" { return 403; }', /a path "\/actuator" of its own in an Ingress with denylist-source-range/],
    ["if ($request_uri ~* ^/old$) { return 301 https://new.example/; }", /a path "\/old" of its own in an Ingress with permanent-redirect: "https:\/\/new\.example\/"/],
    ["if ($http_x_forwarded_proto != 'https') { return 301 https://$host$request_uri; }", /force-ssl-redirect/],
    ["proxy_set_header l5d-dst-override $service_name;", /service-upstream: "true"/],
    ['more_set_headers "X-Id: $req_id";', /ConfigMap key add-headers/],
  ];
  for (const [text, wanted] of cases) assert.match(advice(text), wanted, text);
});

test("what has no annotation is named, and so is what stands under a condition", () => {
  assert.equal(advice("sub_filter a b; proxy_read_timeout 90;"), 'proxy_read_timeout 90 → proxy-read-timeout: "90"; no annotation does the same as sub_filter a b');
  assert.equal(
    advice('if ($http_x = 1) { add_header X-A b; }'),
    'if ($http_x = 1) {…} → an Ingress of its own with sluice.ingress/match; add_header X-A b (inside if) → custom-headers, naming a ConfigMap with X-A: "b"',
  );
  assert.equal(
    advice("if ($bad) { add_header X-A b; }"),
    'add_header X-A b (inside if) → custom-headers, naming a ConfigMap with X-A: "b"; no annotation does the same as if ($bad) {…}',
  );
  assert.match(advice("set $a b;".repeat(9)), /4 more$/);
});

test("snippets of places that Sluice does not have: why, and what does the same", () => {
  const auth = adviceElsewhere("auth-snippet", `
    proxy_set_header X-Tenant $http_x_tenant; proxy_set_header Host auth.example; proxy_method HEAD;
    if ($request_method = OPTIONS) { return 200; } if ($request_uri ~ "^/health") { return 200; } proxy_ssl_verify off;`);
  assert.match(auth ?? "", /^the authentication service is asked by Sluice itself, [^;]+; /);
  assert.match(auth ?? "", /proxy_set_header X-Tenant \$http_x_tenant → auth-proxy-set-headers, naming a ConfigMap with X-Tenant: "\$http_x_tenant"/);
  assert.match(auth ?? "", /proxy_method HEAD → auth-method: "HEAD"/);
  assert.match(auth ?? "", /if \(\$request_method = OPTIONS\) \{…\} → enable-cors/);
  assert.match(auth ?? "", /if \(\$request_uri [^→]+ → a path of its own in an Ingress without auth-url/);
  assert.match(auth ?? "", /no annotation does the same as proxy_set_header Host auth\.example, proxy_ssl_verify off$/);
  assert.match(adviceElsewhere("auth-snippet", "not nginx") ?? "", /; set headers of its request with auth-proxy-set-headers/);
  assert.match(adviceElsewhere("stream-snippet", "server { listen 0.0.0.0:8000; proxy_pass 127.0.0.1:80; } server { listen 53 udp; }") ?? "",
    /→ the entry "8000": "namespace\/service:port" in the ConfigMap of --tcp-services-configmap.*"53".*--udp-services-configmap/);
  assert.equal(adviceElsewhere("server-snippet", "deny all;"), undefined);
});
