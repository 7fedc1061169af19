/** Whether an action ends without throwing, for readers that say "no" by an error. */
export function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
