// The delegate's DEL, for ours and for an ADD that failed half way.

import { isNamespace, isOwnNetworkNamespace } from "../../sys/process/namespace.ts";
import { cniCodes } from "../cni-error.ts";
import type { PluginSystem } from "../plugin-system.ts";
import { callDelegate, type DelegateRequest, type PluginCall } from "./call-delegate.ts";
import type { DelegateAnswer } from "./exec-delegate.ts";

/**
 * Calls the delegate's DEL, and once more after a refusal. bridge refuses when a masquerading rule is
 * missing that its ADD never came to make, but has removed the interface by then and succeeds the second time. And it refuses a
 * namespace's file that holds no namespace any more, where the specification wants DEL to succeed.
 */
export async function callDelegateDel(
  system: PluginSystem,
  plugin: PluginCall,
  request: DelegateRequest,
): Promise<DelegateAnswer> {
  const first = isOwnNetns(system, plugin) ? { ...request, netns: "" } : request;
  const { answer } = await callDelegate(system, plugin, first);
  if (answer.kind === "ok" || finalCodes.includes(answer.code)) return answer;
  const netns = hasNamespace(system, plugin) ? undefined : "";
  const second = (await callDelegate(system, plugin, { ...request, netns })).answer;
  return second.kind === "ok" ? second : answer;
}

/** Refusals that a second call at once would not change. */
const finalCodes: readonly number[] = [cniCodes.incompatibleVersion, cniCodes.tryAgainLater];

/** Whether the call's network namespace is there. */
export function hasNamespace(system: PluginSystem, plugin: PluginCall): boolean {
  const { netns } = plugin.call;
  return netns.startsWith("/") && isNamespace(system.files.hostPath(netns)) && !isOwnNetns(system, plugin);
}

/**
 * Whether the call names the namespace this plugin runs in, the node's. No container is in there: a path like /proc/PID/ns/net leads
 * there once the container's process has ended and another one has its number, and a DEL would take the node's own interface.
 */
export function isOwnNetns({ files }: PluginSystem, { call }: PluginCall): boolean {
  return !call.mayBeOwnNetns && call.netns.startsWith("/") && isOwnNetworkNamespace(files.hostPath(call.netns));
}
