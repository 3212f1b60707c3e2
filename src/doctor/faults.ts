// The table of faults: what each is worth and the command that mends it. Every condition of the daemon has a row, and what only
// `headcni doctor` looks for. docs/reference/doctor.md is generated from it. Pure.

interface FaultKind {
  /** `failed`: pods lack network, or will. `warning`: somebody should look. */
  readonly status: "failed" | "warning";
  /** The command that mends it; words in capitals are to be replaced. */
  readonly remedy: string;
  /** What it is, where no condition of the daemon says so. */
  readonly title?: string;
}

const failed = (remedy: string, title?: string): FaultKind => ({ status: "failed", remedy, ...(title && { title }) });
const warning = (remedy: string, title?: string): FaultKind => ({ status: "warning", remedy, ...(title && { title }) });

const setPodCIDR = "edit network.podCIDR.nodeLocal in /etc/headcni/config.yaml, then: headcni config validate";
const drain = "kubectl drain NODE --ignore-daemonsets --delete-emptydir-data";
const restart = "systemctl restart headcni; in a cluster: kubectl -n kube-system rollout restart ds/headcni-daemon";
const restartTailscaled = "systemctl restart tailscaled";
const approve = "headscale nodes approve-routes --identifier ID --routes PODCIDR";

export const faults = {
  ConfigInvalid: failed("headcni config validate"),
  ConfigPassedOver: warning("headcni config explain"),
  RuntimeFolderDiffers: failed(
    "headcni config explain, then remove cni.confDir or cni.binDir from /etc/headcni/config.yaml",
  ),
  PodCIDRUnusable: failed(setPodCIDR, "What was written as this node's PodCIDR cannot be used"),
  PodCIDRNotAuthoritative: warning(setPodCIDR),
  NodeNotListed: warning(setPodCIDR),
  PodCIDRQuestionable: warning("headcni podcidr"),
  PodCIDRRefused: failed(setPodCIDR),
  PodCIDRClash: failed("ip address && ip route, take the other away; or headcni podcidr, then set another and drain"),
  ClusterCIDROverlaps: warning("headcni podcidr"),
  NetworksUnknown: warning("apt-get install iproute2"),
  PodCIDRSourceLost: warning(setPodCIDR),
  PodCIDRChangeBlocked: warning(drain),
  SourceFilesSkipped: warning("headcni podcidr inspect FILE"),
  APIServerUnreachable: warning("kubectl get --raw /readyz"),
  NodeObjectRefused: warning("kubectl auth can-i get nodes --as=system:serviceaccount:kube-system:headcni"),
  NodeObjectWithoutPodCIDR: warning("kubectl get nodes -o custom-columns=N:.metadata.name,C:.spec.podCIDR"),
  NodeObjectNotKept: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  NodeObjectDiffers: warning("kubectl get nodes -o custom-columns=N:.metadata.name,C:.spec.podCIDR; headcni podcidr"),
  NodeNameUnusable: failed(
    "edit nodeName in /etc/headcni/config.yaml, then: headcni podcidr",
    "This node's name cannot be told",
  ),
  NodeNameDisputed: warning("kubectl get nodes, then edit nodeName in /etc/headcni/config.yaml"),
  NodeNameUncertain: warning("kubectl get nodes, then edit nodeName in /etc/headcni/config.yaml"),
  ConflistAbsent: failed("headcni conflist install", "There is no CNI configuration of HeadCNI"),
  ConflistInvalid: failed("headcni conflist validate"),
  ConflistDiffers: warning(
    "headcni conflist diff, then: headcni conflist install",
    "The CNI configuration is not what this node's should be",
  ),
  ConflistNotWritten: failed("findmnt -T /etc/cni/net.d; ls -ld /etc/cni /etc/cni/net.d"),
  ConflistAccess: warning("headcni conflist install", "Others than root can change the CNI configuration"),
  MountedFolderGone: failed("kubectl -n kube-system delete pod POD"),
  BackupsNotWritten: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  ConflistContested: failed("kubectl get ds -A"),
  OtherConfigPreferred: failed(
    "headcni conflist install, with cni.otherConfigs: moveAside in /etc/headcni/config.yaml",
  ),
  MetaPluginUnclear: warning("edit clusterNetwork in the meta-plugin's file: headcni"),
  ChainedPluginsLost: failed(
    "edit cni.plugins in /etc/headcni/config.yaml: [{type: portmap, capabilities: {portMappings: true}}]",
  ),
  RuntimeUnknown: warning(
    "edit cni.confDir and cni.binDir in /etc/headcni/config.yaml to what the runtime reads",
    "The container runtime of this node is not known",
  ),
  RuntimeSilent: failed("systemctl status containerd crio k3s", "The container runtime does not answer"),
  RuntimeNotReady: failed(
    "headcni conflist validate; journalctl -u containerd -u crio -u k3s -n 50",
    "The container runtime says that it, or its pods' network, is not ready",
  ),
  PluginsUnusable: failed("headcni conflist validate", "Plugins are missing, too old, or do not start"),
  PluginUnusable: warning("headcni conflist validate, or cni.type: bridge in /etc/headcni/config.yaml"),
  LeasesNotFreed: warning("headcni ipam list"),
  LeasesLeaked: warning("headcni ipam gc", "Addresses of pods that are gone are still given out"),
  LeasesExhausted: failed("headcni ipam gc", "No address, or hardly one, is left for new pods"),
  BridgeAddressConflict: failed(drain),
  BridgeNotReplaced: failed("ip link del headcni0"),
  BridgeUnknown: warning("apt-get install iproute2"),
  BridgeNotMade: warning(restart),
  ForwardingOff: failed("sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"),
  BridgeNetfilterOff: warning("modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1"),
  ReversePathStrict: failed(
    "sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.tailscale0.rp_filter=2",
    "The kernel drops what comes from other nodes' pods (rp_filter)",
  ),
  PodMtuTooLarge: failed("edit network.mtu in /etc/headcni/config.yaml: 1280, then restart the pods"),
  ClusterNotClosed: warning("edit network.serviceCIDR in /etc/headcni/config.yaml, or give Services another range"),
  RoutingRulesNotApplied: failed(restart),
  TailscaleRulesMissing: failed(restartTailscaled, "tailscaled's routing rules are missing, or in the wrong place"),
  MasqueradeNotApplied: failed(restart),
  SourcesNotKept: failed(restart),
  BridgeCannotMasquerade: failed("edit network.masquerade in /etc/headcni/config.yaml: daemon"),
  HostPortsNotMapped: warning(
    "edit /etc/default/tailscaled: TS_DEBUG_FIREWALL_MODE=iptables, then: systemctl restart tailscaled",
  ),
  ForwardNotOpened: failed("iptables -A FORWARD -i headcni0 -j ACCEPT && iptables -A FORWARD -o headcni0 -j ACCEPT"),
  ForwardRefused: failed("firewall-cmd --permanent --zone=trusted --add-interface=headcni0 && firewall-cmd --reload"),
  FirewallBackendsMixed: warning(
    "iptables-legacy-save; then remove its rules, or update-alternatives --config iptables",
    "Rules are in both backends of iptables",
  ),
  RulesContested: warning("nft monitor; ip monitor rule"),
  NodeStateNotWritten: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  TailnetNotRemembered: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  StateDirNotWritable: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  StateDirExposed: failed("chown root:root /var/lib/headcni /run/headcni && chmod go-w /var/lib/headcni /run/headcni"),
  TailscaledAbsent: failed("systemctl enable --now tailscaled"),
  TailscaleAccessDenied: failed("tailscale set --operator=USER, or run headcni-daemon as root"),
  TailscaleCallRefused: failed("journalctl -u tailscaled -n 50"),
  TailscaleStopped: failed("tailscale up"),
  TailscaleNeedsLogin: failed("tailscale up --login-server=URL"),
  TailscaleLoginRefused: failed("headscale preauthkeys create --user USER"),
  TailscaleKeyUnusable: failed("ls -l FILE; chmod 0600 FILE"),
  TailscaleControlUnreachable: failed("curl -v URL/health"),
  TailscaleStatefulFiltering: failed("tailscale set --stateful-filtering=false"),
  TailscaleShieldsUp: failed("tailscale set --shields-up=false"),
  TailscalePrefsRefused: failed("tailscale set --accept-routes"),
  TailscalePrefsNotRecorded: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  TailscaleTooOld: warning("tailscale update"),
  TailscaleWithoutTun: failed(
    "edit FLAGS in /etc/default/tailscaled: --tun=tailscale0, then: systemctl restart tailscaled",
  ),
  TailscaledsCompete: failed("ss -xlp | grep tailscaled.sock, then stop one of them"),
  TailscaledDamaged: failed(restartTailscaled),
  TailscaleKeyExpired: failed("tailscale up --force-reauth", "This node's key for the tailnet has expired"),
  TailscaleKeyExpires: warning("tailscale up --force-reauth", "This node's key for the tailnet expires soon"),
  RelayedOnly: warning("tailscale netcheck; let UDP port 41641 out and in", "No other node is reached but by a relay"),
  ClockSkewed: warning("timedatectl set-ntp true", "The clock is not that of the control server"),
  RouteNotAdvertised: failed(
    "tailscale set --advertise-routes=PODCIDR",
    "This node's PodCIDR is not offered to the tailnet",
  ),
  PodCIDRAwaitsClaim: failed("headcni status; or set network.podCIDR.nodeLocal in /etc/headcni/config.yaml"),
  AssignedPodCIDRContested: failed(
    "headscale nodes list-routes, then give one of the two another network.podCIDR.nodeLocal",
  ),
  PodCIDRClaimContested: failed(drain),
  PodCIDRClaimShared: warning("headcni status, on the node that is named"),
  NoPodCIDRLeft: failed(
    "edit network.podCIDR.base in /etc/headcni/config.yaml; headscale nodes delete --identifier ID",
  ),
  PodCIDRClaimUnheard: warning("headcni doctor, once the tailnet is there"),
  ClaimsNotRemembered: warning("findmnt -T /var/lib/headcni; df /var/lib/headcni"),
  PodCIDRServedElsewhere: failed(
    "headscale nodes list-routes, then give one of the two another network.podCIDR.nodeLocal",
  ),
  PodCIDRSplit: failed("tailscale set --advertise-routes=… on the other node"),
  PodCIDRSwallowed: warning("headscale nodes list-routes"),
  PodCIDRInTailnetRange: failed("edit network.podCIDR.base in /etc/headcni/config.yaml"),
  OthersPodCIDRsConflict: warning(
    "headscale nodes list-routes, then give one of the two another network.podCIDR.nodeLocal",
  ),
  HeadscaleRefused: warning(
    "curl -v URL/health; headscale apikeys create",
    "Headscale does not answer with the key of the configuration",
  ),
  NodesStale: warning("headcni headscale withdraw", "Nodes that are gone keep PodCIDRs in Headscale"),
  RouteNotApproved: failed(approve),
  PolicyForbidsPods: failed(
    "headscale policy get, then accept from the cluster's CIDR to the cluster's CIDR: headscale policy set -f FILE",
  ),
  PeerRoutesMissing: failed("tailscale set --accept-routes; ip route show table 52"),
  PeersSilent: warning("headcni doctor, on the node that is named"),
  PeersWithoutRoute: warning(
    "headscale nodes list-routes; headscale nodes approve-routes --identifier ID --routes PODCIDR",
  ),
  NodeAddressNotOnTailnet: warning(
    "edit /etc/default/kubelet (k3s: node-ip in /etc/rancher/k3s/config.yaml): --node-ip=TAILNET-ADDRESS, then restart it",
    "The kubelet's address is not on the tailnet, and other nodes are on other networks",
  ),
  HeadscaleSettingsUnusable: warning("edit headscale in /etc/headcni/config.yaml; chmod 0600 the key's file"),
  HeadscaleKeyRefused: warning("headscale apikeys create --expiration 90d > the file of headscale.apiKeyFile"),
  HeadscaleUnreachable: warning("systemctl status headscale, on its machine; headcni config explain"),
  ApprovalFailed: warning("journalctl -u headscale, on its machine; headcni headscale approve"),
  ApprovalWithoutTag: warning("headscale nodes tag --identifier ID --tags TAG"),
  ApprovalOfNoBlock: warning("edit network.podCIDR.perNode in /etc/headcni/config.yaml"),
  ApprovalOfSecondBlock: warning("tailscale set --advertise-routes=PODCIDR, on the node that is named"),
  ApprovalOfHeldBlock: warning("headcni headscale withdraw NODE, where the node that has it is gone"),
  ApprovalOutsideCluster: warning("edit network.podCIDR.base in /etc/headcni/config.yaml"),
  ApprovalsStale: warning("headcni headscale withdraw --stale"),
  StatusServerNotListening: warning("ss -ltnp | grep 9465, or edit monitoring.listen in /etc/headcni/config.yaml"),
  DaemonNotRunning: failed(restart, "The daemon does not run"),
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultCode = keyof typeof faults;

/** Whether a condition of a daemon, maybe of another version, is one of the table. */
export function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faults, code);
}

/** A row of the table. */
export function faultOf(code: FaultCode): FaultKind {
  return faults[code];
}
