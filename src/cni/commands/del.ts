// DEL and CHECK: both ask the delegate what ADD asked it, from the saved call, or rendered anew when there is none.

import type { AttachmentKey } from "../../attachments/attachment.ts";
import { type HeldCall, readSavedCall } from "../../attachments/saved-call-store.ts";
import { readNodeState } from "../../node-state/node-state-file.ts";
import { type CniVersion, isAtLeast, olderOf } from "../../spec/versions.ts";
import type { JsonObject } from "../../sys/json.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import { askDelegate, type PluginCall } from "../delegate/call-delegate.ts";
import { renderForRemoval } from "../delegate/delegate-config.ts";
import { askRemoval, hasNamespace } from "../delegate/delegate-del.ts";
import type { DelegateAnswer } from "../delegate/exec-delegate.ts";
import { forgetCall, holdSavedCall } from "../held-call.ts";
import type { NetworkConfig } from "../network-config.ts";
import { nothingToSay, type PluginOutput, type PluginWorld } from "../plugin-system.ts";
import { attachmentKey, renderNow } from "./add.ts";

/** Takes an attachment down. Repeating it, or calling it for what never was, succeeds. */
export async function del(world: PluginWorld, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdForDel(world, config, key);
  const { delegate, answer } = await removeBySaved(world, plugin, held);
  if (answer.kind === "refused") return answer.output;
  if (delegate.ipMasq === true && !hasNamespace(world, plugin)) {
    const { sweepMasquerade } = await import("../masquerade-leftovers.ts");
    await sweepMasquerade(world, { network: config.name, isGone: (containerId) => containerId === key.containerId });
  }
  if (held !== undefined) forgetCall(world, config.dataDir, key);
  return nothingToSay;
}

/**
 * The saved call under its lock. Who still has the lock after a delegate's whole deadline has outlived every right to it: a delegate
 * nobody was left to kill, or something it left running. DEL goes on without, or the pod could never be removed.
 */
async function holdForDel(
  world: PluginWorld,
  config: NetworkConfig,
  key: AttachmentKey,
): Promise<HeldCall | undefined> {
  const timeoutMs = config.delegateTimeoutMs;
  try {
    return await holdSavedCall(world, config.dataDir, { key, timeoutMs });
  } catch (error) {
    if (!(error instanceof CniError) || error.cniCode !== cniCodes.tryAgainLater) throw error;
    world.warn(`headcni: ${error.message} (${error.details ?? ""}); DEL goes on all the same\n`);
    return readSavedCall(world.files, config.dataDir, key);
  }
}

interface Removal {
  readonly delegate: JsonObject;
  readonly answer: DelegateAnswer;
}

/**
 * Asks for the removal as ADD was asked, and, when that is refused or cannot be asked, as ADD would be asked now: what was saved may be
 * what made the ADD fail, or name a plugin that has gone since.
 */
async function removeBySaved(world: PluginWorld, plugin: PluginCall, held: HeldCall | undefined): Promise<Removal> {
  const { config } = plugin;
  const ask = async (delegate: JsonObject, version: CniVersion): Promise<Removal> => {
    const answer = await askRemoval(world, plugin, { command: "DEL", delegate, version, heldFd: held?.fd });
    return { delegate, answer };
  };
  const saved = held?.saved;
  if (saved === undefined) return ask(renderForDel(world, config), config.cniVersion);
  const [first] = await Promise.allSettled([ask(saved.delegate, olderOf(saved.cniVersion, config.cniVersion))]);
  if (isFinal(first)) return settle(first);
  const rendered = renderForDel(world, config);
  if (JSON.stringify(rendered) !== JSON.stringify(saved.delegate)) {
    const [second] = await Promise.allSettled([ask(rendered, config.cniVersion)]);
    if (second.status === "fulfilled" && second.value.answer.kind === "ok") return second.value;
  }
  return settle(first);
}

/** Whether another question would change nothing: it is done, or the delegate needs time. */
function isFinal(asked: PromiseSettledResult<Removal>): boolean {
  if (asked.status === "rejected") {
    return asked.reason instanceof CniError && asked.reason.cniCode === cniCodes.tryAgainLater;
  }
  const { answer } = asked.value;
  return answer.kind === "ok" || answer.code === cniCodes.tryAgainLater;
}

function settle(asked: PromiseSettledResult<Removal>): Removal {
  if (asked.status === "rejected") throw asked.reason;
  return asked.value;
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
  const read = readNodeState(world.files, config.nodeStateFiles);
  return renderForRemoval(config, read.found?.state);
}

/** The version the delegate spoke at ADD, if it may be asked to CHECK in it. */
function checkVersion(wanted: CniVersion, saved: CniVersion | undefined): CniVersion {
  return saved !== undefined && isAtLeast(saved, "0.4.0") ? olderOf(saved, wanted) : wanted;
}
