/** IP addresses as nginx writes them in `$server_addr`. Pure. */

/** @param bytes 4 or 16 of them */
export function addressText(bytes: string): string {
  return bytes.length === 4 ? v4Text(bytes) : v6Text(bytes);
}

function v4Text(bytes: string): string {
  return bytes.charCodeAt(0) + "." + bytes.charCodeAt(1) + "." + bytes.charCodeAt(2) + "." + bytes.charCodeAt(3);
}

/** RFC 5952, but for addresses that hold one of IPv4, which nginx writes with dots. The first of the longest runs of zeros is left out. */
function v6Text(bytes: string): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i = i + 2) words.push(bytes.charCodeAt(i) * 256 + bytes.charCodeAt(i + 1));
  let [start, length, run] = [-1, 1, 0];
  for (let i = 0; i <= words.length; i++) {
    if (words[i] === 0) {
      run++;
      continue;
    }
    if (run > length) [start, length] = [i - run, run];
    run = 0;
  }
  let text = "";
  for (let i = 0; i < words.length; i++) {
    if (i === start) {
      text = text + "::";
      i = i + length - 1;
    } else text = text + (text === "" || text.endsWith(":") ? "" : ":") + hexadecimal(words[i] as number);
  }
  return text;
}

const DIGITS = "0123456789abcdef";

function hexadecimal(value: number): string {
  let rest = value;
  let text = "";
  do {
    text = DIGITS.charAt(rest % 16) + text;
    rest = Math.floor(rest / 16);
  } while (rest > 0);
  return text;
}
