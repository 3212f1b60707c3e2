// The delegate's DEL, for ours and for an ADD that failed half way.

import { isNamespace, isOwnNetworkNamespace } from "../../sys/process/namespace.ts";
import { cniCodes } from "../cni-error.ts";
import type { PluginWorld } from "../plugin-system.ts";
import { askDelegate, type PluginCall, type Question } from "./call-delegate.ts";
import type { DelegateAnswer } from "./exec-delegate.ts";

/**
 * Asks the delegate to take an attachment down, and once more after a refusal. bridge refuses when a masquerading rule is missing
 * that its ADD never came to make, but has taken the interface away by then and has nothing to complain of the second time. And it
 * refuses a namespace's file that holds no namespace any more, where the specification wants DEL to succeed.
 */
export async function askRemoval(world: PluginWorld, plugin: PluginCall, question: Question): Promise<DelegateAnswer> {
  const first = isOwnNetns(world, plugin) ? { ...question, netns: "" } : question;
  const { answer } = await askDelegate(world, plugin, first);
  if (answer.kind === "ok" || finalCodes.includes(answer.code)) return answer;
  const netns = hasNamespace(world, plugin) ? undefined : "";
  const second = (await askDelegate(world, plugin, { ...question, netns })).answer;
  return second.kind === "ok" ? second : answer;
}

/** Refusals that a second question at once would not change. */
const finalCodes: readonly number[] = [cniCodes.incompatibleVersion, cniCodes.tryAgainLater];

/** Whether the call's network namespace is there. */
export function hasNamespace(world: PluginWorld, plugin: PluginCall): boolean {
  const { netns } = plugin.call;
  return netns.startsWith("/") && isNamespace(world.files.hostPath(netns)) && !isOwnNetns(world, plugin);
}

/**
 * Whether the call names the namespace this plugin runs in, the node's. No container is in there: a path like /proc/PID/ns/net leads
 * there once the container's process has ended and another one has its number, and a DEL would take the node's own interface.
 */
export function isOwnNetns({ files }: PluginWorld, { call }: PluginCall): boolean {
  return !call.mayBeOwnNetns && call.netns.startsWith("/") && isOwnNetworkNamespace(files.hostPath(call.netns));
}
