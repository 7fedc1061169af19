/** The lines of a log of any length, as bytes. */

/** Bytes of the longest line that is read. */
export const LONGEST_LINE = 65_536;

/**
 * Each line that is not empty, without its end. A character stands for a byte (latin1), so that what was logged is sent
 * byte for byte. Undefined stands for a line that is longer than LONGEST_LINE; of such a line nothing is kept.
 *
 * @param chunks pieces of the log, cut anywhere.
 */
export async function* logLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  let begun = "";
  let tooLong = false;
  for await (const chunk of chunks) {
    const [first = "", ...others] = chunk.toString("latin1").split("\n");
    begun += tooLong ? "" : first;
    for (const next of others) {
      const line = begun.endsWith("\r") ? begun.slice(0, -1) : begun;
      if (tooLong || line.length > LONGEST_LINE) yield undefined;
      else if (line !== "") yield line;
      begun = next;
      tooLong = false;
    }
    if (begun.length > LONGEST_LINE) {
      begun = "";
      tooLong = true;
    }
  }
  if (tooLong) yield undefined;
  else if (begun !== "") yield begun.endsWith("\r") ? begun.slice(0, -1) : begun;
}
