// One call of the delegate: in the config's version of the specification, or, when the delegate or its IPAM plugin is older
// than that, in the newest one they both speak.

import { decodeVersions } from "../../spec/ask-versions.ts";
import { type CniVersion, newestCommonBelow } from "../../spec/versions.ts";
import { isJsonObject, type JsonObject } from "../../sys/json.ts";
import { cniCodes } from "../cni-error.ts";
import { convertResult } from "../convert-result.ts";
import type { Call, Command } from "../environment.ts";
import type { NetworkConfig } from "../network-config.ts";
import type { PluginSystem } from "../plugin-system.ts";
import { delegatePrograms, withCall } from "./delegate-config.ts";
import { type DelegateAnswer, runDelegate } from "./exec-delegate.ts";

/** A call to this plugin, checked. */
export interface PluginCall {
  readonly call: Call;
  readonly config: NetworkConfig;
}

export interface DelegateRequest {
  readonly command: Command;
  /** The delegate's configuration, as it is saved. */
  readonly delegate: JsonObject;
  readonly version: CniVersion;
  /** In place of the call's own CNI_NETNS. */
  readonly netns?: string | undefined;
  readonly heldFd?: number | undefined;
}

export interface DelegateResult {
  readonly answer: DelegateAnswer;
  /** The version the answer is in. */
  readonly version: CniVersion;
}

/** Calls the delegate, and once more in an older version when the answer is "incompatible". @throws CniError as `runDelegate` does */
export async function callDelegate(
  system: PluginSystem,
  plugin: PluginCall,
  request: DelegateRequest,
): Promise<DelegateResult> {
  const { version, command, delegate } = request;
  const answer = await callOnce(system, plugin, request);
  if (answer.kind === "ok" || answer.code !== cniCodes.incompatibleVersion) return { answer, version };
  const supports = await Promise.all(delegatePrograms(delegate).map((type) => versionsOf(system, plugin, type)));
  const older = newestCommonBelow(version, supports);
  if (older === undefined) return { answer, version };
  // A delegate that speaks the version was refused by its IPAM plugin, after it had made an interface.
  const hasChanged = command === "ADD" && supports[0]?.includes(version) === true;
  if (hasChanged) await callOnce(system, plugin, { ...request, command: "DEL", version: older });
  return { answer: await callOnce(system, plugin, { ...request, version: older }), version: older };
}

/** Calls it in one version only. @throws CniError as `runDelegate` does */
export function callOnce(
  system: PluginSystem,
  { config }: PluginCall,
  request: DelegateRequest,
): Promise<DelegateAnswer> {
  const { command, delegate, version, netns, heldFd } = request;
  const { prevResult } = config.json;
  const isConverted = isJsonObject(prevResult) && version !== config.cniVersion;
  const call = isConverted ? { ...config.json, prevResult: convertResult(prevResult, version) } : config.json;
  return runDelegate(system, {
    type: String(delegate.type),
    config: withCall(delegate, call, version),
    env: { ...system.env, CNI_COMMAND: command, ...(netns === undefined ? {} : { CNI_NETNS: netns }) },
    timeoutMs: config.delegateTimeoutMs,
    heldFd,
  });
}

/** The versions a plugin says it speaks; none when it says none. */
async function versionsOf(system: PluginSystem, { config }: PluginCall, type: string): Promise<readonly string[]> {
  const answer = await runDelegate(system, {
    type,
    config: { cniVersion: config.cniVersion },
    env: { ...system.env, CNI_COMMAND: "VERSION" },
    timeoutMs: config.delegateTimeoutMs,
  });
  return (answer.kind === "ok" ? decodeVersions(answer.stdout) : undefined) ?? [];
}
