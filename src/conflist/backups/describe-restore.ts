// What a restore does to a file, in a sentence.

import type { CleanUpOptions } from "../../agent/cleaned-up.ts";
import { join } from "../../sys/fs/path.ts";
import type { RestoreAction } from "./restore.ts";

/** What is done, and what would be, to a file that is not left alone. */
const actionWords: Readonly<Partial<Record<RestoreAction["kind"], readonly [string, string]>>> = {
  "put-back": ["Put back", "Would put back"],
  "set-aside": ["Set aside", "Would set aside"],
  "remove-ours": ["Removed", "Would remove"],
};

/** `Put back /etc/cni/net.d/10-flannel.conflist` */
export function describeRestore(
  confDir: string,
  { kind, name, why }: RestoreAction,
  { isDryRun }: CleanUpOptions,
): string {
  const path = join(confDir, name);
  const words = actionWords[kind];
  if (words === undefined) return `Left alone: ${path} ${why}`;
  return `${words[isDryRun ? 1 : 0]} ${path}${why === undefined ? "" : `, which ${why}`}`;
}
