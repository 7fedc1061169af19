/**
 * Reads request bodies within bounds: for one body, and for all that are in memory at a time.
 */
import type { IncomingMessage } from "node:http";

/** ingress-nginx behaviour: two objects of the largest size, and what is around them. */
const LARGEST_BODY = 9 * 1024 * 1024;
/** Bound of all bodies together: an API server does not send more than a few large ones at once. */
const ALL_BODIES = 32 * 1024 * 1024;

/** Thrown for a body that is too large, or one too many, with the HTTP status to answer. */
export class Excess extends Error {
  readonly status: 413 | 503;

  constructor(status: 413 | 503) {
    super(status === 413 ? `the body has ${LARGEST_BODY} bytes or more` : "too many requests at a time");
    this.status = status;
  }
}

export interface Bodies {
  /** The whole body; `done` gives its memory back. Rejects with an Excess, or with the error of a client that went away. */
  read(request: IncomingMessage): Promise<{ readonly body: Buffer; done(): void }>;
}

export function limitBodies(): Bodies {
  let held = 0;
  return {
    async read(request) {
      if (Number(request.headers["content-length"] ?? 0) >= LARGEST_BODY) throw new Excess(413);
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void => {
        held -= size;
        size = 0;
      };
      try {
        for await (const chunk of request as AsyncIterable<Buffer>) {
          size += chunk.length;
          held += chunk.length;
          if (size >= LARGEST_BODY) throw new Excess(413);
          if (held > ALL_BODIES) throw new Excess(503);
          chunks.push(chunk);
        }
        return { body: Buffer.concat(chunks), done };
      } catch (error) {
        done();
        throw error;
      }
    },
  };
}
