/** Uploads and downloads that take seconds, so that many are under way whenever something is killed. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BUFFERED } from "../excuses.ts";
import { again, askNoted, echoOf, echoes, type Check, type Traffic } from "./client.ts";

const PIECES = 12;
const PIECE_BYTES = 16 * 1024;
const PIECE_MS = 250;

/** Bodies that nginx hands on as they come; or, `buffered`, keeps in a file until they are whole. */
export function slowUploads(traffic: Traffic, buffered: boolean): Promise<void> {
  const { site, random } = traffic;
  const host = buffered ? site.bufferedUploadHost : site.uploadHost;
  const kind = buffered ? BUFFERED : "slow upload, streamed";
  return again(traffic, 300, async () => {
    const path = `/upload/${random.below(1_000_000)}`;
    const piece = Buffer.alloc(PIECE_BYTES, `${path};`);
    const whole = createHash("sha256");
    for (let i = 0; i < PIECES; i++) whole.update(piece);
    const digest = whole.digest("hex");
    const echo = echoes(host, path, site.appBackends);
    const check: Check = (answer) => echo(answer) ?? (echoOf(answer)?.bodySha256 === digest ? undefined : "the backend got another body");
    await askNoted(traffic, kind, {
      port: traffic.http, host, path, method: "POST", headers: { "content-length": String(PIECES * PIECE_BYTES) },
      write: async (request) => {
        for (let i = 0; i < PIECES && !request.destroyed; i++) {
          request.write(piece);
          await sleep(PIECE_MS);
        }
      },
    }, check);
  });
}

export function slowDownloads(traffic: Traffic): Promise<void> {
  const { site, random } = traffic;
  return again(traffic, 300, async () => {
    const path = `/download/${random.below(1_000_000)}`;
    const check: Check = ({ status, body }) => {
      if (status !== 200) return `status ${status}`;
      return body.equals(site.download(path)) ? undefined : `${body.length} bytes that are not what the backend sent`;
    };
    await askNoted(traffic, "slow download", { port: traffic.http, host: site.downloadHost, path }, check);
  });
}
