/** Parsers of single values: annotations, keys of the ConfigMap, flags, names, networks, patterns, templates. */
import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { addressBytes } from "../../edge/src/proxies.ts";
import { includes } from "../../edge/src/networks.ts";
import { patternWeight } from "../../edge/src/pattern-weight.ts";
import { escapeUri, rewritePath, unescapeUri } from "../../edge/src/rewrite-target.ts";
import { evaluate } from "../../edge/src/template.ts";
import { expand, headerValue, requestTarget } from "../../edge/src/upstream.ts";
import { isIn } from "../../src/explain/networks.ts";
import { capturesAlike, translatePattern } from "../../src/explain/pattern.ts";
import { readOldArguments } from "../../src/migrate/arguments.ts";
import { rewriteOf } from "../../src/model/annotations/features/rewrite.ts";
import { annotations, defaultValues } from "../../src/model/annotations/table.ts";
import { KEYS } from "../../src/model/config/keys.ts";
import { parseAuthUrl } from "../../src/model/grammar/external-auth-types.ts";
import { insteadOfHost, isSubdomain, normalHost } from "../../src/model/grammar/host-name.ts";
import { compileNetworks, isNetwork } from "../../src/model/grammar/networks.ts";
import { groupCount, whyNoExpression, whyNoPattern } from "../../src/model/grammar/path-pattern.ts";
import { parseTemplate, templateText } from "../../src/model/grammar/template.ts";
import { parseFlags } from "../../src/settings.ts";
import { FLAGS } from "../../src/settings/table.ts";
import { splitListenAddress } from "../../src/settings/values.ts";
import { parseResolvConf } from "../../src/source/names/resolv-conf.ts";
import { parseLabelSelector } from "../../src/support/label-selector.ts";
import { splitName } from "../../src/support/namespaced-name.ts";
import { cutTo } from "../../src/support/terminal.ts";
import { UserError } from "../../src/support/user-error.ts";
import { testConfig } from "../support/objects.ts";
import type { Parser } from "./parser.ts";

const VALUES = [
  "true", "off", "1", "-1", "30s", "1h30m", "500ms", "8m", "16k", "4 8k", "1.5", "error timeout http_502", "200 202 5m, 401 10s", "shop/web", "/app", "/start/$1", "https://elsewhere.example/x?a=b", "http://$host/check", "10.0.0.0/8, 192.0.2.1, 2001:db8::/32", "404,503", "X-A, X-B", "GET, POST",
  "https://*.example, http://a.example:80", "TLSv1.2 TLSv1.3", "HIGH:!aNULL", "~^x[0-9]$", "*.example.org", "/ /app", "CN=client", "$remote_addr-${http_a}", "buffer=16k flush=1m gzip=3", "\"$request\" $status", "Lax", "0.5",
];
const URLS = ["https://auth.example:8443/check?a=$b", "http://[::1]:80/", "http://$host/", "unix:/a.sock"];
const PATTERNS = ["/api/(v1|v2)/(.*)", "/a(/|$)(.*)", "^[a-c\\]]+[^-x]{1,3}$", "(?i)(?:ab|c)*?", "(?<n>a)\\k<n>", "\\Qa.b\\E[[:alpha:]]", "(?=a)b", "a{,2}(b){3}"];
const NETWORKS = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::ffff:192.0.2.0/120", "fe80::1%eth0", "1.2.3.4/0"];
const ADDRESSES = ["10.1.2.3", "192.0.2.1", "2001:db8::1", "::1", "255.255.255.255"];

const wrong = (read: () => unknown): void => {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof UserError, error as Error);
  }
};

/** Node's own opinion of whether an address is in a network. */
function nodeFinds(network: string, address: string): boolean {
  const [net = "", length] = network.split("/");
  const family = isIP(net) === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(net, Number(length ?? (family === "ipv4" ? 32 : 128)), family);
  return list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

const defaults = defaultValues(testConfig);

export const OF_VALUES: readonly Parser[] = [
  {
    names: ["annotation values"], seeds: VALUES,
    take: (text) => {
      for (const row of annotations) if (row.status === "honoured") row.show(row.read(defaults, text, testConfig).values);
    },
  },
  {
    names: ["values of ConfigMap keys"], seeds: VALUES,
    take: (text) => {
      for (const key of KEYS) if (key.field !== undefined) key.row.type.parse(text);
    },
  },
  {
    names: ["flag values", "parseFlags"], seeds: ["--http-port=80", "--publish-service=shop/web", "-o json", "--bind-address=127.0.0.1,::1", "--default-ssl-certificate=a/b", ...VALUES],
    take: (text) => {
      for (const { type } of Object.values(FLAGS)) type.parse(text);
      for (const words of [text.split(" "), [`--watch-namespace=${text}`], [`--${text}`]]) wrong(() => parseFlags(words, "run", {}));
    },
  },
  { names: ["readOldArguments"], seeds: ["/nginx-ingress-controller --election-id=x --publish-service=$(POD_NAMESPACE)/a --v=2", "--configmap=a/b --report-node-internal-ip-address"], take: (text) => void readOldArguments({ words: text.split(" "), image: text }) },
  { names: ["splitListenAddress"], seeds: [":8443", "127.0.0.1:8443", "[::1]:8443"], take: (text) => void splitListenAddress(text) },
  {
    names: ["parseAuthUrl"], seeds: URLS,
    take: (text) => {
      const url = parseAuthUrl(text);
      if (typeof url === "string") return;
      assert.ok(url.port >= 1 && url.port <= 65_535 && url.path.startsWith("/"));
      assert.doesNotMatch(`${url.host ?? ""}${url.path}`, /[\p{Cc} ]/u);
    },
  },
  {
    names: ["isSubdomain", "normalHost", "insteadOfHost"], seeds: ["shop.example", "*.shop.example", "Shop.Example.", "http://shop.example:80/a", "10.0.0.1", "xn--e1a.example"],
    take: (text) => {
      const host = normalHost(text);
      if (host !== undefined) assert.match(host, /^(?:\*\.)?[a-z0-9.-]{1,253}$/);
      const instead = insteadOfHost(text);
      if (instead !== undefined) assert.doesNotMatch(instead, /\p{Cc}/u);
      isSubdomain(text);
    },
  },
  {
    names: ["isNetwork", "compileNetworks", "addressBytes"], seeds: [...NETWORKS, ...ADDRESSES],
    take: (text) => {
      const bytes = addressBytes(text);
      if (bytes !== undefined) assert.ok(bytes.length === 4 || bytes.length === 16);
      if (isIP(text) !== 0 && !text.includes("%")) assert.ok(bytes !== undefined, "an address of Node's is one of ours");
      if (!isNetwork(text)) return;
      const networks = compileNetworks([text]);
      for (const address of ADDRESSES) {
        const mapped = /^::ffff:/i.test(text) || isIP(text.split("/")[0] ?? "") !== isIP(address);
        if (!mapped) assert.equal(isIn(networks, address), nodeFinds(text, address), `${address} in ${text}`);
        includes(networks, addressBytes(address) ?? "");
      }
    },
  },
  {
    names: ["whyNoExpression", "whyNoPattern", "groupCount", "patternWeight", "translatePattern", "capturesAlike"], seeds: PATTERNS, longest: 4096,
    take: (text) => {
      const why = whyNoExpression(text) ?? whyNoPattern(text);
      if (why !== undefined) assert.notEqual(why, "");
      const groups = groupCount(text);
      assert.ok(groups === undefined || groups >= 0);
      assert.ok(patternWeight(text) >= text.length);
      capturesAlike(text);
      translatePattern(text);
    },
  },
  {
    names: ["parseTemplate", "expand"], seeds: ["/$host/${http_a}-$1", "https://$best_http_host/oauth2/start?rd=$escaped_request_uri", "$", "${"],
    take: (text) => {
      const template = parseTemplate(text);
      assert.equal(template.texts.length, template.names.length + 1);
      assert.deepEqual(parseTemplate(templateText(template)), template);
      evaluate(template, (name) => name);
      assert.equal(expand(text, () => "").includes("$host"), false);
      assert.match(requestTarget(expand(text, () => "a\r\nb \0")), /^\/[\x21-\x7e]*$/);
      assert.doesNotMatch(headerValue(text), /(?![\x80-\x9f])\p{Cc}/u);
    },
  },
  {
    names: ["unescapeUri", "rewriteOf"], seeds: ["/a b%/$1", "/%41?x", "/start/$1/$host", "https://a.example/$2"],
    take: (text) => {
      const latin1 = Buffer.from(text, "utf8").toString("latin1");
      const escaped = escapeUri(latin1);
      assert.match(escaped, /^[\x21-\x7e]*$/);
      assert.equal(unescapeUri(escaped), latin1);
      const { rewrite } = rewriteOf({ useRegex: true, target: latin1 }, "/(.*)");
      if (rewrite === undefined) return;
      const asked = { variable: () => "a\r\nX: y", capture: () => ({ 0: "/x", 1: "..\r\n ?#", 2: latin1 }) };
      const uri = rewritePath(rewrite, "/x", "shop", asked);
      if (typeof uri === "string") assert.match(uri, /^\/[\x21-\x7e]*$/);
    },
  },
  { names: ["parseLabelSelector"], seeds: ["team=shop,tier!=test,env in (a,b),!legacy", "a/b notin ()"], take: (text) => void parseLabelSelector(text)?.matches({ team: "shop" }) },
  { names: ["parseResolvConf"], seeds: ["search a.example b.example\nnameserver 10.0.0.1\noptions ndots:5 timeout:1\n# c\n"], take: (text) => assert.ok(parseResolvConf(text).dots <= 15) },
  { names: ["splitName", "cutTo"], seeds: ["shop/web", "web"], take: (text) => (splitName(text), cutTo(text, 10)) },
];
