/** What `sluice secret` prints, served by real nginx: users and a certificate. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { ask } from "../support/client.ts";
import { runCommand } from "../support/command.ts";
import { startEcho, type EchoBackend } from "../support/echo.ts";
import { site } from "../support/manifests.ts";
import { selfSigned } from "../support/openssl.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

let folder: string;
let sluice: Sluice;
let echo: EchoBackend;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-secret-served-"));
  echo = await startEcho("web");
  const pair = selfSigned(["shop.example"]);
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(cert, pair.chain);
  writeFileSync(key, pair.key);
  const users = await runCommand(["secret", "htpasswd", "users", "--user=ann", "--user=bob", "-n", "shop"], {}, undefined, "pässwörd\nof bob\n");
  const tls = await runCommand(["secret", "tls", "shop-tls", `--cert=${cert}`, `--key=${key}`, "-n", "shop", "-o", "json"]);
  const web = site({ name: "web", host: "shop.example", endpoints: [`127.0.0.1:${echo.port}`], annotations: { "auth-type": "basic", "auth-secret": "users", "ssl-redirect": "false" } });
  sluice = await startSluice({
    files: { "web.yaml": web.replace('"rules":', '"tls":[{"hosts":["shop.example"],"secretName":"shop-tls"}],"rules":'), "users.yaml": users.stdout, "tls.json": tls.stdout },
  });
});
after(async () => {
  await sluice?.stop();
  await echo?.close();
  rmSync(folder, { recursive: true });
});

test("users that it made may pass, with their passwords alone", async () => {
  const status = async (user: string, password: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return (await ask({ port: sluice.http, host: "shop.example", headers: { authorization } })).status;
  };
  assert.deepEqual([await status("ann", "pässwörd"), await status("bob", "of bob"), await status("ann", "of bob"), await status("eve", "x")], [200, 200, 401, 401]);
});

test("the certificate is served", async () => {
  const names = await new Promise<string | undefined>((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: sluice.https, servername: "shop.example", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subjectaltname);
      socket.destroy();
    });
    socket.once("error", reject);
  });
  assert.equal(names, "DNS:shop.example");
});
