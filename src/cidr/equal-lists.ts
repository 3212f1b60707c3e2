// Whether two lists say the same: addresses and ranges are objects, of which equal ones need not be the same one.

/** Whether both hold the same objects in the same order. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

/** Whether both hold equal items in the same order; of two that are undefined, too. */
export function equalLists<T extends { equals(other: T): boolean }>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((item, at) => b[at]?.equals(item) === true);
}
