// Command lines in documents of no known kind: a compose file that runs the control plane, a values file with `extraArgs`. The
// flags' names are Kubernetes' own, so what they mean does not depend on the document.

import type { Claims } from "../claims.ts";
import { claimFlags, commandWords } from "../flags.ts";
import { itemsOf, type Tree } from "../tree.ts";

const commandKeys: ReadonlySet<string> = new Set([
  "command",
  "args",
  "entrypoint",
  "cmd",
  "extraArgs",
  "extra_args",
  "arg",
]);
const maxVisits = 20_000;

/** Claims the flags in every list whose items are flags, and in the strings of `command`, `args` and their like. */
export function readLooseFlags(tree: Tree, claims: Claims): void {
  const seen = new Set<Tree>();
  const pending: Tree[] = [tree];
  for (let here = pending.pop(); here !== undefined && seen.size < maxVisits; here = pending.pop()) {
    if (here.kind === "scalar" || seen.has(here)) continue;
    seen.add(here);
    if (here.kind === "list") {
      if (isFlagList(here)) claimCommand(here, claims);
      pending.push(...here.items);
      continue;
    }
    for (const { key, value } of here.entries) {
      if (commandKeys.has(key) && value.kind === "scalar") claimCommand(value, claims);
      pending.push(value);
    }
  }
}

function isFlagList(tree: Tree): boolean {
  return itemsOf(tree).some((item) => item.kind === "scalar" && item.text?.startsWith("--") === true);
}

function claimCommand(tree: Tree, claims: Claims): void {
  const words = commandWords(tree);
  const hasKubelet = words.some((word) => /(^|\/)(kubelet|k3s|rke2)$/.test(word.text));
  claimFlags(claims, words, { hasKubelet });
}
