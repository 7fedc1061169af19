import type { LabelSelectorShape } from "../../source/gateway/shared.ts";

/** Whether labels fit a selector (metav1.LabelSelectorShape). One that cannot be understood fits nothing. */
export function fits({ matchLabels = {}, matchExpressions = [] }: LabelSelectorShape, labels: Readonly<Record<string, string>>): boolean {
  const labelOf = (name: string): string | undefined => (Object.hasOwn(labels, name) ? labels[name] : undefined);
  return Object.entries(matchLabels).every(([name, value]) => labelOf(name) === value) && matchExpressions.every(({ key = "", operator, values = [] }) => {
    const value = labelOf(key);
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}
