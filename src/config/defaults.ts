// The configuration of a node whose operator wrote nothing. Without a library, so that such a node starts without loading
// the schema; a test holds that the schema's defaults are these.

import { defaultBridgeSettings } from "../node-state/bridge-settings.ts";
import { defaultDelegateTimeoutMs } from "../node-state/names.ts";
import type { Config } from "./config.ts";

/** Where the configuration file lies unless `--config` or `HEADCNI_CONFIG` says otherwise. */
export const defaultConfigFile = "/etc/headcni/config.yaml";

export const defaultConfig: Config = {
  nodeName: undefined,
  network: {
    podCIDR: {
      nodeLocal: undefined,
      base: undefined,
      perNode: {},
      nodeObject: { enabled: false, kubeconfig: undefined },
      claim: { timeoutMs: 30_000, settleMs: 6000 },
    },
    serviceCIDR: [],
    bridge: defaultBridgeSettings,
    masquerade: "bridge",
  },
  cni: {
    cniVersion: "0.4.0",
    type: "bridge",
    plugins: [],
    confDir: "/etc/cni/net.d",
    binDir: "/opt/cni/bin",
    otherConfigs: "moveAside",
    delegateTimeoutMs: defaultDelegateTimeoutMs,
  },
  tailscale: {
    enabled: undefined,
    socket: "/run/tailscale/tailscaled.sock",
    mayReconnect: false,
    nodeTags: [],
    login: { server: undefined, authKeyFile: undefined, hostname: undefined },
  },
  headscale: {
    approval: "policy",
    url: undefined,
    apiKeyFile: undefined,
    caFile: undefined,
    pollIntervalMs: 5000,
    reclaimAfterMs: undefined,
  },
  // Discard: nothing has listened there for decades.
  mesh: { probePort: 9 },
  logging: { level: "info", format: "auto" },
  monitoring: { enabled: true, listen: "127.0.0.1:9465" },
};
