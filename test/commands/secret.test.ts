/** `sluice secret`: manifests that are right, mistakes that are told, and nothing secret anywhere but in the manifest. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { isAffordable } from "../../edge/src/password-cost.ts";
import { manifestsSource } from "../../src/source/manifests.ts";
import { authority, issued } from "../support/authority.ts";
import { runCommand, type Ended } from "../support/command.ts";
import { selfSigned, type KeyPair } from "../support/openssl.ts";
import { ROOT } from "../support/sluice.ts";

interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-secret-"));
});
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function decoded({ data }: Manifest, key: string): string {
  return Buffer.from(data[key] ?? "", "base64").toString("utf8");
}

const secret = (...args: readonly string[]): Promise<Ended> => runCommand(["secret", ...args]);

describe("tls", () => {
  const tls = ({ chain, key }: KeyPair, ...more: readonly string[]): Promise<Ended> => secret("tls", "shop-tls", `--cert=${file("tls.pem", chain)}`, `--key=${file("key.pem", key)}`, ...more);

  test("a certificate and its key, as YAML that Sluice reads, and as JSON", async () => {
    const pair = selfSigned(["shop.example", "*.shop.example"]);
    const { code, stdout, stderr } = await tls(pair, "-n", "shop");
    const end = new Date(Date.now() + 365 * 24 * 3600 * 1000).toISOString().slice(0, 10);
    assert.deepEqual([code, stderr], [0, `sluice: The certificate is for DNS:shop.example, DNS:*.shop.example and ends on ${end}.\n`]);
    const manifest = parse(stdout) as Manifest;
    assert.deepEqual(manifest, {
      apiVersion: "v1", kind: "Secret", metadata: { name: "shop-tls", namespace: "shop" }, type: "kubernetes.io/tls",
      data: { "tls.crt": Buffer.from(pair.chain).toString("base64"), "tls.key": Buffer.from(pair.key).toString("base64") },
    });
    assert.deepEqual(JSON.parse((await tls(pair, "-n", "shop", "-ojson")).stdout), manifest);
    const manifests = mkdtempSync(join(folder, "manifests-"));
    writeFileSync(join(manifests, "secret.yaml"), stdout);
    const source = manifestsSource({ folders: [manifests], log: () => {} });
    const ending = new AbortController();
    await source.start(() => {}, ending.signal);
    assert.equal(source.snapshot.get("Secret", "shop", "shop-tls")?.data["tls.key"]?.reveal().toString(), pair.key);
    ending.abort();
  });

  test("without a namespace the manifest names none; a key among the certificates does not get into tls.crt", async () => {
    const pair = selfSigned(["shop.example"]);
    const { stdout } = await tls({ chain: `${pair.key}${pair.chain}`, key: pair.key });
    const manifest = parse(stdout) as Manifest;
    assert.deepEqual(manifest.metadata, { name: "shop-tls" });
    assert.equal(decoded(manifest, "tls.crt"), pair.chain);
  });

  test("an expired certificate, one without its issuer, and one in the wrong order are told in a sentence", async () => {
    const [root, other] = [authority("root"), authority("other")];
    const leaf = issued(root, "/CN=shop.example");
    const lonely = await tls(leaf);
    assert.equal(lonely.code, 0);
    assert.match(lonely.stderr, /\nsluice: Warning: "[^"]*tls\.pem" lacks the certificate of CN=root, which signed this one, .*: append it, unless it is a root that they know\.\n$/);
    assert.doesNotMatch((await tls({ ...leaf, chain: leaf.chain + root.chain })).stderr, /Warning/);
    assert.match((await tls({ ...leaf, chain: leaf.chain + other.chain })).stderr, /Warning: certificate 1 of the 2 in .* is not signed by the one behind it: put the one of CN=root there\.\n$/);
    const old = join(folder, "old");
    execFileSync("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${old}.key`, "-out", `${old}.csr`, "-subj", "/CN=old.example"], { stdio: "pipe" });
    execFileSync("openssl", ["x509", "-req", "-in", `${old}.csr`, "-signkey", `${old}.key`, "-days", "0", "-out", `${old}.pem`], { stdio: "pipe" });
    // It ends in the second in which it begins.
    await sleep(1100);
    const expired = await tls({ chain: readFileSync(`${old}.pem`, "utf8"), key: readFileSync(`${old}.key`, "utf8") });
    assert.equal(expired.code, 0);
    assert.match(expired.stderr, /Warning: the certificate has expired on \d{4}-\d\d-\d\d, and clients refuse it: have it renewed\./);
    assert.match(expired.stderr, /names in the common name alone/);
  });

  test("what cannot be served is refused in a sentence, and no key is shown", async () => {
    const [pair, other] = [selfSigned(["shop.example"]), selfSigned(["other.example"])];
    const encrypted = execFileSync("openssl", ["pkey", "-aes256", "-passout", "pass:x"], { input: pair.key, encoding: "utf8" });
    for (const [given, sentence] of [
      [{ chain: pair.chain, key: other.key }, /^sluice: "[^"]*key\.pem" does not belong to the certificate in "[^"]*tls\.pem": name two PEM files that belong together\.\n$/],
      [{ chain: other.chain + pair.chain, key: pair.key }, /^sluice: "[^"]*key\.pem" belongs to certificate 2 of the 2 in "[^"]*tls\.pem": put that one first/],
      [{ chain: "nothing", key: pair.key }, /^sluice: "[^"]*tls\.pem" holds no PEM certificate: /],
      [{ chain: pair.chain.replace(/\n.{8}/, "\nAAAAAAAA"), key: pair.key }, /^sluice: The first certificate in "[^"]*tls\.pem" does not parse: /],
      [{ chain: pair.chain, key: "nothing" }, /^sluice: "[^"]*key\.pem" is not an unencrypted PEM private key: /],
      [{ chain: pair.chain, key: encrypted }, /^sluice: The key in "[^"]*key\.pem" is encrypted, .*: decrypt it with openssl pkey -in \S*key\.pem -out \S*key\.pem\.decrypted, and give that file\.\n$/],
    ] as const) {
      const { code, stdout, stderr } = await tls(given);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, sentence);
      for (const line of given.key.split("\n").filter((one) => one.length > 20)) assert.ok(!stderr.includes(line));
    }
  });
});

describe("htpasswd", () => {
  const HASHES = ["$apr1$Zx9.k/2Q$abcdefghijklmnopqrstuv", `$2y$10$${"a".repeat(53)}`, `$6$salt$${"a".repeat(86)}`];

  test("a file, or standard input, goes into the key auth as it is", async () => {
    const text = HASHES.map((hash, index) => `user${index}:${hash}\n`).join("");
    const { code, stdout, stderr } = await secret("htpasswd", "users", file("users", text));
    assert.deepEqual([code, stderr], [0, "sluice: 3 users, for the annotations auth-type: basic and auth-secret.\n"]);
    const manifest = parse(stdout) as Manifest;
    assert.deepEqual([manifest.type, decoded(manifest, "auth")], ["Opaque", text]);
    assert.equal((await runCommand(["secret", "htpasswd", "users", "-"], {}, undefined, text)).stdout, stdout);
  });

  test("lines that could not be verified are refused by their number alone", async () => {
    for (const [text, sentence] of [
      ["ann:hidden\n", /In "[^"]*users" line 1 has no hash of a form that htpasswd makes/],
      [`ann:${HASHES[0]}\nhidden\n`, /line 2 is not a name, a colon and a hash/],
      [`ann:${HASHES[0]}\nann:${HASHES[1]}\n`, /line 2 repeats a name/],
      [`ann:$2y$15$${"a".repeat(53)}\n`, /line 1 has a hash that takes too long to verify/],
      ["# nobody\n", /There is no user in "/],
    ] as const) {
      const { code, stdout, stderr } = await secret("htpasswd", "users", file("users", text));
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /hidden|\$2y/);
    }
    const plain = await secret("htpasswd", "users", file("users", "ann:{PLAIN}hidden\nbob:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
    assert.equal(plain.code, 0);
    assert.match(plain.stderr, /Warning: 1 of the passwords can be read .*\n.*Warning: 1 of the hashes are unsalted/);
    assert.doesNotMatch(plain.stderr, /hidden/);
  });

  test("users get hashes of the passwords on standard input, each with a salt of its own, cheap enough for workers", async () => {
    const { code, stdout, stderr } = await runCommand(["secret", "htpasswd", "users", "--user=ann", "--user", "jo é"], {}, undefined, "pässwörd one\r\nsame\n");
    assert.equal(code, 0, stderr);
    const lines = decoded(parse(stdout) as Manifest, "auth").split("\n");
    assert.equal(lines.length, 3);
    for (const [index, password] of ["pässwörd one", "same"].entries()) {
      const [name, hash = ""] = (lines[index] ?? "").split(":");
      const [, salt = ""] = /^\$6\$rounds=100000\$([./0-9A-Za-z]{16})\$[./0-9A-Za-z]{86}$/.exec(hash) ?? [];
      assert.notEqual(salt, "", hash);
      assert.equal(name, ["ann", "jo é"][index]);
      assert.ok(isAffordable(hash));
      const perl = execFileSync("perl", ["-e", "chomp(my $p = <STDIN>); print crypt($p, $ARGV[0])", hash], { input: `${password}\n`, encoding: "utf8" });
      assert.equal(perl, hash, "libcrypt, which workers ask, makes the same");
    }
    assert.doesNotMatch(stderr + stdout, /same|pässwörd/);
  });

  test("passwords that are missing, empty, too long or hold a NUL, and names that are none", async () => {
    for (const [args, input, code, sentence] of [
      [["--user=ann", "--user=bob"], "one\n", 1, /Passwords on standard input: 1, users: 2: write a line/],
      [["--user=ann"], "one\ntwo\n", 1, /Passwords on standard input: 2, users: 1: write a line/],
      [["--user=ann"], "\n", 1, /The password of ann is empty/],
      [["--user=ann"], `${"x".repeat(513)}\n`, 1, /has 513 bytes, and 512 are verified at most/],
      [["--user=ann"], "a\0b\n", 1, /NUL character/],
      [["--user=ann:hidden"], "", 2, /^sluice: --user takes a name, in which there is no colon/],
      [["--user=#ann"], "", 2, /does not begin with #/],
      [["--user="], "", 2, /--user must be a name/],
      [["--user=ann", "--user=ann"], "", 2, /given twice/],
      [["--user=ann", "file"], "", 2, /give one of the two/],
      [["file", "hidden"], "", 2, /a word too many behind the file/],
      [["--cert=a"], "", 2, /for sluice secret tls/],
      [[], "", 2, /Which users\?/],
    ] as const) {
      const ended = await runCommand(["secret", "htpasswd", "users", ...args], {}, undefined, input);
      assert.deepEqual([ended.code, ended.stdout], [code, ""], ended.stderr);
      assert.match(ended.stderr, sentence);
      assert.doesNotMatch(ended.stderr, /hidden/);
    }
  });

  test("a terminal is asked, and shows nothing", { skip: spawnSync("script", ["--version"]).status === 0 ? false : "NOT TESTED: there is no script(1)", timeout: 30_000 }, async () => {
    const typed = async (first: string, second: string): Promise<{ shown: string; manifest: string; code: number | null }> => {
      const out = join(folder, "typed.yaml");
      const line = `'${process.execPath}' '${join(ROOT, "src/main.ts")}' secret htpasswd users --user=ann > '${out}'`;
      const child = spawn("script", ["-qec", line, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, SHELL: "/bin/sh" } });
      let shown = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        if (text.includes("Password of ann: ")) child.stdin.write(`${first}\r`);
        if (text.includes("The same again: ")) child.stdin.write(`${second}\r`);
        shown += text;
      });
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return { shown, manifest: readFileSync(out, "utf8"), code };
    };
    const right = await typed("hidden", "hidden");
    assert.equal(right.code, 0, right.shown);
    assert.match(decoded(parse(right.manifest) as Manifest, "auth"), /^ann:\$6\$rounds=100000\$/);
    assert.doesNotMatch(right.shown, /hidden/);
    const wrong = await typed("hidden", "hidden2");
    assert.deepEqual([wrong.code, wrong.manifest], [1, ""]);
    assert.match(wrong.shown, /The two passwords of ann differ, and nothing is made/);
    const stopped = await typed("hid\u0003", "");
    assert.deepEqual([stopped.code, stopped.manifest], [130, ""], stopped.shown);
  });
});

test("slips of the command line are a sentence and exit code 2", async () => {
  for (const [args, sentence] of [
    [[], /^sluice: What kind of Secret\? Write "sluice secret tls NAME" or "sluice secret htpasswd NAME"\.\n$/],
    [["opaque", "x"], /^sluice: Which Secret is "opaque"\?/],
    [["tls"], /What is the Secret's name\?/],
    [["tls", "Shop"], /The name must be the name of a Secret: small letters/],
    [["tls", "shop"], /Which certificate\? Name two PEM files/],
    [["tls", "shop", "--cert=a", "--key=b", "c"], /"c" is one word too many/],
    [["tls", "shop", "--cert=/nowhere", "--key=b"], /There is no file "\/nowhere"/],
    [["tls", "shop", "--cert=/", "--key=b"], /The file "\/" cannot be read \(EISDIR\)/],
    [["tls", "shop", "--user=ann"], /--user is for sluice secret htpasswd/],
    [["tls", "shop", "-o", "xml"], /--output must be one of yaml, json/],
  ] as const) {
    const { code, stdout, stderr } = await secret(...args);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, sentence);
  }
});
