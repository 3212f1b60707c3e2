// The networks this node has: the addresses of its devices and where its routes lead. What a PodCIDR is held against.

import type { Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { type Device, type DeviceAddress, readDevices } from "./devices.ts";
import { type Route, readRoutes } from "./routes.ts";

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

/** Asks `ip` for devices, addresses and routes side by side. Never throws. */
export async function readNetworks(system: Pick<System, "exec">): Promise<ReadNetworks> {
  const [devices, routes] = await Promise.all([readDevices(system), readRoutes(system)]);
  return { devices, networks: toNetworks(devices, routes) };
}

function toNetworks(devices: Result<readonly Device[]>, routes: Result<readonly Route[]>): Networks {
  if (devices.kind === "fault") return { kind: "unknown", why: devices.why };
  if (routes.kind === "fault") return { kind: "unknown", why: routes.why };
  const addresses = devices.value.flatMap(({ name, addresses }) =>
    addresses.map((address) => ({ device: name, ...address })),
  );
  return { kind: "known", devices: devices.value, addresses, routes: routes.value };
}
