// What `GET status` tells, in the fields HeadCNI uses. Pure types.

import type { Addr } from "../../cidr/addr.ts";
import type { Prefix } from "../../cidr/prefix.ts";

export interface StatusNode {
  readonly id: string;
  readonly dnsName: string;
  readonly hostName: string;
  readonly addresses: readonly Addr[];
  readonly primaryRoutes: readonly Prefix[];
  readonly tags: readonly string[];
  readonly isOnline: boolean;
  readonly isInNetworkMap: boolean;
  /** `ip:port` of the path in use; empty when it is relayed or idle. */
  readonly currentAddress: string;
  /** The relay it is reached by while there is no direct path: a region, or another node's address. */
  readonly relay: string;
  /** Whether something was sent there within the last minutes. */
  readonly isActive: boolean;
  /** When its key expires, milliseconds since the epoch; undefined: never. */
  readonly keyExpiresAtMs: number | undefined;
}

export interface TailscaleStatus {
  /** As the build says: `1.102.3`, `1.102.3-ERR-BuildInfo`, `1.80.3-t1234-g5678`. */
  readonly version: string;
  /** Whether it has a device; without one (userspace networking) it carries no traffic of pods. Undefined: it does not say. */
  readonly hasTun: boolean | undefined;
  /** `NoState`, `NeedsLogin`, `NeedsMachineAuth`, `Stopped`, `Starting`, `Running` */
  readonly backendState: string;
  readonly hasNodeKey: boolean;
  /** Whether the control server waits for a login, whatever the state is called. */
  readonly isAskedToLogIn: boolean;
  readonly health: readonly string[];
  readonly self: StatusNode | undefined;
  readonly peers: readonly StatusNode[];
}
