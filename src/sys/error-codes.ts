// Every stable error code HeadCNI can show, with the sentence the reference page prints.
// `docs/reference/errors.md` is generated from this table (`make gen`).

export const errorCodes = {
  HC_INTERNAL: "A fault in HeadCNI itself",
  HC_USAGE: "The command line is wrong: an unknown command or flag, or a missing argument",

  HC_ADDR_INVALID: "A value is not an IPv4 or IPv6 address",
  HC_PREFIX_INVALID: "A value is not a CIDR (an address, a slash and a prefix length)",

  HC_API_SERVER: "Kubernetes' API server refuses what is asked of it, or cannot be asked",

  HC_CONFIG_FILE: "The configuration file is missing though it was named, or cannot be read",
  HC_CONFIG_INVALID: "The configuration has keys or values that cannot be used; each is listed with its place",

  HC_NODE_NAME: "The name of this node is not known, or is not one Kubernetes allows",
  HC_PODCIDR_CONFIG: "The PodCIDR or cluster range in the configuration cannot be used on this node",
  HC_PODCIDR_ENV: "The environment variable NODE_POD_CIDR holds a value that cannot be used",

  HC_CONFLIST_INVALID: "A conflist is wrong, or a plugin it calls is missing or too old; each problem is listed",
  HC_CONFLIST_WRITE: "The conflist cannot be put in place, or another CNI's file cannot be moved aside",
  HC_CONFLIST_BACKUP: "What the conflist would replace cannot be backed up, so nothing was changed",
  HC_CONFLIST_RESTORE: "A file that was moved aside cannot be put back",
  HC_CONFLIST_BUSY: "Another HeadCNI process works on the CNI configuration and does not come to an end",

  HC_FILE_READ: "A file cannot be read",
  HC_FILE_WRITE: "A file or folder cannot be written",
  HC_FILE_TOO_LARGE: "A file is larger than the limit for its kind",
  HC_FILE_NOT_REGULAR: "A path names something other than a regular file",

  HC_LOCKS_UNAVAILABLE: "The process may not make code while it runs, which taking a lock needs",

  HC_PLUGIN_INSTALL: "The headcni CNI plugin cannot be put into the plugin folder",

  HC_SECRET_FILE: "The file of a key or token may be read by others than its owner, or holds none",

  HC_HTTP_UNREACHABLE: "A server does not answer in time, or not over a connection that can be trusted",
  HC_HTTP_FAILED: "A server answered a request with an error, or not to the end",

  HC_HEADSCALE_KEY: "Headscale does not take the API key",
  HC_HEADSCALE_FAILED: "Headscale answered a call with an error, not at all, or with what is not its API",

  HC_EXEC_FAILED: "A program that HeadCNI needs cannot be started",

  HC_DATAPLANE: "The kernel's network state (bridge, firewall rules) cannot be read or changed",
  HC_CRI_UNREACHABLE: "No container runtime answers at its CRI socket",
  HC_CRI_FAILED: "The container runtime answered a CRI call with an error, or does not serve CRI v1",

  HC_LEASES_LOCKED: "host-local holds the lock on its leases for too long",
  HC_RUNTIME_UNASKED: "No container runtime could be asked which containers live, so no lease was freed",

  HC_DAEMON_RUNNING: "Another headcni-daemon already runs on this node",
  HC_DAEMON_NOT_RUNNING: "The headcni-daemon of this node does not answer",

  HC_CONNECTIVITY: "headcni connectivity could not make its pod, or has nobody to reach",
  HC_STREAM: "A TCP stream could not be made, or ended before it should",
  HC_NETNS: "A network namespace could not be entered",
  HC_DOCTOR_SKIPPED: "What a check of headcni doctor looks at is not there",
} as const satisfies Readonly<Record<string, string>>;

export type ErrorCode = keyof typeof errorCodes;
