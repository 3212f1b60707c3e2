// Names that must never change once a node runs pods: host-local keys its leases by network name, and
// pods hang on the bridge by its name.

/** The CNI network's `name`; host-local keeps leases in a directory of this name. */
export const networkName = "headcni";
/** Our plugin's program in the runtime's directory of plugins, and its `type` in a conflist. */
export const pluginName = "headcni";
/** The bridge device on the node. */
export const bridgeName = "headcni0";
/** Our file in the directory of CNI configurations. */
export const conflistFileName = "10-headcni.conflist";
/** Where host-local keeps leases unless its configuration names another directory. */
export const hostLocalDataDir = "/var/lib/cni/networks";
/** Backups of configurations, saved delegate configs and the persistent node state live under here. */
export const stateDir = "/var/lib/headcni";
/** Where the `headcni` plugin saves what it asked its delegate, unless the conflist names a directory. */
export const savedCallsDir = `${stateDir}/cni`;
/** The longest saved call; a longer one is not written. */
export const maxSavedCallBytes = 1 << 20;
/** Deadline the `headcni` plugin gives its delegate when the conflist names none. */
export const defaultDelegateTimeoutMs = 30_000;
