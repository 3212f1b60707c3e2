// The configuration as the rest of the code sees it: parsed, defaulted, with units in the names; and the error that is thrown
// instead when it cannot be used. The schema that produces it, its defaults and its documentation are in `schema.ts`.

import type { Family } from "../cidr/addr.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { BridgeSettings } from "../node-state/bridge-settings.ts";
import { ConfigError, type ConfigIssue } from "../sys/errors.ts";
import type { JsonObject } from "../sys/json.ts";
import type { LogLevel } from "../sys/log/log.ts";

export type Masquerade = "bridge" | "daemon" | "none";
export type CniType = "bridge" | "headcni";
/** Who approves a node's PodCIDR. */
export type Approval = "policy" | "controller" | "node";
/** What happens to other CNIs' files the runtime would prefer to ours. */
export type OtherConfigs = "moveAside" | "keep";

/** A PodCIDR an operator wrote: one for any node that reads it, or one for each node by name. */
export type NodeLocal =
  | { readonly kind: "any"; readonly podCIDRs: PodCIDRs }
  | { readonly kind: "byNode"; readonly podCIDRs: ReadonlyMap<string, PodCIDRs> };

export interface Config {
  /** Kubernetes name of this node, when the operator wrote it. */
  readonly nodeName: string | undefined;
  readonly network: {
    readonly podCIDR: {
      readonly nodeLocal: NodeLocal | undefined;
      /** The cluster's CIDRs. */
      readonly base: PodCIDRs | undefined;
      /** Prefix length of one node's block. */
      readonly perNode: Readonly<Partial<Record<Family, number>>>;
      readonly claim: {
        /** How long a fresh node waits for the claim to a guessed PodCIDR, at most. */
        readonly timeoutMs: number;
        /** How long nothing contradicts a claim before pods may start. */
        readonly settleMs: number;
      };
      readonly nodeObject: {
        /** Whether this node's Node object is asked for. */
        readonly enabled: boolean;
        /** Undefined: with the service account of the daemon's pod. */
        readonly kubeconfig: string | undefined;
      };
    };
    readonly serviceCIDR: readonly Prefix[];
    readonly bridge: BridgeSettings;
    readonly masquerade: Masquerade;
  };
  readonly cni: {
    readonly cniVersion: string;
    readonly type: CniType;
    /** Chained plugins, put after the first one as they stand. */
    readonly plugins: readonly JsonObject[];
    readonly confDir: string;
    readonly binDir: string;
    readonly otherConfigs: OtherConfigs;
    /** Deadline the `headcni` plugin gives its delegate. */
    readonly delegateTimeoutMs: number;
  };
  readonly tailscale: {
    /** Undefined: the node's tailscaled is used where there is one. */
    readonly enabled: boolean | undefined;
    /** Path of tailscaled's LocalAPI socket. */
    readonly socket: string;
    /** Whether the node may be taken off the tailnet for a moment, to have tailscaled write anew what something removed. */
    readonly mayReconnect: boolean;
    /** Tags of the tailnet that nodes of the cluster carry. */
    readonly nodeTags: readonly string[];
    readonly login: {
      /** `https://host[:port]` of the control server; set together with `authKeyFile`, or not at all. */
      readonly server: string | undefined;
      readonly authKeyFile: string | undefined;
      readonly hostname: string | undefined;
    };
  };
  readonly headscale: {
    readonly approval: Approval;
    /** `https://host[:port]` of Headscale's API. */
    readonly url: string | undefined;
    readonly apiKeyFile: string | undefined;
    readonly caFile: string | undefined;
    /** How often the controller lists nodes that nothing tells it of. */
    readonly pollIntervalMs: number;
    /** How long a node is offline until its approval is taken back; undefined: never. */
    readonly reclaimAfterMs: number | undefined;
  };
  readonly mesh: {
    /** TCP port that peers are asked on; nothing need listen there. */
    readonly probePort: number;
  };
  readonly logging: { readonly level: LogLevel; readonly format: "auto" | "json" | "pretty" };
  readonly monitoring: {
    readonly enabled: boolean;
    /** `host:port` of the status server. */
    readonly listen: string;
  };
}

/** Where a configuration value came from. */
export type ConfigOrigin =
  | { readonly source: "file"; readonly file: string; readonly line: number }
  | { readonly source: "env"; readonly variable: string }
  | { readonly source: "flag"; readonly flag: string };

export interface LoadedConfig {
  readonly config: Config;
  /** Path of the file that was read, as on the node; undefined when there was none. */
  readonly file: string | undefined;
  /** Where on this machine the file lies, or would lie: what to watch. */
  readonly hostFile: string;
  /**
   * Origin of every key that was set, by path as written in YAML (`network.podCIDR.nodeLocal`), and of each entry of a map in
   * the file (`network.podCIDR.nodeLocal.worker-1`); others have their default.
   */
  readonly origins: ReadonlyMap<string, ConfigOrigin>;
  /** What is allowed but worth a line in the log. */
  readonly warnings: readonly ConfigIssue[];
  /**
   * Ranges in it that conflict with each other, where the caller goes on with that: HC_CONFIG_INVALID, to be thrown unless a PodCIDR
   * is in force. Undefined: there are none.
   */
  readonly conflict?: ConfigError | undefined;
  /** The one of them that tells of a file at the same path outside of the root, which is not read. */
  readonly passedOver?: ConfigIssue | undefined;
}

/** The error of a configuration that was read but cannot be used. Its issues go down the file; those from elsewhere follow. */
export function invalidConfig(issues: readonly ConfigIssue[]): ConfigError {
  const count = issues.length === 1 ? "it has one problem" : `it has ${issues.length} problems`;
  const hint = "`headcni config schema` and docs/reference/config.md list every key";
  const inOrder = issues.toSorted((a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER));
  return new ConfigError("HC_CONFIG_INVALID", `Cannot use the configuration: ${count}`, inOrder, { hint });
}

/** What is wrong with a value of the configuration, with its place: file and line, or the variable that brought it. */
export function issueAt(loaded: LoadedConfig, path: string, message: string): ConfigIssue {
  const origin = originOf(loaded, path);
  if (origin?.source === "env") return { path, message: `${origin.variable}: ${message}` };
  return { path, message, ...placeOf(loaded, path) };
}

/** File and line of a configuration key, or of an entry of the map it holds, where it came from a file. */
export function placeOf(loaded: LoadedConfig, path: string): { readonly file?: string; readonly line?: number } {
  const origin = originOf(loaded, path);
  return origin?.source === "file" ? { file: origin.file, line: origin.line } : {};
}

/** The key that gives nodes their PodCIDRs: one value, or a map whose entries have keys of their own. */
export const nodeLocalKey = "network.podCIDR.nodeLocal";

function originOf({ origins }: LoadedConfig, path: string): ConfigOrigin | undefined {
  return origins.get(path) ?? origins.get(path.startsWith(`${nodeLocalKey}.`) ? nodeLocalKey : path);
}
