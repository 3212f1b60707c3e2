// ADD: render, save, call the delegate, hand its result on. What fails after the delegate started is undone.

import type { AttachmentKey } from "../../attachments/attachment.ts";
import type { SavedCall } from "../../attachments/saved-call.ts";
import { describeUnusable, readNodeState } from "../../node-state/node-state-file.ts";
import type { CniVersion } from "../../spec/versions.ts";
import { describeError } from "../../sys/errors.ts";
import { type JsonObject, tryParseJsonObject } from "../../sys/json.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import { convertResult } from "../convert-result.ts";
import { callDelegate, type DelegateResult, type PluginCall } from "../delegate/call-delegate.ts";
import { delegateType, renderDelegate } from "../delegate/delegate-config.ts";
import { callDelegateDel, isOwnNetns } from "../delegate/delegate-del.ts";
import { findProgram } from "../delegate/exec-delegate.ts";
import { forgetCall, holdSavedCall, saveCall } from "../held-call.ts";
import type { NetworkConfig } from "../network-config.ts";
import type { PluginOutput, PluginSystem } from "../plugin-system.ts";

export function attachmentKey({ call, config }: PluginCall): AttachmentKey {
  return { network: config.name, containerId: call.containerId, ifname: call.ifname };
}

/**
 * The delegate's configuration as this node has it now.
 * @throws CniError 11 when neither the config nor the daemon says where addresses come from.
 */
export function renderNow(system: PluginSystem, config: NetworkConfig): JsonObject {
  const read = readNodeState(system.files, config.nodeStateFiles);
  const rendered = renderDelegate(config, read.found?.state);
  if (rendered.kind === "config") return rendered.config;
  throw new CniError(
    cniCodes.tryAgainLater,
    `No PodCIDR is known for this node: ${describeUnusable(read)}`,
    "start headcni-daemon on this node, which writes the file, or set delegate.ipam.subnet in the CNI config",
  );
}

export async function add(system: PluginSystem, plugin: PluginCall): Promise<PluginOutput> {
  const { call, config } = plugin;
  const { cniVersion, dataDir } = config;
  if (isOwnNetns(system, plugin)) {
    const message = "plugin's netns and netns from CNI_NETNS should not be the same";
    throw new CniError(cniCodes.invalidNamespace, message, call.netns);
  }
  const delegate = renderNow(system, config);
  // Looked up before anything is written: a plugin that is missing then leaves no trace.
  findProgram(system, delegateType(config), call.path);
  const key = attachmentKey(plugin);
  // Saved already: an earlier ADD succeeded, or was killed, and no DEL came. What it made is not this call's to undo.
  const earlier = await holdSavedCall(system, dataDir, { key, timeoutMs: config.delegateTimeoutMs });
  using held = earlier ?? saveCall(system, dataDir, key, { cniVersion, delegate });
  const undo = async (): Promise<void> => {
    if (earlier === undefined) await undoAdd(system, plugin, { delegate, heldFd: held.fd });
  };
  let result: DelegateResult;
  try {
    result = await callDelegate(system, plugin, { command: "ADD", delegate, version: cniVersion, heldFd: held.fd });
  } catch (error) {
    await undo();
    throw error;
  }
  const { answer, version } = result;
  if (answer.kind === "refused") {
    if (!isNameTaken(answer.output.stdout)) await undo();
    else if (earlier === undefined) forgetCall(system, dataDir, key);
    return answer.output;
  }
  const stdout = resultFor(config, answer.stdout, version);
  if (stdout === undefined) {
    await undo();
    const message = `Cannot decode the result of delegate ${delegate.type}: it is not one JSON object`;
    throw new CniError(cniCodes.cannotDecode, message, answer.stdout.slice(0, 500));
  }
  if (earlier !== undefined || version !== cniVersion) saveAgain(system, plugin, { cniVersion: version, delegate });
  if (earlier !== undefined) return { exitCode: 0, stdout };
  return { exitCode: 0, stdout, undo: () => undoUnread(system, plugin, delegate) };
}

/**
 * Whether a delegate refused because there is an interface of that name already: then it has changed nothing, and its DEL would take
 * the interface of the container that has it. The words are those of containernetworking/plugins, pkg/ip/link_linux.go (bridge, ptp) and
 * plugins/main/{macvlan,ipvlan,vlan}, which look for it before they ask for addresses.
 */
function isNameTaken(stdout: string): boolean {
  const message = tryParseJsonObject(stdout)?.msg;
  return (
    typeof message === "string" &&
    /container veth name .*already exists|failed to rename \w+ to .*file exists/.test(message)
  );
}

/** Replaces what was saved before the delegate was started. Without it DEL still finds its way, so the pod is not refused for it. */
function saveAgain(system: PluginSystem, plugin: PluginCall, call: SavedCall): void {
  try {
    using _replaced = saveCall(system, plugin.config.dataDir, attachmentKey(plugin), call);
  } catch (error) {
    system.warn(`headcni: ${describeError(error)}\n`);
  }
}

/** The delegate's result as the config's version has it: untouched where it is that already; undefined when it is none. */
function resultFor({ cniVersion }: NetworkConfig, stdout: string, version: CniVersion): string | undefined {
  const result = tryParseJsonObject(stdout);
  if (result === undefined) return undefined;
  if (version === cniVersion && result.cniVersion === cniVersion) return stdout;
  return `${JSON.stringify(convertResult(result, cniVersion))}\n`;
}

/** Undoes an ADD whose result the runtime could not read. Never throws. */
async function undoUnread(system: PluginSystem, plugin: PluginCall, delegate: JsonObject): Promise<void> {
  const { dataDir, delegateTimeoutMs: timeoutMs } = plugin.config;
  try {
    using held = await holdSavedCall(system, dataDir, { key: attachmentKey(plugin), timeoutMs });
    await undoAdd(system, plugin, { delegate, heldFd: held?.fd });
  } catch (error) {
    system.warn(`headcni: ${describeError(error)}\n`);
  }
}

/** Calls the delegate's DEL after a failed ADD. Never throws: the first error is the one to report, this one a line for people. */
async function undoAdd(
  system: PluginSystem,
  plugin: PluginCall,
  { delegate, heldFd }: { readonly delegate: JsonObject; readonly heldFd: number | undefined },
): Promise<void> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  let problem: string | undefined;
  try {
    const version = config.cniVersion;
    const answer = await callDelegateDel(system, plugin, { command: "DEL", delegate, version, heldFd });
    if (answer.kind === "ok") forgetCall(system, config.dataDir, key);
    else problem = answer.output.stdout.trim();
  } catch (error) {
    problem = describeError(error);
  }
  if (problem !== undefined)
    system.warn(`headcni: cannot take down ${key.containerId} ${key.ifname} again: ${problem}\n`);
}
