/** modsecurity-snippet: what is read, what is left out, and that only what the list allows gets through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseRules } from "../../src/model/snippets/rules.ts";
import type { RuleLine } from "../../src/model/shapes/snippet.ts";

function rules(text: string): readonly RuleLine[] {
  const parsed = parseRules(text);
  assert.ok("rules" in parsed, JSON.stringify(parsed));
  return parsed.rules;
}
const refused = (text: string): string => {
  const parsed = parseRules(text);
  return "forbidden" in parsed ? `${parsed.forbidden.name} ${parsed.forbidden.why}` : "problem" in parsed ? parsed.problem : `taken: ${JSON.stringify(parsed.rules)}`;
};

test("one directive a line: comments go, continued lines are joined, quotes stay", () => {
  assert.deepEqual(rules('# a\n\nSecRuleEngine On\r\n  SecRule ARGS:a|!ARGS:b "@rx ^\\d+$" \\\n    "id:1,\\\n     phase:2,deny,msg:\'a, b\'"\n'), [
    "SecRuleEngine On",
    'SecRule ARGS:a|!ARGS:b "@rx ^\\d+$" "id:1,phase:2,deny,msg:\'a, b\'"',
  ]);
  assert.deepEqual(rules("Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf\ninclude /etc/nginx/modsecurity/modsecurity.conf"), [{ include: "core" }, { include: "main" }]);
  assert.deepEqual(parseRules("SecAuditLog /dev/stdout\nSecAuditLogType Serial\nSecRuleEngine On\nsecdebuglog /x"), {
    rules: ["SecRuleEngine On"], leftOut: ["SecAuditLog", "SecAuditLogType", "secdebuglog"],
  });
});

test("quotes and backslashes are read as ingress-nginx's nginx reads them, which has the text in single quotes", () => {
  const plain = 'SecRule ARGS "@rx ^\\d\\\\$" "id:1,deny,msg:\'no, no\'"';
  assert.deepEqual(rules('SecRule ARGS \\"@rx ^\\d\\\\\\\\$\\" \\"id:1,deny,msg:\\\'no, no\\\'\\"'), [plain]);
  assert.deepEqual(rules(plain), [plain], "what could not stand in single quotes is taken as it is");
  assert.deepEqual(rules('SecAction "id:1,pass,setvar:tx.a=\\"'), ['SecAction "id:1,pass,setvar:tx.a="']);
});

test("files, programs, name servers and what is not known are refused", () => {
  const forbidden: Record<string, RegExp> = {
    "Include /etc/passwd": /^Include opens files/,
    "Include constructor": /^Include opens files/,
    "constructor x": /^constructor is none of/,
    "__proto__": /^__proto__ is none of/,
    "SecRemoteRules key https://evil.example/": /^SecRemoteRules runs programs/,
    "SecRuleScript /x.lua \"id:1\"": /^SecRuleScript runs programs/,
    "SecDataDir /x": /^SecDataDir opens files/,
    "SecTmpDir /x": /^SecTmpDir opens files/,
    "SecGeoLookupDb /x": /^SecGeoLookupDb opens files/,
    "SecUnknown x": /^SecUnknown is none of/,
    'SecRule ARGS "@pmFromFile /etc/shadow" "id:1"': /^@pmFromFile opens files/,
    'SecRule ARGS "!  @ipMatchF /etc/shadow" "id:1"': /^@ipMatchF opens files/,
    'SecRule ARGS "@inspectFile /x.lua" "id:1"': /^@inspectFile runs programs/,
    'SecRule ARGS "@rbl evil.example" "id:1"': /^@rbl keeps the worker waiting/,
    'SecRule ARGS "a @pmf /etc/shadow" "id:1"': /^@pmf opens files/,
    'SecRule ARGS a "id:1,EXEC:/bin/sh"': /^EXEC runs programs/,
    'SecRule ARGS a "id:1,setenv:A=b"': /^setenv is none of/,
    'SecAction "id:1,msg:\'a\',exec:/bin/sh,tag:\'b\'"': /^exec runs programs/,
    'SecRuleUpdateActionById 1 "exec:/bin/sh"': /^exec runs programs/,
    'SecDefaultAction "phase:2,exec:/bin/sh"': /^exec runs programs/,
  };
  for (const [text, says] of Object.entries(forbidden)) assert.match(refused(text), says, text);
});

test("quoting that another reader could understand differently is refused", () => {
  for (const text of [
    'SecRule ARGS "a" "id:1" Include /etc/passwd', 'SecRule ARGS "a\\" Include" "id:1"', 'SecRule ARGS "a"Include "id:1"', 'SecRule ARGS a"b "id:1"',
    "SecRule ARGS 'a Include /x' \"id:1\"", 'SecAction "id:1,msg:\'x\\\',tag:\',exec:/bin/sh,tag:\',\'"', 'SecAction "id:1,msg:\'x"', "SecMarker a\\ b", 'SecRule ARGS "a\n" "id:1"',
    "SecMarker 'a\\\"", "SecRuleEngine On \\", "SecRuleEngine On\0",
  ]) assert.doesNotMatch(refused(text), /^taken/, text);
});

test("whatever is taken is whole directives of the list, one a line", () => {
  const piece = fc.constantFrom("SecRule", "SecAction", "Include", "ARGS", '"', "'", "\\", "\n", " ", ",", "id:1", "@rx", "@pmf", "exec:", "msg:", "#", "!", "a");
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom("SecRule ARGS ", 'SecRule ARGS "', 'SecAction "'), fc.array(piece, { maxLength: 8 }), (start, pieces) => {
      const parsed = parseRules(start + pieces.join(""));
      if (!("rules" in parsed)) return;
      for (const line of parsed.rules) {
        taken++;
        assert.match(String(line), /^(?:SecRule|SecAction)(?: (?:"[^"\n]*[^"\n\\]"|""|[^\s"]*[^\s"\\]))+$/);
        assert.doesNotMatch(/^SecRule \S+ ("[^"]*"|\S+)/.exec(String(line))?.[1] ?? "", /@pmf\b/);
      }
    }),
    { numRuns: 30_000 },
  );
  assert.ok(taken > 20, `${taken} were taken`);
});
