/** Whether something can be done, where only trying tells: readers that throw. */
export function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
