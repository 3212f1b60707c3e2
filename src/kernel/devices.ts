// The network devices of this network namespace with their addresses, as `ip -j addr show` prints them.

import { tryParseAddr } from "../cidr/addr.ts";
import { Prefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import { ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { askIp, parseList } from "./ip.ts";

export interface Device {
  readonly name: string;
  readonly mtuBytes: number;
  /** The bridge, bond or VRF it is a port of. */
  readonly master: string | undefined;
  readonly addresses: readonly DeviceAddress[];
}

export interface DeviceAddress {
  /** With its length, host bits kept: `10.244.1.1/24`. Of a point-to-point address the near end with the far end's length. */
  readonly address: Prefix;
  /** As iproute2 names it: `global`, `link`, `host`, or a number. */
  readonly scope: string;
}

const addrShow = "addr show";

/** Every device; the fault says why `ip` gave none. Never throws. */
export async function readDevices(system: Pick<System, "exec">): Promise<Result<readonly Device[]>> {
  const asked = await askIp(system, addrShow);
  return asked.kind === "fault" ? asked : parseDevices(asked.value);
}

/** Reads what `ip -j addr show` printed. */
export function parseDevices(text: string): Result<readonly Device[]> {
  const parsed = parseList(text, addrShow);
  return parsed.kind === "fault" ? parsed : ok(parsed.value.map(toDevice));
}

function toDevice({ ifname, mtu, master, addr_info: infos }: JsonObject): Device {
  return {
    name: typeof ifname === "string" ? ifname : "",
    mtuBytes: typeof mtu === "number" ? mtu : 0,
    master: typeof master === "string" ? master : undefined,
    addresses: Array.isArray(infos) ? infos.filter(isJsonObject).flatMap(toAddress) : [],
  };
}

function toAddress({ local, prefixlen, scope }: JsonObject): DeviceAddress[] {
  const addr = typeof local === "string" ? tryParseAddr(local) : undefined;
  if (addr === undefined || typeof prefixlen !== "number") return [];
  return [{ address: new Prefix(addr, prefixlen), scope: String(scope ?? "") }];
}
