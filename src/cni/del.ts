// DEL and CHECK: both ask the delegate what ADD asked it, from the saved call, or rendered anew when there is none.

import type { JsonObject } from "../conflist/json.ts";
import { attachmentKey, renderNow } from "./add.ts";
import { askDelegate, type PluginCall } from "./ask.ts";
import { forgetCall, holdSavedCall } from "./attachment-store.ts";
import { renderForRemoval } from "./delegate-config.ts";
import type { NetworkConfig } from "./network-config.ts";
import { readNodeState } from "./node-state-file.ts";
import { askRemoval, hasNamespace } from "./removal.ts";
import { type CniVersion, isAtLeast, olderOf } from "./versions.ts";
import { nothingToSay, type PluginOutput, type PluginWorld } from "./world.ts";

/** Takes an attachment down. Repeating it, or calling it for what never was, succeeds. */
export async function del(world: PluginWorld, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const key = attachmentKey(plugin);
  using held = await holdSavedCall(world, config.dataDir, { key, timeoutMs: config.delegateTimeoutMs });
  const delegate = held?.saved?.delegate ?? renderForDel(world, config);
  const answer = await askRemoval(world, plugin, {
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
