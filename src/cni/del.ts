// DEL and CHECK: both ask the delegate what ADD asked it, from the saved call, or rendered anew when there is none.

import type { JsonObject } from "../conflist/json.ts";
import { isNamespace } from "../sys/namespace.ts";
import { attachmentKey, renderNow } from "./add.ts";
import { askDelegate, type PluginCall, type Question } from "./ask.ts";
import { forgetCall, holdSavedCall } from "./attachment-store.ts";
import { cniCodes } from "./cni-error.ts";
import type { DelegateAnswer } from "./delegate.ts";
import { renderForRemoval } from "./delegate-config.ts";
import type { NetworkConfig } from "./network-config.ts";
import { readNodeState } from "./node-state-file.ts";
import { type CniVersion, isAtLeast, olderOf } from "./versions.ts";
import { nothingToSay, type PluginOutput, type PluginWorld } from "./world.ts";

/** Takes an attachment down. Repeating it, or calling it for what never was, succeeds. */
export async function del(world: PluginWorld, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdSavedCall(world, config.dataDir, { key, timeoutMs: config.delegateTimeoutMs });
  const delegate = held?.saved?.delegate ?? renderForDel(world, config);
  const answer = await takeDown(world, plugin, {
    command: "DEL",
    delegate,
    version: olderOf(held?.saved?.cniVersion ?? config.cniVersion, config.cniVersion),
    heldFd: held?.fd,
  });
  if (answer.kind === "refused") return answer.output;
  if (delegate.ipMasq === true && !hasNamespace(world, plugin)) {
    const { sweepMasquerade } = await import("./masquerade-leftovers.ts");
    await sweepMasquerade(world, { network: config.name, isGone: (containerId) => containerId === key.containerId });
  }
  if (held !== undefined) forgetCall(world, config.dataDir, key);
  return nothingToSay;
}

/**
 * Asks once more after a refusal. bridge refuses when a masquerading rule its ADD never came to make is missing, but has taken the
 * interface away by then and has nothing to complain of the second time; and it refuses a namespace's file that holds no
 * namespace any more, where the specification wants DEL to succeed.
 */
async function takeDown(world: PluginWorld, plugin: PluginCall, question: Question): Promise<DelegateAnswer> {
  const { answer } = await askDelegate(world, plugin, question);
  if (answer.kind === "ok" || finalCodes.includes(answer.code)) return answer;
  const netns = hasNamespace(world, plugin) ? undefined : "";
  const second = (await askDelegate(world, plugin, { ...question, netns })).answer;
  return second.kind === "ok" ? second : answer;
}

/** Refusals that a second question at once would not change. */
const finalCodes: readonly number[] = [cniCodes.incompatibleVersion, cniCodes.tryAgainLater];

function hasNamespace({ files }: PluginWorld, { call }: PluginCall): boolean {
  return call.netns.startsWith("/") && isNamespace(files.hostPath(call.netns));
}

/** Asks whether an attachment is still as its ADD left it. */
export async function check(world: PluginWorld, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdSavedCall(world, config.dataDir, { key, timeoutMs: config.delegateTimeoutMs });
  const { answer } = await askDelegate(world, plugin, {
    command: "CHECK",
    delegate: held?.saved?.delegate ?? renderNow(world, config),
    version: checkVersion(config.cniVersion, held?.saved?.cniVersion),
    heldFd: held?.fd,
  });
  return answer.kind === "refused" ? answer.output : nothingToSay;
}

function renderForDel(world: PluginWorld, config: NetworkConfig): JsonObject {
  const read = readNodeState(world.files, config.nodeStateFile);
  return renderForRemoval(config, read.kind === "found" ? read.state : undefined);
}

/** The version the delegate spoke at ADD, if it may be asked to CHECK in it. */
function checkVersion(wanted: CniVersion, saved: CniVersion | undefined): CniVersion {
  return saved !== undefined && isAtLeast(saved, "0.4.0") ? olderOf(saved, wanted) : wanted;
}
