// GC: what the delegate understands is forwarded; what upstream's host-local does not do (it has no GC of its own) is done here:
// leases and saved calls of attachments that are not in the runtime's list go.

import type { Attachment } from "../../attachments/attachment.ts";
import { sweepMasquerade } from "../../attachments/masquerade-leftovers.ts";
import { busyAttachments, savedLeaseDirs, sweepSavedCalls } from "../../attachments/saved-call-sweep.ts";
import { sweepLeases } from "../../ipam/sweep.ts";
import { hostLocalDataDir } from "../../node-state/names.ts";
import { readNodeState } from "../../node-state/node-state-file.ts";
import { describeError } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import { callOnce, type PluginCall } from "../delegate/call-delegate.ts";
import { renderDelegateForDel } from "../delegate/delegate-config.ts";
import { emptyOutput, type PluginOutput, type PluginSystem } from "../plugin-system.ts";

/** The kernel stamps files with a clock that may lag by one tick (10 ms at HZ=100). */
const stampLagMs = 20;

/**
 * What a plugin of before 1.1.0 answers to GC and STATUS: it does not know the version, or the command, or (upstream's
 * skel before 1.1, which looks at the container before it looks at the command) it misses the container.
 */
export const unknownCommandCodes: readonly number[] = [
  cniCodes.incompatibleVersion,
  cniCodes.unknownContainer,
  cniCodes.badEnvironment,
];

export async function gc(system: PluginSystem, plugin: PluginCall): Promise<PluginOutput> {
  const { config } = plugin;
  const startedAtMs = system.clock.now() - stampLagMs;
  const valid = validAttachments(config.json);
  const read = readNodeState(system.files, config.nodeStateFiles);
  const delegate = renderDelegateForDel(config, read.found?.state);
  // A delegate that fails does not keep the rest from being cleaned up.
  const [forwarded] = await Promise.allSettled([
    callOnce(system, plugin, { command: "GC", delegate, version: config.cniVersion }),
  ]);
  if (valid !== undefined) await sweep(system, plugin, { valid, delegate, keepSinceMs: startedAtMs });
  if (forwarded.status === "rejected") throw forwarded.reason;
  const { value } = forwarded;
  return value.kind === "refused" && !unknownCommandCodes.includes(value.code) ? value.output : emptyOutput;
}

interface Sweep {
  readonly valid: readonly Attachment[];
  readonly delegate: JsonObject;
  readonly keepSinceMs: number;
}

async function sweep(
  system: PluginSystem,
  { config }: PluginCall,
  { valid, delegate, keepSinceMs }: Sweep,
): Promise<void> {
  const saved = { dataDir: config.dataDir, network: config.name };
  const isHeld = ({ containerId, ifname }: Attachment): boolean =>
    valid.some((attachment) => attachment.containerId === containerId && attachment.ifname === ifname);
  const living = new Set(valid.map(({ containerId }) => containerId));
  try {
    for (const dir of new Set([leaseDir(delegate), ...savedLeaseDirs(system.files, saved)])) {
      const { keep } = await sweepLeases(system, {
        leaseDir: join(dir, config.name),
        lockTimeoutMs: config.delegateTimeoutMs,
        facts: () => ({ holders: [...valid, ...busyAttachments(system.files, saved)], keepSinceMs }),
      });
      for (const { lease } of keep) if (lease.owner !== undefined) living.add(lease.owner.containerId);
    }
    sweepSavedCalls(system.files, { ...saved, isHeld, keepSinceMs });
    for (const { containerId } of busyAttachments(system.files, saved)) living.add(containerId);
    const isGone = (containerId: string): boolean => !living.has(containerId);
    if (delegate.ipMasq === true) await sweepMasquerade(system, { network: config.name, isGone });
  } catch (error) {
    throw new CniError(cniCodes.tryAgainLater, `Garbage is left: ${describeError(error)}`);
  }
}

function leaseDir({ ipam }: JsonObject): string {
  const dir = isJsonObject(ipam) ? ipam.dataDir : undefined;
  return typeof dir === "string" && dir.startsWith("/") ? dir : hostLocalDataDir;
}

/**
 * The attachments the runtime still has. Undefined when it names no list at all (libcni without arguments): then nothing is
 * garbage. A list that is null is Go's empty one.
 * @throws CniError 7 for a list that cannot be understood: guessing would free the addresses of living pods.
 */
function validAttachments(json: JsonObject): readonly Attachment[] | undefined {
  const key = json["cni.dev/valid-attachments"] === undefined ? "cni.dev/attachments" : "cni.dev/valid-attachments";
  const list = json[key];
  if (list === undefined) return undefined;
  if (list === null) return [];
  const attachments = Array.isArray(list) ? list.map(decodeAttachment) : [undefined];
  if (attachments.includes(undefined)) {
    const message = `Invalid network config: ${key} is not a list of objects with containerID and ifname`;
    throw new CniError(cniCodes.invalidConfig, message);
  }
  return attachments.filter((attachment) => attachment !== undefined);
}

function decodeAttachment(item: JsonValue): Attachment | undefined {
  if (!isJsonObject(item)) return undefined;
  const { containerID, ifname } = item;
  return typeof containerID === "string" && typeof ifname === "string"
    ? { containerId: containerID, ifname }
    : undefined;
}
