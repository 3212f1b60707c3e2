// A node that HeadCNI has never seen, and of which nothing but a guess is known, waits once and bounded for its Node object where the
// configuration asks for it: another node can have the guessed block, and pods that have started keep a node from moving. It is the
// same time in which a claim to the guess is made, where there is a tailnet.

import type { Watchable } from "../../agent/latest.ts";
import type { LoadedConfig } from "../../config/config.ts";
import type { NodeObjectLookup } from "../../kubernetes/node-lookup.ts";
import { isGuess } from "../../podcidr/answer.ts";
import type { System } from "../../sys/system.ts";
import { isOnTailnet } from "../../tailscale/expected.ts";
import type { ChainAnswers } from "../observe.ts";

export interface FirstAnswerOptions<Answers extends ChainAnswers> {
  readonly loaded: LoadedConfig;
  readonly nodeObject: Watchable<NodeObjectLookup | undefined>;
  /** What the chain says now. */
  readonly first: Answers;
  /** Asks it anew. */
  readonly ask: () => Answers;
}

/** What the chain says at once, or, where that is a guess, once the API server has answered or cannot be waited for any longer. */
export async function firstAnswer<Answers extends ChainAnswers>(
  { clock, log, files }: System,
  { loaded, nodeObject, first, ask }: FirstAnswerOptions<Answers>,
  signal: AbortSignal,
): Promise<Answers> {
  const { nodeObject: wanted, claim } = loaded.config.network.podCIDR;
  if (!wanted.enabled || !isGuess(first.answer.source)) return first;
  // The other half is the claim's; a Node object that comes meanwhile still counts.
  const waitMs = isOnTailnet(files, loaded.config.tailscale) ? claim.timeoutMs / 2 : claim.timeoutMs;
  const late = new AbortController();
  const over = new AbortController();
  void clock.sleep(waitMs, over.signal).then(() => late.abort());
  const waiting = AbortSignal.any([signal, late.signal]);
  const said = `nothing else than a guess (${first.answer.podCIDRs}) says the PodCIDR of ${first.answer.nodeName}`;
  if (mayCome(nodeObject.value))
    log.info("NodeObjectAwaited", `Waiting up to ${waitMs / 1000} s for the Node object: ${said}`);
  while (!waiting.aborted && mayCome(nodeObject.value)) await nodeObject.changed(nodeObject.value, waiting);
  over.abort();
  return ask();
}

/** Whether waiting can help: not where it was refused, and not where it is known. */
function mayCome(lookup: NodeObjectLookup | undefined): boolean {
  if (lookup === undefined || lookup.kind === "unassigned") return true;
  return lookup.kind === "failed" && !lookup.isRefused;
}
