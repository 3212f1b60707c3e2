// "Did you mean": the known word nearest to one that is not known. Pure.

/** The nearest of `words`, ignoring case, when it is near enough to be a slip of the pen; else undefined. */
export function suggest(word: string, words: Iterable<string>): string | undefined {
  const asked = word.toLowerCase();
  if (asked.length > 60) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(asked, candidate.toLowerCase());
    const isNear = distance <= Math.max(1, Math.floor(Math.min(asked.length, candidate.length) / 3));
    if (isNear && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
