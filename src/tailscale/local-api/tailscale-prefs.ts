// tailscaled's prefs, in the fields HeadCNI uses. Pure types.

import type { JsonObject } from "../../sys/json.ts";

/** The prefs that are used, and `raw`: all of them, as tailscaled gave them. */
export interface TailscalePrefs {
  readonly controlURL: string;
  readonly advertiseRoutes: readonly string[];
  /** Whether routes of peers are accepted. */
  readonly routeAll: boolean;
  /** False: stateful filtering is on, which drops what pods of other nodes send. Undefined is as good as true. */
  readonly noStatefulFiltering: boolean | undefined;
  /** Whether everything that other nodes begin is refused. */
  readonly shieldsUp: boolean;
  readonly raw: JsonObject;
}

/** A change of some prefs; the others stay. */
export interface PrefsEdit {
  readonly advertiseRoutes?: readonly string[];
  readonly routeAll?: boolean;
  readonly noStatefulFiltering?: boolean;
  /** 2: tailscaled's chains are called by the firewall's; 1: they are there; 0: there are none. */
  readonly netfilterMode?: number;
  /** False: the node is taken off the tailnet, with everything tailscaled has in the kernel. */
  readonly wantRunning?: boolean;
}
