// The delegate's DEL, for ours and for an ADD that failed half way.

import { isNamespace } from "../sys/namespace.ts";
import { askDelegate, type PluginCall, type Question } from "./ask.ts";
import { cniCodes } from "./cni-error.ts";
import type { DelegateAnswer } from "./delegate.ts";
import type { PluginWorld } from "./world.ts";

/**
 * Asks the delegate to take an attachment down, and once more after a refusal. bridge refuses when a masquerading rule is missing
 * that its ADD never came to make, but has taken the interface away by then and has nothing to complain of the second time. And it
 * refuses a namespace's file that holds no namespace any more, where the specification wants DEL to succeed.
 */
export async function askRemoval(world: PluginWorld, plugin: PluginCall, question: Question): Promise<DelegateAnswer> {
  const { answer } = await askDelegate(world, plugin, question);
  if (answer.kind === "ok" || finalCodes.includes(answer.code)) return answer;
  const netns = hasNamespace(world, plugin) ? undefined : "";
  const second = (await askDelegate(world, plugin, { ...question, netns })).answer;
  return second.kind === "ok" ? second : answer;
}

/** Refusals that a second question at once would not change. */
const finalCodes: readonly number[] = [cniCodes.incompatibleVersion, cniCodes.tryAgainLater];

/** Whether the call's network namespace is there. */
export function hasNamespace({ files }: PluginWorld, { call }: PluginCall): boolean {
  return call.netns.startsWith("/") && isNamespace(files.hostPath(call.netns));
}
