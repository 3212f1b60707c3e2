// What the fields of the plugins HeadCNI knows must hold: the combinations bridge and its companions refuse, or quietly
// ignore, only when a pod is being created. Pure; plugins it does not know are left to themselves.

import type { PluginEntry } from "../../spec/conflist.ts";
import { hostLocalProblems, hostLocalSubnets } from "../../spec/host-local.ts";
import type { ConflistProblem } from "../../spec/problem.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";

/** Plugins that only change what one before them made. */
const chainedOnly: readonly string[] = ["portmap", "bandwidth", "tuning", "firewall", "sbr", "vrf"];
/** IFNAMSIZ less the closing zero. */
const maxDeviceNameLength = 15;
/** RFC 8200, section 5. */
const minIpv6MtuBytes = 1280;

/** Everything wrong with the fields of a list of plugins. */
export function* fieldProblems(plugins: readonly PluginEntry[]): Generator<ConflistProblem> {
  for (const plugin of plugins) {
    const { path, type, entry } = plugin;
    if (path === "plugins[0]" && chainedOnly.includes(type)) {
      yield { path, message: `is ${type}, which works only behind a plugin that makes an interface` };
    }
    if (type === "portmap") yield* portmapProblems(plugin);
    if (type === "bridge") yield* bridgeProblems(path, entry);
    yield* interfaceProblems(path, entry);
    if (type !== "headcni") continue;
    const { delegate, delegateTimeoutSeconds: seconds } = entry;
    if (seconds !== undefined && !(typeof seconds === "number" && seconds > 0)) {
      const message = `is ${JSON.stringify(seconds)}: a number of seconds over 0 is wanted`;
      yield { path: `${path}.delegateTimeoutSeconds`, message };
    }
    if (!isJsonObject(delegate)) continue;
    if ((delegate.type ?? "bridge") === "bridge") yield* bridgeProblems(`${path}.delegate`, delegate);
    yield* interfaceProblems(`${path}.delegate`, delegate);
  }
}

function* portmapProblems({ path, entry }: PluginEntry): Generator<ConflistProblem> {
  const capabilities = isJsonObject(entry.capabilities) ? entry.capabilities : {};
  if (capabilities.portMappings === true || entry.runtimeConfig !== undefined) return;
  yield {
    path: `${path}.capabilities`,
    message: "lacks portMappings, without which no runtime passes portmap any port",
    hint: `write "capabilities": {"portMappings": true}`,
  };
}

/** What bridge's decoder, which takes no "yes" and no "true", wants of its keys; `bridge` and `mtu` are looked at closer. */
const bridgeKeys: Readonly<Record<string, "true or false" | "a whole number" | "text" | "a list">> = {
  isGateway: "true or false",
  isDefaultGateway: "true or false",
  forceAddress: "true or false",
  ipMasq: "true or false",
  ipMasqBackend: "text",
  hairpinMode: "true or false",
  promiscMode: "true or false",
  vlan: "a whole number",
  vlanTrunk: "a list",
  preserveDefaultVlan: "true or false",
  macspoofchk: "true or false",
  enabledad: "true or false",
  disableContainerInterface: "true or false",
  portIsolation: "true or false",
};

function isA(kind: (typeof bridgeKeys)[string], value: JsonValue): boolean {
  switch (kind) {
    case "true or false":
      return typeof value === "boolean";
    case "a whole number":
      return Number.isInteger(value);
    case "text":
      return typeof value === "string";
    case "a list":
      return Array.isArray(value);
  }
}

function* bridgeProblems(path: string, entry: JsonObject): Generator<ConflistProblem> {
  const { bridge, hairpinMode, promiscMode } = entry;
  for (const [key, kind] of Object.entries(bridgeKeys)) {
    const value = entry[key];
    // Go's decoder leaves what is null as it was.
    if (value === undefined || value === null || isA(kind, value)) continue;
    yield { path: `${path}.${key}`, message: `is ${JSON.stringify(value)}: ${kind} is wanted` };
  }
  const isName = typeof bridge === "string" && /^[^\s/]+$/.test(bridge) && bridge.length <= maxDeviceNameLength;
  if (bridge !== undefined && !isName) {
    yield { path: `${path}.bridge`, message: `is ${JSON.stringify(bridge)}, which cannot name a network device` };
  }
  if (hairpinMode === true && promiscMode === true) {
    yield { path: `${path}.promiscMode`, message: "is true together with hairpinMode, which bridge refuses" };
  }
}

/** For any plugin that makes an interface: its MTU, and its addresses where host-local gives them. */
function* interfaceProblems(path: string, { capabilities, ipam, mtu }: JsonObject): Generator<ConflistProblem> {
  if (mtu !== undefined && !(typeof mtu === "number" && Number.isInteger(mtu) && mtu >= 0 && mtu <= 65535)) {
    yield { path: `${path}.mtu`, message: `is ${JSON.stringify(mtu)}: a whole number of bytes is wanted` };
  }
  if (!isJsonObject(ipam) || ipam.type !== "host-local") return;
  yield* hostLocalProblems(`${path}.ipam`, ipam);
  const runtimeGivesRanges = isJsonObject(capabilities) && capabilities.ipRanges === true;
  if (ipam.subnet === undefined && ipam.ranges === undefined && !runtimeGivesRanges) {
    yield { path: `${path}.ipam`, message: "names no subnet and no ranges" };
  }
  const hasIpv6 = hostLocalSubnets(`${path}.ipam`, ipam).some(({ family }) => family === "ipv6");
  if (hasIpv6 && typeof mtu === "number" && mtu > 0 && mtu < minIpv6MtuBytes) {
    yield { path: `${path}.mtu`, message: `is ${mtu}, and IPv6 needs at least ${minIpv6MtuBytes}` };
  }
}
