// Alerts and recording rules as data: chart/rules/headcni.yaml and docs/reference/alerts.md are made from this table, and each alert
// is provoked in test/monitoring. What a node says itself is a condition: an alert is only what several nodes together show, what a
// node that is gone cannot say, or what is better known before it is one.

export interface Alert {
  readonly name: string;
  /** `critical`: pods lack network, or soon will. `warning`: an operator should look in working hours. `info`: worth knowing. */
  readonly severity: "critical" | "warning" | "info";
  /** PromQL. */
  readonly expr: string;
  /** How long it has to hold. */
  readonly holdsFor: string;
  /** One line, with the labels of the series. */
  readonly summary: string;
  /** What it means for pods, and what to do first. */
  readonly description: string;
}

/** The node by the name that the chart's PodMonitor gives it, else by its address. */
const node = "{{ or $labels.node $labels.instance }}";
const hours = "{{ $value | humanizeDuration }}";
const share = "{{ $value | humanizePercentage }}";

export const alerts: readonly Alert[] = [
  {
    name: "HeadCNINodeNotReady",
    severity: "critical",
    expr: "headcni_ready == 0",
    holdsFor: "5m",
    summary: `${node} cannot take pods`,
    description:
      "New pods get no network there. Run `headcni doctor` on the node: it names the cause and the command that mends it.",
  },
  {
    name: "HeadCNIPodsAffected",
    severity: "critical",
    expr: 'headcni_condition{affects_pods="true", severity="warning"} == 1',
    holdsFor: "5m",
    summary: `{{ $labels.code }} on ${node}: pods there lack network`,
    description:
      "The node is ready, and some of what its pods send does not arrive. `headcni status` on the node has the sentence and the remedy of this condition.",
  },
  {
    name: "HeadCNINodeCutOff",
    severity: "critical",
    expr: '(count by (peer) (headcni_mesh_peer_route_state{state=~"silent|unapproved"} == 1)) unless on (peer) headcni_mesh_peer_route_state{state="live"}',
    holdsFor: "5m",
    summary: "Pods of {{ $labels.peer }} are reached from no other node",
    description:
      "The node is online, and its route is not approved or does not answer. `headcni doctor` there says which; `headcni mesh` on any node shows who reaches whom.",
  },
  {
    name: "HeadCNIPodCIDRConflict",
    severity: "critical",
    expr: "max(headcni_mesh_conflicts) > 0",
    holdsFor: "5m",
    summary: "Routes of the tailnet share addresses",
    description:
      "Two nodes serve the same PodCIDR, or one within another's: what is sent there may reach the wrong pods. `headcni mesh` on any node names both.",
  },
  {
    name: "HeadCNIDaemonDown",
    severity: "warning",
    expr: "up == 0 and on (job, instance) group by (job, instance) (last_over_time(headcni_build_info[1d]))",
    holdsFor: "10m",
    summary: `The daemon of ${node} does not answer`,
    description:
      "Pods go on talking, for the kernel forwards and not the daemon; nothing is repaired or announced meanwhile. Look at the daemon's log, and whether the node is up.",
  },
  {
    name: "HeadCNINodesNotScraped",
    severity: "warning",
    expr: "max(headcni_mesh_nodes) - count(headcni_ready) > 0",
    holdsFor: "1h",
    summary: "{{ $value }} nodes of the cluster are on the tailnet, and their daemons are not scraped",
    description:
      "The daemon does not run there, its metrics are served on loopback alone, or the node is gone for good and still known to Headscale (`headcni doctor` lists such).",
  },
  {
    name: "HeadCNINodeKeyExpires",
    severity: "warning",
    expr: "headcni_tailscale_key_expiry_timestamp_seconds - time() < 7 * 86400",
    holdsFor: "1h",
    summary: `The tailnet lets ${node} in for another ${hours}`,
    description:
      "Then its pods reach no other node. `tailscale up --force-reauth` on the node logs it in anew; keys of nodes with tags do not expire.",
  },
  {
    name: "HeadCNIPodAddressesRunOut",
    severity: "warning",
    expr: "headcni_host_local_leases / headcni_host_local_addresses > 0.9",
    holdsFor: "15m",
    summary: `${share} of the addresses for pods on ${node} are given out`,
    description:
      "With none left, pods there stay in ContainerCreating. `headcni ipam list` shows what holds them; fewer pods a node (maxPods) or a larger PodCIDR ends it.",
  },
  {
    name: "HeadCNIRelayedOnly",
    severity: "warning",
    expr: "max without (peer) (headcni_mesh_peer_direct) == 0",
    holdsFor: "30m",
    summary: `${node} reaches no other node without a relay`,
    description:
      "Pods talk, slower. A firewall that drops UDP is the usual cause: `headcni ping NODE` says which way packets take.",
  },
  {
    name: "HeadCNIKernelRulesContested",
    severity: "warning",
    expr: "sum without (part) (increase(headcni_dataplane_repairs_total[1h])) > 10",
    holdsFor: "0m",
    summary: `The rules for pods on ${node} were put right {{ $value | humanize }} times within an hour`,
    description:
      "Something else keeps removing them: a firewall's reload, another CNI, an agent that manages iptables. The daemon's log says what was lost each time.",
  },
  {
    name: "HeadCNIConflistContested",
    severity: "warning",
    expr: "sum without (reason) (increase(headcni_conflist_writes_total[1h])) > 5",
    holdsFor: "0m",
    summary: `The CNI configuration of ${node} was written {{ $value | humanize }} times within an hour`,
    description:
      "Something else keeps changing it, an installer of another CNI most of all. The daemon's log says what was found.",
  },
  {
    name: "HeadCNIReconcileSlow",
    severity: "warning",
    expr: "histogram_quantile(0.99, sum without (pod, container) (rate(headcni_reconcile_duration_seconds_bucket[15m]))) > 2",
    holdsFor: "15m",
    summary: `A look at ${node} takes ${hours}`,
    description:
      "10 ms is usual. A disk or a processor that has no time, most of all: what changes on the node is put right late.",
  },
  {
    name: "HeadCNIDaemonRestarts",
    severity: "warning",
    expr: "changes(process_start_time_seconds[1h]) > 3 and on (job, instance) headcni_ready",
    holdsFor: "0m",
    summary: `The daemon of ${node} has started {{ $value | humanize }} times within an hour`,
    description:
      "`kubectl logs --previous`, or the journal, has its last words; `kubectl describe pod` whether it ran out of memory.",
  },
  {
    name: "HeadCNICondition",
    severity: "info",
    expr: 'headcni_condition{affects_pods="false", severity="warning"} == 1',
    holdsFor: "1h",
    summary: `{{ $labels.code }} on ${node}`,
    description: "`headcni status` on the node has the sentence of this condition and what to do about it.",
  },
  {
    name: "HeadCNIVersionsDiffer",
    severity: "info",
    expr: "count(count by (version) (headcni_build_info)) > 1",
    holdsFor: "6h",
    summary: "{{ $value }} versions of HeadCNI run in the cluster",
    description:
      "An upgrade stopped half-way: `kubectl rollout status -n kube-system daemonset/headcni-daemon` says where.",
  },
];

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly help: string;
}

/** What the service-level objectives of docs/monitoring.md are counted from. */
export const recordingRules: readonly RecordingRule[] = [
  {
    record: "cluster:headcni_ready:avg",
    expr: "avg(headcni_ready)",
    help: "The share of nodes that can take pods",
  },
  {
    record: "cluster:headcni_routes_live:ratio",
    expr: '(count(headcni_mesh_peer_route_state{state="live"}) or vector(0)) / count(headcni_mesh_peer_route_state{state!="unknown"})',
    help: "The share of ways between nodes by which pods reach each other, of those to nodes that are online",
  },
];
