// The panels of the Grafana dashboard as data, in the order they are laid out: what is wrong now first, then the ways between nodes, then
// what each node does. Every query is of metrics that HeadCNI declares: test/monitoring holds it.

import { daemonRows } from "./daemon-panels.ts";
import { byNode, fullIsGood, noneIsGood, of, plot, type Row, stat } from "./panel.ts";

export const rows: readonly Row[] = [
  {
    title: "Now",
    panels: [
      {
        ...stat,
        title: "Nodes that are ready",
        description: "The share of daemons that say their node can take pods. One that is not scraped does not count.",
        unit: "percentunit",
        thresholds: fullIsGood,
        queries: [{ expr: "avg(headcni_ready)", legend: "" }],
      },
      {
        ...stat,
        title: "Ways between nodes that work",
        description: "Of the ways to nodes that are online, those on which packets came back.",
        unit: "percentunit",
        thresholds: fullIsGood,
        queries: [
          {
            expr: '(count(headcni_mesh_peer_route_state{state="live"}) or vector(0)) / count(headcni_mesh_peer_route_state{state!="unknown"})',
            legend: "",
          },
        ],
      },
      {
        ...stat,
        title: "Nodes on the tailnet",
        description: "Nodes of the cluster, offline ones included, as the node that sees most has them.",
        unit: "short",
        queries: [{ expr: "max(headcni_mesh_nodes)", legend: "" }],
      },
      {
        ...stat,
        title: "Conditions that affect pods",
        description: "Bad states that last and because of which pods lack network.",
        unit: "short",
        thresholds: noneIsGood("red"),
        queries: [{ expr: `sum(headcni_condition{affects_pods="true", ${of}})`, legend: "" }],
      },
      {
        ...stat,
        title: "Other conditions",
        description: "Bad states that last and leave pods their network.",
        unit: "short",
        thresholds: noneIsGood("yellow"),
        queries: [{ expr: `sum(headcni_condition{affects_pods="false", ${of}})`, legend: "" }],
      },
      {
        ...stat,
        title: "Conflicts of routes",
        description: "Routes of the tailnet that share addresses, as the node that sees most has them.",
        unit: "short",
        thresholds: noneIsGood("red"),
        queries: [{ expr: "max(headcni_mesh_conflicts)", legend: "" }],
      },
      {
        title: "Conditions that hold",
        description: "headcni status on the node has the sentence and the remedy of each.",
        type: "table",
        width: 12,
        height: 8,
        unit: "short",
        queries: [{ expr: `sum by (node, severity, code, affects_pods) (headcni_condition{${of}}) > 0`, legend: "" }],
      },
      {
        title: "PodCIDRs",
        description: "What each node gives to pods, and who said it.",
        type: "table",
        width: 12,
        height: 8,
        unit: "short",
        queries: [{ expr: `sum by (node, cidr, source) (headcni_podcidr_info{${of}})`, legend: "" }],
      },
    ],
  },
  {
    title: "The ways between nodes",
    panels: [
      {
        ...plot,
        title: "Ways by state",
        description:
          "Each node asks each other one. unknown: the other is offline, or was not asked yet; unapproved: the control server does not serve its route.",
        unit: "short",
        isStacked: true,
        queries: [{ expr: `count by (state) (headcni_mesh_peer_route_state{${of}})`, legend: "{{state}}" }],
      },
      {
        ...plot,
        title: "Round trips",
        description: "From this node's gateway to the other's, as the last connect took.",
        unit: "s",
        queries: [{ expr: `headcni_mesh_peer_rtt_seconds{${of}}`, legend: "{{node}} to {{peer}}" }],
      },
      {
        ...plot,
        title: "Ways without a relay",
        description: "Of the ways on which something is sent. 0 %: a firewall drops UDP, most of the time.",
        unit: "percentunit",
        max: 1,
        queries: [{ expr: `avg by (node) (headcni_mesh_peer_direct{${of}})`, legend: byNode }],
      },
      {
        ...plot,
        title: "Nodes online, as the control server counts them",
        description: "Of each node, whether any other sees it online.",
        type: "state-timeline",
        unit: "short",
        thresholds: [
          { color: "red", from: null },
          { color: "green", from: 1 },
        ],
        queries: [{ expr: "max by (peer) (headcni_mesh_peer_up)", legend: "{{peer}}" }],
      },
    ],
  },
  {
    title: "Pods",
    panels: [
      {
        ...plot,
        title: "Pods",
        description: "Devices on the bridge or leases, whichever is more.",
        unit: "short",
        queries: [{ expr: `headcni_pods{${of}}`, legend: byNode }],
      },
      {
        ...plot,
        title: "Addresses given out",
        description: "Of those that host-local has for pods. With none left new pods wait.",
        unit: "percentunit",
        max: 1,
        queries: [{ expr: `headcni_host_local_leases{${of}} / headcni_host_local_addresses{${of}}`, legend: byNode }],
      },
      {
        ...plot,
        title: "Leases freed",
        description: "Addresses of containers that the runtime does not know any more.",
        unit: "short",
        queries: [
          { expr: `sum by (node) (increase(headcni_leases_freed_total{${of}}[$__rate_interval]))`, legend: byNode },
        ],
      },
    ],
  },
  ...daemonRows,
];
