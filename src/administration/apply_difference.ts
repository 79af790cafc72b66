/** Which fields differ between what is and what shall be. */

/** Fields that differ, by name. */
export type FieldChanges = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

export type Comparable = Readonly<Record<string, unknown>>;

/** Fields whose values differ. */
export function difference(from: Comparable, to: Comparable): FieldChanges {
  const changes: Record<string, { from: unknown; to: unknown }> = {};
  for (const [name, value] of Object.entries(to)) {
    if (!same(from[name], value)) changes[name] = { from: from[name], to: value };
  }
  return changes;
}

/** Fields of something new that are not as they are by default. */
export function beginning(defaults: Comparable, to: Comparable): FieldChanges {
  const changed = Object.entries(difference(defaults, to));
  return Object.fromEntries(changed.map(([name, change]) => [name, { from: null, to: change.to }]));
}

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return typeof a === 'object' && typeof b === 'object' && canonical(a) === canonical(b);
}

/** JSON with sorted names: a database may give them back in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
