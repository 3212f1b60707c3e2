// All codes of lines in the log, by what they are about, each with what its line says. A code is stable: alerts and searches may
// hold on to it, while the words of a line may change. Lines of one area tell one story: see `repeats.ts`.

export const logAreas = {
  Daemon: {
    Started: "The daemon, or the controller, starts: `version`, `pid`",
    ConfigLoaded:
      "Which file the configuration is from, and which folders are the runtime's; again when one of them changes",
    ConfigReloaded: "The configuration was read anew, from the same file",
    ConfigDoubted: "A value of the configuration is used, and looks like a mistake",
    StatusServed: "Where status, metrics and the mesh page are served",
    StatusAddressNotNoted: "`headcni status` cannot be told where the daemon serves",
    DaemonLockTakenBack: "The lock that keeps a second daemon out was removed, and is there again",
    DaemonNameHeldByOther: "A process that is no daemon holds the name that keeps a second daemon out",
    ChangesUnheard: "The kernel does not report changes of files or of the network: they are noticed later, by polling",
    Stopping: "A signal ends the process",
    Stopped: "The process has stopped everything and ends",
    PartEnded: "A part of the daemon ended by itself, and the daemon with it",
    PartNotStopped: "A part of the daemon did not stop in time when the daemon ended",
  },
  Conditions: {
    ConditionRaised: "A [condition](conditions.md) appears or says something else; `condition` is its code",
    ConditionCleared: "A condition is over; `condition` is its code, `afterSeconds` how long it lasted",
  },
  "Name and PodCIDR": {
    NodeNameFound: "What the cluster calls this node, and where that was read: `nodeName`, `from`, `file`, `line`",
    PodCIDRFound:
      "Which PodCIDR is in force and how it was found: `podCIDRs`, `source` (the level of the chain), `file`, `line`, `authoritative`",
    PodCIDRDoubted: "A source of the PodCIDR was passed over, or holds something odd",
    NodeObjectAwaited: "The first PodCIDR waits for the Node object of the API server",
    NodeObjectRead: "The API server says which PodCIDR this node has",
    NodeStateSkipped: "What an earlier daemon remembered cannot be used",
    ProgramConfigSkipped:
      "The configuration of a program of this node (kubelet, k3s, container runtime) cannot be used",
  },
  "Conflist and plugin": {
    ConflistKept: "The conflist is as it should be when the daemon starts",
    ConflistWritten: "The conflist was written, and why: `reason`",
    ConflistRestored: "Something else had changed the conflist, and it was written again: `reason`",
    OtherConfigMovedAside: "Another CNI's configuration was moved aside: `file`, `aside`",
    InterruptedRunFinished: "What an earlier run had begun with the conflist and not ended was finished",
    PluginInstalled: "The CNI plugin was put into the plugin folder",
  },
  Dataplane: {
    BridgeRemoved: "The bridge of another PodCIDR was removed; the next pod makes a new one",
    BridgeChanged: "The pod bridge was made, given its gateway address, or given up to the node that has its range",
    DataplaneChanged: "Rules, routes or settings of the kernel were changed to what is wanted: `part`",
    DataplaneRepaired:
      "Something else had changed rules, routes or settings of the kernel, and they were put right: `part`",
    TailnetMemoryKept: "What is remembered of the tailnet could not be removed",
  },
  Tailscale: {
    LoggedIn: "tailscaled is logged in after that",
    LoginStarted: "tailscaled is asked to log in with the auth key of the configuration",
    PrefsChanged: "Prefs of tailscaled were changed: `edit`",
    PrefsTakenBack: "What HeadCNI had changed in tailscaled's prefs was taken back: `edit`",
    PrefsLeft: "What HeadCNI had changed in a tailscaled that does not answer any more stays",
    TailscaledHealed:
      "tailscaled was made to write rules or routes anew that something had removed, or to ask the control server anew",
  },
  "PodCIDRs on the tailnet": {
    RouteAdvertised: "A route is offered to the tailnet: `routes`",
    RouteWithdrawn: "A route is offered no longer: `routes`",
    RouteProven: "Packets from this node's gateway come back from other nodes: its PodCIDR is served",
    RouteUnproven: "They come back no longer, or do not from the start; a condition says why",
    ClaimMade: "A PodCIDR that nothing assigned is offered to the tailnet",
    ClaimProvisional: "No node contradicts that claim, so pods may start",
    ClaimWon: "A packet proves the claim",
    ClaimLost: "Another node has the PodCIDR, and it is given up: `others`",
    ClaimMoves: "Another block is taken instead",
    ClaimContested: "Another node has the PodCIDR too, and pods of this node hold it: `others`",
    ClaimWithdrawn: "The PodCIDR is left to the other node, and is for this node's own traffic only",
    ClaimLocal: "The PodCIDR is for this node's own traffic only: no tailnet came in time",
    ClaimsMemoryUnreadable: "What was remembered of other nodes' PodCIDRs cannot be read",
    RouteApproved: "Headscale was made to approve a route of a node",
    ApprovalTakenBack: "The approval of a route was taken back: its node is offline for long",
  },
  Mesh: {
    MeshSeen: "The nodes of the mesh at the start",
    MeshNodeJoined: "A node joined the mesh",
    MeshNodeChanged: "A node of the mesh went offline, came back, or has another PodCIDR: `was`",
    MeshNodeLeft: "A node left the mesh",
  },
  Leases: {
    LeasesFreed: "Addresses that no container holds were freed: `addresses`",
    LeasesUnreadable: "The leases cannot be counted, so one is taken to be held",
    LeaseSweepFailed: "Addresses that no container holds could not be looked for",
  },
  Commands: {
    TakenOut: "`headcni uninstall` took something of HeadCNI out of the node",
    LeftInPlace: "`headcni uninstall` left something where it is, and why",
    TestPodNotRemoved: "A plugin could not take the pod of `headcni connectivity test` away",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type LogCode = { [Area in keyof typeof logAreas]: keyof (typeof logAreas)[Area] }[keyof typeof logAreas];
