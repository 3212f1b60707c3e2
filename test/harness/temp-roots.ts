// Loaded before each test file (bunfig.toml): no test leaves a temporary root behind, and what a run that was killed left is removed
// by the next.

import { afterAll } from "bun:test";
import { removeOpenRoots, removeOrphanedRoots } from "../../src/sys/testing.ts";

removeOrphanedRoots();

afterAll(() => {
  const left = removeOpenRoots();
  if (left.length === 0) return;
  throw new Error(`Tests left ${left.length} temporary roots: write \`using root = tempRoot()\``, { cause: left[0] });
});
