// What a container runtime says of itself (CRI `Status`): whether it and the network of its pods are ready, and, of containerd, which
// directory it reads CNI configurations from.

import { tryParseJsonObject } from "../../sys/json.ts";
import { bool, list, message, nested, string } from "./protobuf.ts";

const RuntimeCondition = message({ type: string(1), status: bool(2), reason: string(3), message: string(4) });
/** A map on the wire is a list of its entries. */
const InfoEntry = message({ key: string(1), value: string(2) });
export const StatusRequest = message({ verbose: bool(1) });
export const StatusResponse = message({
  status: nested(1, message({ conditions: list(1, RuntimeCondition) })),
  info: list(2, InfoEntry),
});

export interface RuntimeStatus {
  /** What is not as it should be, as `NetworkReady is false: cni plugin not initialized`. */
  readonly notReady: readonly string[];
  /** Undefined where the runtime does not say: only containerd does. */
  readonly confDir: string | undefined;
  /** What came of reading that directory last, where it went wrong. */
  readonly loadFailure: string | undefined;
}

/** The conditions every runtime has to give; others are its own. */
const required = ["RuntimeReady", "NetworkReady"];

export function toRuntimeStatus({ status, info }: ReturnType<(typeof StatusResponse)["decode"]>): RuntimeStatus {
  const conditions = status?.conditions ?? [];
  const notReady = conditions
    .filter(({ type, status: isSo }) => required.includes(type) && !isSo)
    .map(({ type, reason, message: words }) => `${type} is false: ${words === "" ? reason : words}`);
  const byKey = new Map(info.map(({ key, value }) => [key, value]));
  const confDir = tryParseJsonObject(byKey.get("cniconfig") ?? "")?.PluginConfDir;
  const load = byKey.get("lastCNILoadStatus");
  return {
    notReady,
    confDir: typeof confDir === "string" && confDir !== "" ? confDir : undefined,
    loadFailure: load === undefined || load === "" || load === "OK" ? undefined : load,
  };
}
