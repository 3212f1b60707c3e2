// The connectivity test: a pod of this node, made and taken away, reaches every other node's pod gateway and tailnet address. What it
// asks of the other side is what every node has anyway: refusals of TCP and answers to ICMP; and where `headcni connectivity serve` runs,
// a pod that answers. An interface: the document.

import type { Family } from "../../cidr/addr.ts";
import { gatewayOf } from "../../cidr/pod-cidrs.ts";
import type { MeshNode } from "../../mesh/mesh.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { icmpEcho } from "../../sys/net/icmp-echo.ts";
import { connectTcp, listenTcp } from "../../sys/net/tcp-stream.ts";
import { inNetworkNamespace } from "../../sys/process/enter-namespace.ts";
import { processId } from "../../sys/process/process.ts";
import type { System } from "../../sys/system.ts";
import type { Examination } from "../examination.ts";
import { responderAddress } from "./responder-talk.ts";
import { type PeerResults, type PodProbes, testPeer } from "./test-peer.ts";
import { makeTestPod, type TestPod } from "./test-pod.ts";

export type ConnectivityDocument = {
  readonly node: string;
  /** Of the pod that was made. */
  readonly podAddresses: readonly string[];
  /** Whether nothing failed. */
  readonly passed: boolean;
  /** One of each node and family of addresses. */
  readonly peers: readonly PeerDocument[];
  /** What this test cannot tell: sentences. */
  readonly notTested: readonly string[];
};

export type PeerDocument = {
  readonly node: string;
  readonly family: Family | null;
  readonly gateway: string | null;
  readonly path: string;
  /** By what was tested; undefined for a node that is offline or serves nothing. */
  readonly results: PeerResults | null;
  /** Why nothing was tested; null where it was. */
  readonly why: string | null;
};

export interface ConnectivityOptions {
  readonly isPerf: boolean;
  /** A node on which no responder has come up after so long has failed. @default none is asked for */
  readonly waitMs?: number | undefined;
  /** Whether a node that is the only one passes: its pod was made, and there is nothing to reach. */
  readonly allowsAlone: boolean;
  /** Called with what is done now. */
  readonly onProgress: (what: string) => void;
}

/** @throws HeadcniError HC_CONNECTIVITY when there is no tailnet, no other node, or no pod can be made */
export async function testConnectivity(node: Examination, options: ConnectivityOptions): Promise<ConnectivityDocument> {
  const { system, signal } = node;
  const { onProgress, allowsAlone, waitMs } = options;
  const waitUntilMs = waitMs === undefined ? undefined : system.clock.monotonicMs() + waitMs;
  onProgress("asking tailscaled");
  const [{ mesh, tailnet }, { config }, { path, text }] = await Promise.all([
    node.mesh(),
    node.config(),
    node.conflist(),
  ]);
  const others = mesh.nodes.filter(({ isSelf }) => !isSelf);
  if (others.length === 0 && !allowsAlone) {
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
  const { bridge } = config.network;
  const settings = { ...options, waitUntilMs, mtuBytes: bridge.mtuBytes, port: config.mesh.probePort };
  const peers: PeerDocument[] = [];
  for (const other of others) {
    if (signal.aborted) break;
    onProgress(`reaching ${other.name} (${peers.length + 1} of ${others.length})`);
    peers.push(...(await peerDocuments(system, { pod, other, settings }, signal)));
  }
  const isServed = peers.some(({ results }) => results !== null && results.transfer.outcome !== "not-checked");
  const failed = peers.some(({ results }) => Object.values(results ?? {}).some(({ outcome }) => outcome === "failed"));
  return {
    node: tailnet.self.name,
    podAddresses: pod.addresses.map(String),
    passed: !failed && (others.length === 0 || peers.some(({ results }) => results !== null)),
    peers,
    notTested: others.length === 0 ? [thatIsAlone] : isServed ? [] : [whatNeedsResponder],
  };
}

const thatIsAlone = "a way to another node: no other node of the cluster is on the tailnet";

const whatNeedsResponder =
  "a long stream of TCP, and what another node's pod sees of this one: run headcni connectivity serve on the other nodes meanwhile";

interface PeerOptions {
  readonly pod: TestPod;
  readonly other: MeshNode;
  readonly settings: {
    readonly mtuBytes: number;
    readonly port: number;
    readonly isPerf: boolean;
    readonly waitUntilMs: number | undefined;
  };
}

async function peerDocuments(
  system: System,
  { pod, other, settings }: PeerOptions,
  signal: AbortSignal,
): Promise<readonly PeerDocument[]> {
  const { name, path, podCIDRs, isOnline, isServing, addresses } = other;
  const base = { node: name, path: path.kind === "relay" ? `relay ${path.relay}` : path.kind };
  const left = (why: string): readonly PeerDocument[] => [{ ...base, family: null, gateway: null, results: null, why }];
  if (!isOnline) return left("it is offline");
  if (!isServing) return left("it serves no PodCIDR: its route is not approved");
  const shared = pod.addresses.flatMap((own) => {
    const podCIDR = podCIDRs.find(({ family }) => family === own.family);
    return podCIDR === undefined ? [] : [{ own, podCIDR }];
  });
  if (shared.length === 0) return left("it has no PodCIDR of a family that this node's pods have");
  const documents: PeerDocument[] = [];
  for (const { own, podCIDR } of shared) {
    const { family } = own;
    const gateway = gatewayOf(podCIDR).addr;
    const tailnet = addresses.find((addr) => addr.family === family);
    const probes = probesOf(system, { pod, from: own.toString(), port: settings.port });
    const { mtuBytes, isPerf, waitUntilMs } = settings;
    // A responder has an address of each family.
    const isAbsent = documents.some((document) => document.results?.transfer.outcome === "not-checked");
    const responder = isAbsent && waitUntilMs === undefined ? undefined : responderAddress(podCIDR);
    const asked = { pod: own, node: name, responder, gateway, tailnet, mtuBytes, isPerf, waitUntilMs };
    const results = await testPeer(probes, asked, signal);
    documents.push({ ...base, family, gateway: gateway.toString(), results, why: null });
  }
  return documents;
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
    connectStream: (host, limitMs) => inNetworkNamespace(pod.netns, () => connectTcp({ host, port }, limitMs)),
    listen: (host, onStream) => inNetworkNamespace(pod.netns, () => listenTcp({ host, port: 0 }, onStream)),
    sourceOf: (to) => sourceInConntrack(readConntrack(system), from, to),
    nowMs: () => system.clock.monotonicMs(),
    pause: (signal) => system.clock.sleep(500, signal),
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
