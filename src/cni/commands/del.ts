// DEL and CHECK: both call the delegate as ADD did, with the saved call, or with one rendered anew when there is none.

import type { AttachmentKey } from "../../attachments/attachment.ts";
import { type HeldCall, readSavedCall } from "../../attachments/saved-call-store.ts";
import { readNodeState } from "../../node-state/node-state-file.ts";
import { type CniVersion, isAtLeast, olderOf } from "../../spec/versions.ts";
import type { JsonObject } from "../../sys/json.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import { callDelegate, type PluginCall } from "../delegate/call-delegate.ts";
import { renderDelegateForDel } from "../delegate/delegate-config.ts";
import { callDelegateDel, hasNamespace } from "../delegate/delegate-del.ts";
import type { DelegateAnswer } from "../delegate/exec-delegate.ts";
import { forgetCall, holdSavedCall } from "../held-call.ts";
import type { NetworkConfig } from "../network-config.ts";
import { emptyOutput, type PluginOutput, type PluginSystem } from "../plugin-system.ts";
import { attachmentKey, renderNow } from "./add.ts";

/** Takes an attachment down. Repeating it, or calling it for what never was, succeeds. */
export async function del(system: PluginSystem, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdForDel(system, config, key);
  const { delegate, answer } = await callDelAsSaved(system, plugin, held);
  if (answer.kind === "refused") return answer.output;
  if (delegate.ipMasq === true && !hasNamespace(system, plugin)) {
    const { sweepMasquerade } = await import("../../attachments/masquerade-leftovers.ts");
    await sweepMasquerade(system, { network: config.name, isGone: (containerId) => containerId === key.containerId });
  }
  if (held !== undefined) forgetCall(system, config.dataDir, key);
  return emptyOutput;
}

/**
 * The saved call under its lock. A process that still has the lock after a delegate's whole deadline has outlived every right to it: a
 * delegate whose own call was killed, or something it left running. DEL goes on without, or the pod could never be removed.
 */
async function holdForDel(
  system: PluginSystem,
  config: NetworkConfig,
  key: AttachmentKey,
): Promise<HeldCall | undefined> {
  const timeoutMs = config.delegateTimeoutMs;
  try {
    return await holdSavedCall(system, config.dataDir, { key, timeoutMs });
  } catch (error) {
    if (!(error instanceof CniError) || error.cniCode !== cniCodes.tryAgainLater) throw error;
    system.warn(`headcni: ${error.message} (${error.details ?? ""}); DEL goes on all the same\n`);
    return readSavedCall(system.files, config.dataDir, key);
  }
}

interface DelResult {
  readonly delegate: JsonObject;
  readonly answer: DelegateAnswer;
}

/**
 * Calls the delegate's DEL as its ADD was called, and, when that is refused or fails, as an ADD would be called now: what was saved may
 * be what made the ADD fail, or name a plugin that has gone since.
 */
async function callDelAsSaved(
  system: PluginSystem,
  plugin: PluginCall,
  held: HeldCall | undefined,
): Promise<DelResult> {
  const { config } = plugin;
  const call = async (delegate: JsonObject, version: CniVersion): Promise<DelResult> => {
    const answer = await callDelegateDel(system, plugin, { command: "DEL", delegate, version, heldFd: held?.fd });
    return { delegate, answer };
  };
  const saved = held?.saved;
  if (saved === undefined) return call(renderForDel(system, config), config.cniVersion);
  const [first] = await Promise.allSettled([call(saved.delegate, olderOf(saved.cniVersion, config.cniVersion))]);
  if (isFinal(first)) return unwrap(first);
  const rendered = renderForDel(system, config);
  if (JSON.stringify(rendered) !== JSON.stringify(saved.delegate)) {
    const [second] = await Promise.allSettled([call(rendered, config.cniVersion)]);
    if (second.status === "fulfilled" && second.value.answer.kind === "ok") return second.value;
  }
  return unwrap(first);
}

/** Whether another call would change nothing: it is done, or the delegate needs time. */
function isFinal(called: PromiseSettledResult<DelResult>): boolean {
  if (called.status === "rejected") {
    return called.reason instanceof CniError && called.reason.cniCode === cniCodes.tryAgainLater;
  }
  const { answer } = called.value;
  return answer.kind === "ok" || answer.code === cniCodes.tryAgainLater;
}

function unwrap(called: PromiseSettledResult<DelResult>): DelResult {
  if (called.status === "rejected") throw called.reason;
  return called.value;
}

/** Asks whether an attachment is still as its ADD left it. */
export async function check(system: PluginSystem, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdSavedCall(system, config.dataDir, { key, timeoutMs: config.delegateTimeoutMs });
  const { answer } = await callDelegate(system, plugin, {
    command: "CHECK",
    delegate: held?.saved?.delegate ?? renderNow(system, config),
    version: checkVersion(config.cniVersion, held?.saved?.cniVersion),
    heldFd: held?.fd,
  });
  return answer.kind === "refused" ? answer.output : emptyOutput;
}

function renderForDel(system: PluginSystem, config: NetworkConfig): JsonObject {
  const read = readNodeState(system.files, config.nodeStateFiles);
  return renderDelegateForDel(config, read.found?.state);
}

/** The version the delegate spoke at ADD, if it may be asked to CHECK in it. */
function checkVersion(wanted: CniVersion, saved: CniVersion | undefined): CniVersion {
  return saved !== undefined && isAtLeast(saved, "0.4.0") ? olderOf(saved, wanted) : wanted;
}
