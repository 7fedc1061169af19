import assert from "node:assert/strict";
import { test } from "node:test";
import { directive, print } from "../../src/compile/directive.ts";
import { snippetDirectives } from "../../src/compile/snippet.ts";
import { findForbidden } from "../../src/model/snippets/forbidden.ts";
import { parseSnippet } from "../../src/model/snippets/parse.ts";
import type { Statement } from "../../src/model/shapes/snippet.ts";
import { snippetOf } from "../../src/model/snippets/snippet.ts";
import { testConfig } from "../support/objects.ts";

function statements(text: string): readonly Statement[] {
  const parsed = parseSnippet(text);
  assert.ok("statements" in parsed);
  return parsed.statements;
}
const printed = (text: string, ...others: Parameters<typeof directive>[]): string =>
  print(snippetDirectives(snippetOf(statements(text)), testConfig, others.map((one) => directive(...one))));
const count = (text: string, pattern: RegExp): number => [...text.matchAll(new RegExp(pattern, "gm"))].length;

test("the snippet runs with the client's URI, and the location stays found", () => {
  assert.equal(printed("set $a b;"), "rewrite ^ $sluice_path;\nabsolute_redirect on;\nset $a b;\nbreak;\n");
  assert.match(printed("rewrite ^/a /b last;"), /rewrite \^\/a \/b break;/);
});

test("a list that the snippet begins is completed with what every location has", () => {
  const headers = printed("proxy_set_header host inner.example;");
  assert.equal(count(headers, /^proxy_set_header /), count(printed("proxy_set_header X-A b;"), /^proxy_set_header /) - 1);
  assert.match(headers, /^proxy_set_header X-Real-IP \$remote_addr;$/m);
  assert.doesNotMatch(headers, /own_http_host.*\n.*inner/);
  assert.match(printed("add_header X-A b;"), /add_header Strict-Transport-Security \$hsts always;/);
  assert.doesNotMatch(printed("add_header Strict-Transport-Security no;"), /\$hsts/);
  assert.match(printed("if ($a) { add_header X-A b; }"), /if \(\$a\) \{\n\s+add_header Strict-Transport-Security \$hsts always;\n\s+add_header X-A b;/);
  assert.doesNotMatch(printed("set $a b;"), /proxy_set_header|add_header/);
  assert.doesNotMatch(printed("proxy_set_header X-A b;", ["proxy_set_header", "Host", "mine"]), /X-Real-IP/);
});

test("what headers-more is used for most works without it; its options are nginx's to refuse", () => {
  const set = printed('more_set_headers "X-A: b: $host" "X-None:";');
  assert.match(set, /proxy_hide_header X-A;\nadd_header X-A "b: \$host" always;\nproxy_hide_header X-None;/);
  assert.match(printed("more_clear_headers Server X-B;"), /proxy_hide_header Server;\nproxy_hide_header X-B;/);
  assert.match(printed('more_set_input_headers "X-C: d";'), /proxy_set_header X-C d;/);
  assert.match(printed('more_set_headers -s 404 "X-A: b";'), /more_set_headers -s 404 "X-A: b";/);
});

test("code, files, other backends and Sluice's own variables are forbidden, in blocks too", () => {
  const forbidden = [
    'content_by_lua "x";', 'rewrite_by_lua_file /x;', "lua_need_request_body on;", "js_content a;", "include /etc/passwd;", "root /;", "alias /etc/;",
    "proxy_pass http://unix:/run/control.sock;", "grpc_pass a;", "access_log /etc/x;", "error_log /etc/x;", "proxy_ssl_certificate_key /x;",
    "auth_basic_user_file /x;", "if (-f /etc/shadow) { return 200; }", "if ($a) { root /; }", "set $sluice_uri /x;", "location /x { return 200; }",
    'if ($uri ~ "^(?<sluice_path>.*)$") { return 200; }', "client_body_in_file_only on;", "proxy_ssl_conf_command PrivateKey /x;", "set $SLUICE_uri /x;", "set $http_x_canary always;", "auth_request_set $cookie_a b;", "rewrite ^/(?P<arg_a>.*)$ /$arg_a break;", "if ($uri ~ (?'Upstream_Http_x'.)) { break; }", "resolver ns.example;", "resolver 10.0.0.1 ns.example valid=30s;", "set_real_ip_from proxy.example;", 'modsecurity_rules "SecAuditLog /x";', "modsecurity_rules_file /etc/shadow;",
    "flv;", "mp4;",
  ];
  for (const text of forbidden) assert.ok(findForbidden(statements(text)), text);
  for (const text of ["access_log off;", "return 200 ok;", "set $a b;", "set $a $http_b;", 'if ($uri ~ "^/(?<a>[^<]+)(?<=b)(?<!c)") { return 200; }', "if ($a = -f) { return 403; }", "auth_request /x;", "deny all;", "resolver 10.0.0.1 [2001:db8::1]:53 valid=30s ipv6=off;", "set_real_ip_from 10.0.0.0/8;", "set_real_ip_from 2001:db8::/32;"]) {
    assert.equal(findForbidden(statements(text)), undefined, text);
  }
});
