/** Bytes that nobody can guess, from the kernel. */
export function secretBytes(count: number): string {
  const [source] = io.open("/dev/urandom", "rb");
  const bytes = source?.read(count) as string | undefined;
  source?.close();
  if (bytes === undefined || bytes.length < count) error("/dev/urandom cannot be read");
  return bytes;
}
