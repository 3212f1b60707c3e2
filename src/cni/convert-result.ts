// Results of ADD in the form each version of the specification has. Converting takes away what the target version does not know
// and adds what it demands, as libcni's own converters do; everything else stays as the delegate wrote it.

import { type CniVersion, isAtLeast } from "../spec/versions.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";

/** What came with 1.1.0. */
const newInterfaceKeys: readonly string[] = ["mtu", "socketPath", "pciID"];
const newRouteKeys: readonly string[] = ["mtu", "advmss", "priority", "table", "scope"];

/** `result` in the form of `version`; a new object, with `cniVersion` first. */
export function convertResult(result: JsonObject, version: CniVersion): JsonObject {
  const { cniVersion: _, ...rest } = result;
  const without = (keys: readonly string[]) => (item: JsonObject) => omit(item, keys);
  const isNewest = isAtLeast(version, "1.1.0");
  const toIp = isAtLeast(version, "1.0.0") ? without(["version"]) : withFamily;
  return {
    cniVersion: version,
    ...rest,
    ...mapList(rest, "interfaces", isNewest ? (item) => item : without(newInterfaceKeys)),
    ...mapList(rest, "ips", toIp),
    ...mapList(rest, "routes", isNewest ? (item) => item : without(newRouteKeys)),
  };
}

/** Before 1.0.0 each entry of `ips` says its family. */
function withFamily(ip: JsonObject): JsonObject {
  const isIpv6 = typeof ip.address === "string" && ip.address.includes(":");
  return { version: isIpv6 ? "6" : "4", ...omit(ip, ["version"]) };
}

function mapList(result: JsonObject, key: string, change: (item: JsonObject) => JsonObject): JsonObject {
  const list = result[key];
  if (!Array.isArray(list)) return {};
  return { [key]: list.map((item: JsonValue) => (isJsonObject(item) ? change(item) : item)) };
}

function omit(item: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([key]) => !keys.includes(key)));
}
