// The networks this node has: the addresses of its devices and where its routes lead. What a PodCIDR is held against.

import { ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { type Device, type DeviceAddress, parseDevices, readDevices } from "./devices.ts";
import { askIp } from "./ip.ts";
import { parseRoutes, type Route, readRoutes, usualTables } from "./routes.ts";

export interface NodeAddress extends DeviceAddress {
  readonly device: string;
}

/** `unknown` is not empty: nothing may be taken for free on a guess. */
export type Networks =
  | {
      readonly kind: "known";
      readonly devices: readonly Device[];
      /** In the order of the devices. */
      readonly addresses: readonly NodeAddress[];
      readonly routes: readonly Route[];
    }
  | { readonly kind: "unknown"; readonly why: string };

export interface ReadNetworks {
  /** What the networks were made of, for those that need the devices alone. */
  readonly devices: Result<readonly Device[]>;
  readonly networks: Networks;
}

/**
 * Asks `ip` for devices, addresses and routes: all at once, since each start of `ip` takes a fiftieth of the daemon's first step; by
 * themselves where that gives no answer to each, as on a kernel without IPv6, so that a fault is that of its question. Never throws.
 */
export async function readNetworks(system: Pick<System, "exec">): Promise<ReadNetworks> {
  const asked = (await askAtOnce(system)) ?? (await Promise.all([readDevices(system), readRoutes(system)]));
  const [devices, routes] = asked;
  return { devices, networks: toNetworks(devices, routes) };
}

/** A family's routes are those below its whole range: nothing in the answer tells whose `default` a route without a gateway is. */
const questions = "addr show\nroute show table all root 0.0.0.0/0\nroute show table all root ::/0\n";

/** Undefined unless `ip` answers all with one line of JSON each. */
async function askAtOnce(
  system: Pick<System, "exec">,
): Promise<readonly [Result<readonly Device[]>, Result<readonly Route[]>] | undefined> {
  const asked = await askIp(system, "-batch -", questions);
  const lines = asked.kind === "fault" ? [] : asked.value.trimEnd().split("\n");
  const [addresses, ipv4, ipv6] = lines;
  if (lines.length !== 3 || addresses === undefined || ipv4 === undefined || ipv6 === undefined) return undefined;
  const devices = parseDevices(addresses);
  const first = parseRoutes(ipv4, "ipv4", usualTables);
  const second = parseRoutes(ipv6, "ipv6", usualTables);
  if (devices.kind === "fault" || first.kind === "fault" || second.kind === "fault") return undefined;
  return [devices, ok([...first.value, ...second.value])];
}

function toNetworks(devices: Result<readonly Device[]>, routes: Result<readonly Route[]>): Networks {
  if (devices.kind === "fault") return { kind: "unknown", why: devices.why };
  if (routes.kind === "fault") return { kind: "unknown", why: routes.why };
  const addresses = devices.value.flatMap(({ name, addresses }) =>
    addresses.map((address) => ({ device: name, ...address })),
  );
  return { kind: "known", devices: devices.value, addresses, routes: routes.value };
}
