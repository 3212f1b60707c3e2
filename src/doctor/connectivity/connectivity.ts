// The connectivity test: a pod of this node, made and taken away, reaches every other node's pod gateway and tailnet address. What it
// asks of the other side is what every node has anyway: refusals of TCP and answers to ICMP. An interface: the document.

import { gatewayOf } from "../../cidr/pod-cidrs.ts";
import type { MeshNode } from "../../mesh/mesh.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { icmpEcho } from "../../sys/net/icmp-echo.ts";
import { inNetworkNamespace } from "../../sys/process/enter-namespace.ts";
import { processId } from "../../sys/process/process.ts";
import type { System } from "../../sys/system.ts";
import type { Examination } from "../examination.ts";
import { type PeerResults, type PodProbes, testPeer } from "./test-peer.ts";
import { makeTestPod, type TestPod } from "./test-pod.ts";

export type ConnectivityDocument = {
  readonly node: string;
  /** Of the pod that was made. */
  readonly podAddresses: readonly string[];
  /** Whether nothing failed. */
  readonly passed: boolean;
  readonly peers: readonly PeerDocument[];
  /** What this test cannot tell: sentences. */
  readonly notTested: readonly string[];
};

export type PeerDocument = {
  readonly node: string;
  readonly gateway: string | null;
  readonly path: string;
  /** By what was tested; undefined for a node that is offline or serves nothing. */
  readonly results: PeerResults | null;
  /** Why nothing was tested; null where it was. */
  readonly why: string | null;
};

export interface ConnectivityOptions {
  readonly isPerf: boolean;
  /** Called with what is done now. */
  readonly onProgress: (what: string) => void;
}

/** What no node offers to others, so that it cannot be asked. */
const notTested: readonly string[] = [
  "a large TCP transfer: no port of another node takes a stream (packets of full size are sent by ICMP instead)",
  "whether the other node's pods see this pod's address: what leaves this node is looked at; run it on the other node, too",
];

/** @throws HeadcniError HC_CONNECTIVITY when there is no tailnet, no other node, or no pod can be made */
export async function testConnectivity(node: Examination, options: ConnectivityOptions): Promise<ConnectivityDocument> {
  const { system, signal } = node;
  const { onProgress } = options;
  onProgress("asking tailscaled");
  const [{ mesh, tailnet }, { config }, { path, text }] = await Promise.all([
    node.mesh(),
    node.config(),
    node.conflist(),
  ]);
  const others = mesh.nodes.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) {
    throw new HeadcniError(
      "HC_CONNECTIVITY",
      "Cannot test the connectivity: no other node of the cluster is on the tailnet",
      {
        hint: "headcni doctor says why, where one should be",
      },
    );
  }
  if (text === undefined) {
    throw new HeadcniError("HC_CONNECTIVITY", `Cannot test the connectivity: ${path} does not exist`, {
      hint: "headcni conflist install writes it",
    });
  }
  onProgress("making a pod");
  await using pod = await makeTestPod(system, { conflist: text, binDir: config.cni.binDir });
  const settings = { ...options, mtuBytes: config.network.bridge.mtuBytes, port: config.mesh.probePort };
  const peers: PeerDocument[] = [];
  for (const other of others) {
    if (signal.aborted) break;
    onProgress(`reaching ${other.name} (${peers.length + 1} of ${others.length})`);
    peers.push(await peerDocument(system, { pod, other, settings }, signal));
  }
  const failed = peers.some(({ results }) => Object.values(results ?? {}).some(({ outcome }) => outcome === "failed"));
  return {
    node: tailnet.self.name,
    podAddresses: pod.addresses.map(String),
    passed: !failed && peers.some(({ results }) => results !== null),
    peers,
    notTested,
  };
}

interface PeerOptions {
  readonly pod: TestPod;
  readonly other: MeshNode;
  readonly settings: { readonly mtuBytes: number; readonly port: number; readonly isPerf: boolean };
}

async function peerDocument(
  system: System,
  { pod, other, settings }: PeerOptions,
  signal: AbortSignal,
): Promise<PeerDocument> {
  const { name, path, podCIDRs, isOnline, isServing, addresses } = other;
  const base = { node: name, path: path.kind === "relay" ? `relay ${path.relay}` : path.kind };
  const left = (why: string): PeerDocument => ({ ...base, gateway: null, results: null, why });
  if (!isOnline) return left("it is offline");
  if (!isServing) return left("it serves no PodCIDR: its route is not approved");
  const podCIDR = podCIDRs.find(({ family }) => pod.addresses.some((addr) => addr.family === family));
  const own = pod.addresses.find(({ family }) => family === podCIDR?.family);
  if (podCIDR === undefined || own === undefined)
    return left("it has no PodCIDR of a family that this node's pods have");
  const gateway = gatewayOf(podCIDR).addr;
  const tailnet = addresses.find(({ family }) => family === gateway.family);
  const probes = probesOf(system, { pod, from: own.toString(), port: settings.port });
  const { mtuBytes, isPerf } = settings;
  const results = await testPeer(probes, { pod: own, gateway, tailnet, mtuBytes, isPerf }, signal);
  return { ...base, gateway: gateway.toString(), results, why: null };
}

interface ProbesOptions {
  readonly pod: TestPod;
  readonly from: string;
  readonly port: number;
}

/** A tunnel that sleeps takes a round trip over a relay to wake. */
const timeoutMs = 3000;

function probesOf(system: System, { pod, from, port }: ProbesOptions): PodProbes {
  let sequence = 0;
  return {
    connect: async (to, signal) => {
      // Loaded before the namespace is entered: what it does until its first wait is done inside.
      const { tryConnect } = await import("../../sys/net/connect.ts");
      return inNetworkNamespace(pod.netns, () => tryConnect({ from, to, port, timeoutMs }, signal));
    },
    echo: async (to, bytes) => {
      sequence += 1;
      return inNetworkNamespace(pod.netns, () => icmpEcho({ to, bytes, timeoutMs: 1500, id: processId, sequence }));
    },
    sourceOf: (to) => sourceInConntrack(readConntrack(system), from, to),
    nowMs: () => system.clock.monotonicMs(),
  };
}

function readConntrack({ files }: System): string {
  const bytes = files.readIfPresent("/proc/net/nf_conntrack");
  return bytes === undefined ? "" : new TextDecoder().decode(bytes);
}

/** What the answers of `to` are sent to, of the last connection from `from`: the source that the packets left with. */
export function sourceInConntrack(table: string, from: string, to: string): string | undefined {
  const lines = table.split("\n").filter((line) => line.includes(`src=${from} `) && line.includes(`dst=${to} `));
  const line = lines.findLast((each) => / icmp(v6)? /.test(each)) ?? lines.at(-1);
  return line === undefined ? undefined : [...line.matchAll(/\bdst=(\S+)/g)][1]?.[1];
}
