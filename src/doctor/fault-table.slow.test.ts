// The table of faults, each provoked on a node that is well: the doctor names it and says what mends it.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, rmSync, utimesSync } from "node:fs";
import { parsePrefix } from "../cidr/prefix.ts";
import { renderReport } from "../cli/doctor/render-report.ts";
import { plainTerminal } from "../cli/terminal/testing.ts";
import type { FakeKernel } from "../dataplane/testing.ts";
import { generations } from "../headscale/generations.fixture.ts";
import { createFakeHeadscale, memoryState } from "../headscale/testing.ts";
import { type FakeRuntimeState, serveFakeRuntime } from "../runtime/cri/testing.ts";
import { realClock } from "../sys/clock.ts";
import { type JsonObject, printJson } from "../sys/json.ts";
import type { HttpTarget } from "../sys/net/http.ts";
import { fakeHttp } from "../sys/net/testing.ts";
import type { ExecOptions } from "../sys/process/exec.ts";
import type { System } from "../sys/system.ts";
import { fakePeer, readyStatus } from "../tailscale/testing.ts";
import { type FaultCode, faultOf, faults as table } from "./faults.ts";
import { checkDoctorDocument } from "./report-schema.ts";
import type { DoctorDocument, FaultDocument } from "./run-checks.ts";
import { config, type Patient, patient, peer } from "./testing.ts";

let scene: Patient;
beforeAll(async () => {
  scene = await patient();
}, 60_000);
let runtimes = new DisposableStack();
afterEach(() => {
  runtimes.dispose();
  runtimes = new DisposableStack();
});
afterAll(() => scene[Symbol.asyncDispose]());

const conflist = "/etc/cni/net.d/10-headcni.conflist";
const faultsIn = ({ checks }: DoctorDocument): readonly FaultDocument[] => checks.flatMap(({ faults }) => faults);
const write = (path: string, text: string, mode?: number): void => scene.node.root.write(path, text, mode);
const configured = (text: string): void => write("/etc/headcni/config.yaml", text);
const withStatus = (...peers: readonly Parameters<typeof fakePeer>[1][]): void => {
  scene.tailscaled.status = readyStatus(...peers.map((parts, at) => fakePeer(at + 2, parts)));
};
const ends = (from: string, to: string): string => `${from === "10.244.1.1" ? "pods" : "node"} ${to}`;
const say = (code: string): void => {
  const conditions = [
    { code, severity: "warning", title: "", text: `said ${code}`, since: "", impactsConnectivity: false },
  ];
  scene.daemon = { ...scene.daemon, conditions };
};

test("a healthy node has no fault, and only what it lacks is not checked", async () => {
  scene.heal();
  const report = await scene.examined();
  expect(faultsIn(report)).toEqual([]);
  expect(checkDoctorDocument(JSON.parse(printJson(report)))).toEqual(report);
  expect(report.checks.filter(({ status }) => status === "not-checked").map(({ id }) => id)).toEqual([
    "runtime-answers",
    "runtime-ready",
    "plugin-headcni",
    "bridge-netfilter",
    "headscale-route",
    "headscale-stale",
    "node-address",
  ]);
  expect(renderReport(report, plainTerminal)).toContain("Nothing is wrong: 0 failed, 0 with a warning");
});

test("nothing of the node is changed", async () => {
  scene.heal();
  const { calls } = scene.node.kernel;
  const before = calls.length;
  await scene.examined();
  // What is asked of addresses and routes at once goes in by standard input; src/kernel/networks.ts has the only batch there is.
  const verbs = calls
    .slice(before)
    .filter((call) => !/ (show|list|-S FORWARD|-t nat -S|-V)\b|show table| -batch -$/.test(call));
  expect(verbs).toEqual([]);
  const changes = scene.tailscaled.changes().filter((change) => !change.startsWith("POST ping"));
  expect(changes.filter((change) => !change.startsWith("PATCH prefs"))).toEqual([]);
});

/** Has the kernel be so. */
const kernel = (parts: Partial<FakeKernel>) => (): unknown => Object.assign(scene.node.kernel, parts);

const natFault = "table `nat' is incompatible, use 'nft' tool.";

type Scene = readonly [code: FaultCode, breaks: () => unknown, remedy: string];

const scenes: readonly Scene[] = [
  ["ConfigInvalid", () => configured("network: { mtuu: 3 }\n"), "headcni config validate"],
  ["RuntimeFolderDiffers", () => configured(`${config}cni: { confDir: /etc/other }\n`), "cni.confDir"],
  [
    "PodCIDRUnusable",
    () => {
      fresh(config);
      return lan("10.244.1.9/24");
    },
    "network.podCIDR.nodeLocal",
  ],
  ["PodCIDRNotAuthoritative", () => fresh("nodeName: node-1\n"), "network.podCIDR.nodeLocal"],
  [
    "NodeNotListed",
    () => fresh("nodeName: node-1\nnetwork: { podCIDR: { nodeLocal: { node-2: 10.244.2.0/24 } } }\n"),
    "network.podCIDR.nodeLocal",
  ],
  ["PodCIDRQuestionable", () => fresh(`${config.replace("10.244.1.0/24", "172.17.3.0/24")}`), "headcni podcidr"],
  ["PodCIDRRefused", () => configured(config.replace("10.244.1.0/24", "100.64.3.0/24")), "network.podCIDR.nodeLocal"],
  [
    "PodCIDRClash",
    () => {
      scene.node.kernel.bridge = { addresses: [parsePrefix("10.244.1.1/24")], ports: [] };
      return lan("10.244.1.9/24");
    },
    "ip address",
  ],
  ["ClusterCIDROverlaps", () => lan("10.244.77.9/24"), "headcni podcidr"],
  [
    "NetworksUnknown",
    () => {
      const { exec } = scene.node.system;
      const refused = async (argv: readonly string[]) => ({
        ...(await exec.run(argv)),
        exitCode: 2,
        stderr: "refused",
      });
      return {
        exec: {
          run: (argv: readonly string[], options?: ExecOptions) =>
            argv.includes("route") ? refused(argv) : exec.run(argv, options),
        },
      };
    },
    "iproute2",
  ],
  ["PodCIDRSourceLost", () => configured("nodeName: node-1\n"), "network.podCIDR.nodeLocal"],
  [
    "PodCIDRChangeBlocked",
    () => {
      scene.node.kernel.bridge = { addresses: [parsePrefix("10.244.1.1/24")], ports: ["veth1"] };
      configured(config.replace("10.244.1.0/24", "10.244.9.0/24"));
    },
    "kubectl drain",
  ],
  [
    "SourceFilesSkipped",
    () => {
      fresh("nodeName: node-1\n");
      write("/run/flannel/subnet.env", "FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=10.42.3.0/33\n");
    },
    "headcni podcidr inspect /run/flannel/subnet.env",
  ],
  [
    "NodeNameUnusable",
    () => {
      configured("{}\n");
      return { env: { NODE_NAME: "Not_A_Name" } };
    },
    "nodeName",
  ],
  [
    "NodeNameDisputed",
    () => {
      configured("nodeName: node-9\nnetwork: { podCIDR: { nodeLocal: 10.244.1.0/24, base: 10.244.0.0/16 } }\n");
      write("/var/lib/kubelet/kubeadm-flags.env", 'KUBELET_KUBEADM_ARGS="--hostname-override=node-1"\n');
    },
    "kubectl get nodes",
  ],
  ["ConflistAbsent", () => remove(conflist), "headcni conflist install"],
  ["ConflistInvalid", () => write(conflist, "{ not json", 0o600), "headcni conflist validate"],
  [
    "ConflistDiffers",
    () => write(conflist, scene.node.root.read(conflist).replace("10.244.1.", "10.244.3.")),
    "headcni conflist diff",
  ],
  [
    "ConflistNotWritten",
    () => {
      remove(conflist);
      remove("/etc/cni/net.d");
      write("/etc/cni/net.d", "a file");
    },
    "ls -ld /etc/cni/net.d",
  ],
  ["ConflistAccess", () => write(conflist, scene.node.root.read(conflist), 0o666), "headcni conflist install"],
  [
    "OtherConfigPreferred",
    () => write("/etc/cni/net.d/05-cilium.conflist", other("cilium-cni")),
    "headcni conflist install",
  ],
  [
    "MetaPluginUnclear",
    () => write("/etc/cni/net.d/00-multus.conf", '{"cniVersion":"0.4.0","name":"multus","type":"multus"}'),
    "clusterNetwork",
  ],
  ["ChainedPluginsLost", () => write("/etc/cni/net.d/10-other.conflist", other("bridge", "portmap")), "portmap"],
  ["RuntimeUnknown", () => remove("/etc/containerd/config.toml"), "cni.confDir"],
  ["RuntimeSilent", () => write("/run/containerd/containerd.sock", ""), "systemctl status containerd"],
  [
    "RuntimeNotReady",
    () => runtime({ networkFault: "no network config found in /etc/cni/net.d: cni plugin not initialized" }),
    "headcni conflist validate",
  ],
  ["RuntimeFolderDiffers", () => runtime({ confDir: "/etc/cni/other.d" }), "cni.confDir"],
  ["PluginsUnusable", () => remove("/opt/cni/bin/host-local"), "install host-local into /opt/cni/bin"],
  ["PluginUnusable", () => configured(`${config}cni: { type: headcni }\n`), "cni.type: bridge"],
  ["LeasesExhausted", () => leases(252), "headcni ipam gc"],
  [
    "LeasesLeaked",
    async () => {
      leases(1);
      utimesSync(`${scene.node.root.path}/var/lib/cni/networks/headcni/10.244.1.2`, 1, 1);
      return await runtime({});
    },
    "headcni ipam gc",
  ],
  [
    "LeasesNotFreed",
    () => {
      leases(1);
      write("/run/containerd/containerd.sock", "");
    },
    "headcni ipam list",
  ],
  [
    "BridgeAddressConflict",
    kernel({ bridge: { addresses: [parsePrefix("10.2.0.1/24")], ports: ["veth1"] } }),
    "kubectl drain",
  ],
  ["BridgeNotMade", kernel({ bridge: undefined }), "systemctl restart headcni"],
  ["BridgeUnknown", kernel({ ipFault: "missing" }), "iproute2"],
  [
    "ForwardingOff",
    () => {
      withPod();
      write("/proc/sys/net/ipv4/ip_forward", "0\n");
    },
    "sysctl -w net.ipv4.ip_forward=1",
  ],
  [
    "BridgeNetfilterOff",
    () => {
      withPod();
      remove("/proc/sys/net/bridge/bridge-nf-call-iptables");
    },
    "modprobe br_netfilter",
  ],
  [
    "ReversePathStrict",
    () => write("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n"),
    "net.ipv4.conf.tailscale0.rp_filter=2",
  ],
  ["PodMtuTooLarge", () => configured(config.replace("network:", "network:\n  mtu: 1500")), "network.mtu"],
  ["ClusterNotClosed", () => configured(`${config}  serviceCIDR: [10.244.240.0/20]\n`), "network.serviceCIDR"],
  [
    "RoutingRulesNotApplied",
    () => {
      scene.node.kernel.ipRules = scene.node.kernel.ipRules.filter((rule) => !rule.includes("5200"));
    },
    "ip -4 rule add priority 5200 to 10.244.1.0/24 lookup main protocol 72",
  ],
  [
    "TailscaleRulesMissing",
    () => {
      scene.node.kernel.ipRules = scene.node.kernel.ipRules.filter((rule) => !rule.includes("5270"));
    },
    "systemctl restart tailscaled",
  ],
  ["SourcesNotKept", kernel({ table: undefined }), "systemctl restart headcni"],
  ["MasqueradeNotApplied", () => configured(`${config}  masquerade: daemon\n`), "systemctl restart headcni"],
  ["BridgeCannotMasquerade", kernel({ natFault }), "edit network.masquerade in /etc/headcni/config.yaml: daemon"],
  [
    "HostPortsNotMapped",
    () => {
      kernel({ natFault })();
      configured(`${config}  masquerade: none\ncni: { plugins: [{ type: portmap }] }\n`);
    },
    "TS_DEBUG_FIREWALL_MODE=iptables",
  ],
  [
    "ForwardNotOpened",
    () => {
      scene.node.kernel.forward["iptables-nft"] = { policy: "DROP", rules: ["-j ts-forward"] };
    },
    "iptables-nft -w 5 -A FORWARD -i headcni0 -m comment --comment headcni -j ACCEPT",
  ],
  [
    "ForwardRefused",
    () => {
      const chain = { family: "inet", table: "firewalld", name: "filter_FORWARD", hook: "forward", policy: "drop" };
      scene.node.kernel.nftChains = [...scene.node.kernel.nftChains, { chain }];
    },
    "firewall-cmd --permanent --zone=trusted --add-interface=headcni0 && firewall-cmd --reload",
  ],
  [
    "FirewallBackendsMixed",
    () => {
      write("/proc/net/ip_tables_names", "filter\n");
      scene.node.kernel.forward["iptables-legacy"] = { policy: "ACCEPT", rules: [] };
    },
    "iptables-legacy-save",
  ],
  [
    "TailscaledDamaged",
    () => {
      scene.node.kernel.forward["iptables-nft"] = { policy: "ACCEPT", rules: [] };
    },
    "systemctl restart tailscaled",
  ],
  [
    "TailscaledAbsent",
    () => configured(`${config}tailscale: { socket: /run/none.sock }\n`),
    "systemctl enable --now tailscaled",
  ],
  [
    "TailscaleCallRefused",
    () => void Object.assign(scene.tailscaled, { answer: () => ({ status: 500, body: "disk full" }) }),
    "journalctl -u tailscaled",
  ],
  [
    "TailscaleTooOld",
    () => void Object.assign(scene.tailscaled, { status: { ...scene.tailscaled.status, Version: "1.50.1" } }),
    "tailscale update",
  ],
  [
    "TailscaleWithoutTun",
    () => void Object.assign(scene.tailscaled, { status: { ...scene.tailscaled.status, TUN: false } }),
    "--tun=tailscale0",
  ],
  [
    "TailscaledsCompete",
    () => {
      const line = (socket: string): string => `0: 00000002 00000000 00010000 0001 01 1 ${socket}\n`;
      write("/proc/net/unix", `Num\n${line("/run/tailscale/tailscaled.sock")}${line("/run/other/tailscaled.sock")}`);
    },
    "ss -xlp",
  ],
  ["TailscaleStopped", () => state({ BackendState: "Stopped" }), "tailscale up"],
  [
    "TailscaleNeedsLogin",
    () => state({ BackendState: "NeedsLogin" }),
    "tailscale up --login-server=https://hs.example.com",
  ],
  [
    "TailscaleControlUnreachable",
    () => state({ Health: ["Tailscale hasn't received a network map from the coordination server in 2m6s."] }),
    "curl -v https://hs.example.com/health",
  ],
  [
    "TailscaleKeyExpires",
    () => state({ Self: fakePeer(1, { KeyExpiry: "2026-01-03T00:00:00Z" }) }),
    "tailscale up --force-reauth",
  ],
  [
    "TailscaleKeyExpired",
    () => state({ Self: fakePeer(1, { KeyExpiry: "2025-12-31T00:00:00Z" }) }),
    "tailscale up --force-reauth",
  ],
  ["TailscalePrefsRefused", () => prefs({ RouteAll: false }), "tailscale set --accept-routes"],
  [
    "TailscaleStatefulFiltering",
    () => prefs({ NoStatefulFiltering: false }),
    "tailscale set --stateful-filtering=false",
  ],
  ["TailscaleShieldsUp", () => prefs({ ShieldsUp: true }), "tailscale set --shields-up=false"],
  [
    "RouteNotAdvertised",
    () => prefs({ AdvertiseRoutes: ["192.168.7.0/24"] }),
    "tailscale set --advertise-routes=192.168.7.0/24,10.244.1.0/24",
  ],
  ["RelayedOnly", () => withStatus({ ...peer, CurAddr: "", Relay: "fra" }), "UDP port 41641"],
  [
    "ClockSkewed",
    () => {
      scene.skewMs = 120_000;
    },
    "timedatectl set-ntp true",
  ],
  [
    "PodCIDRServedElsewhere",
    () => withStatus({ ...peer, PrimaryRoutes: ["10.244.1.0/24"] }),
    "network.podCIDR.nodeLocal",
  ],
  ["PodCIDRSplit", () => withStatus({ ...peer, PrimaryRoutes: ["10.244.1.128/25"] }), "--advertise-routes"],
  ["PodCIDRSwallowed", () => withStatus(peer, { PrimaryRoutes: ["10.0.0.0/8"] }), "headscale nodes list-routes"],
  [
    "PodCIDRInTailnetRange",
    () => {
      configured(config.replace("10.244.0.0/16", "100.96.0.0/16"));
      withStatus({ ...peer, PrimaryRoutes: ["100.96.2.0/24"] });
    },
    "network.podCIDR.base",
  ],
  ["OthersPodCIDRsConflict", () => withStatus(peer, peer), "headscale nodes list-routes"],
  [
    "RouteNotApproved",
    () => {
      scene.answers = (from, to) =>
        ends(from, to).startsWith("node") ? { kind: "answered", isRefused: true, rttMs: 1 } : { kind: "silent" };
    },
    "headscale nodes approve-routes --identifier 1 --routes 10.244.1.0/24",
  ],
  [
    "PolicyForbidsPods",
    () => {
      scene.answers = (from, to) =>
        ends(from, to) === "pods 10.244.2.1" ? { kind: "silent" } : { kind: "answered", isRefused: true, rttMs: 1 };
    },
    "headscale policy",
  ],
  [
    "PeerRoutesMissing",
    () => {
      scene.answers = (from, to) =>
        ends(from, to) === "pods 10.244.2.1" ? { kind: "no-route" } : { kind: "answered", isRefused: true, rttMs: 1 };
    },
    "ip route show table 52",
  ],
  [
    "PeersSilent",
    () => {
      scene.answers = () => ({ kind: "silent" });
    },
    "headcni doctor",
  ],
  [
    "PeersWithoutRoute",
    () => {
      configured(`${config}tailscale: { nodeTags: ["tag:node"] }\n`);
      withStatus({ ...peer, PrimaryRoutes: null, Tags: ["tag:node"] });
    },
    "approve-routes",
  ],
  ["HeadscaleRefused", () => headscale({ key: "wrong" }), "headscale apikeys create"],
  ["NodesStale", () => headscale({}), "headcni headscale withdraw"],
  [
    "NodeAddressNotOnTailnet",
    () => write("/etc/systemd/system/kubelet.service", "[Service]\nExecStart=/usr/bin/kubelet --node-ip=192.168.1.7\n"),
    "--node-ip=TAILNET-ADDRESS",
  ],
  ["StateDirExposed", () => chmodSync(`${scene.node.root.path}/var/lib/headcni`, 0o777), "chmod go-w /var/lib/headcni"],
  [
    "StateDirNotWritable",
    () => {
      remove("/var/lib/headcni");
      write("/var/lib/headcni", "a file");
    },
    "findmnt -T /var/lib/headcni",
  ],
  [
    "DaemonNotRunning",
    () => {
      scene.daemon = undefined;
    },
    "systemctl restart headcni",
  ],
];

/** Other forms of faults above, by what each is. */
const forms: readonly (readonly [what: string, ...scene: Scene])[] = [
  ["a plugin is too old", "PluginsUnusable", () => answering("/bridge", ["0.1.0", "0.2.0"]), "install a newer bridge"],
  [
    "a login begun anew is not finished",
    "TailscaleNeedsLogin",
    () => state({ AuthURL: "https://hs.example.com/register/x", Self: fakePeer(1, { Online: false }) }),
    "tailscale up --force-reauth --login-server=https://hs.example.com",
  ],
  [
    "a rule that asks main comes before tailscaled's",
    "TailscaleRulesMissing",
    () => void scene.node.kernel.ipRules.unshift("-4 priority 5150 lookup main protocol 0"),
    "ip rule del priority 5150",
  ],
  [
    "HeadCNI's rules come after one that refuses all",
    "ForwardNotOpened",
    () => {
      const rules = ["-j ts-forward", "-j REJECT --reject-with icmp-host-prohibited", ...ownAccepts];
      scene.node.kernel.forward["iptables-nft"] = { policy: "ACCEPT", rules };
    },
    "iptables-nft -w 5 -I FORWARD 2 -i headcni0",
  ],
  [
    "HeadCNI's table lacks another node",
    "SourcesNotKept",
    () => {
      scene.node.kernel.table = scene.node.kernel.table?.replaceAll("10.244.2.0/24", "10.244.9.0/24");
    },
    "systemctl restart headcni",
  ],
  [
    "Services have addresses in the PodCIDR",
    "PodCIDRUnusable",
    () => {
      fresh(config);
      services("10.244.0.0/20");
    },
    "network.podCIDR.nodeLocal",
  ],
  ["Services have addresses in the PodCIDR that is in force", "PodCIDRClash", () => services("10.244.0.0/20"), "drain"],
  [
    "docker0 has addresses in the PodCIDR",
    "PodCIDRUnusable",
    () => {
      fresh(config.replace("10.244.1.0/24", "172.17.3.0/24"));
      return lan("172.17.0.1/16", "docker0");
    },
    "network.podCIDR.nodeLocal",
  ],
];

describe("a fault is found with its remedy:", () => {
  test.each(forms)("%s", async (_what, code, breaks, remedy) => {
    scene.heal();
    const parts = await breaks();
    const found = faultsIn(await scene.examined(typeof parts === "object" && parts !== null ? parts : {}));
    expect(found.map((fault) => fault.code)).toContain(code);
    expect(found.find((fault) => fault.code === code)?.remedy).toContain(remedy);
  });

  test.each(scenes)("%s", async (code, breaks, remedy) => {
    scene.heal();
    const parts = await breaks();
    const report = await scene.examined(typeof parts === "object" && parts !== null ? parts : {});
    const found = faultsIn(report);
    expect(checkDoctorDocument(JSON.parse(printJson(report)))).toEqual(report);
    expect(found.map((fault) => fault.code)).toContain(code);
    const [fault] = found.filter((one) => one.code === code);
    expect(fault?.status).toBe(faultOf(code).status);
    expect(fault?.remedy).toContain(remedy);
    expect(fault?.evidence.length).toBeGreaterThan(10);
  });
});

/** What only a daemon that has been there for a while can know. */
const ofDaemonAlone: readonly FaultCode[] = [
  "ConfigPassedOver",
  "APIServerUnreachable",
  "NodeObjectRefused",
  "NodeObjectWithoutPodCIDR",
  "NodeObjectNotKept",
  "NodeObjectDiffers",
  "NodeNameUncertain",
  "PodCIDRAwaitsClaim",
  "AssignedPodCIDRContested",
  "PodCIDRClaimContested",
  "PodCIDRClaimShared",
  "NoPodCIDRLeft",
  "PodCIDRClaimUnheard",
  "ClaimsNotRemembered",
  "MountedFolderGone",
  "BackupsNotWritten",
  "ConflistContested",
  "BridgeNotReplaced",
  "RulesContested",
  "NodeStateNotWritten",
  "TailnetNotRemembered",
  "TailscaleAccessDenied",
  "TailscaleLoginRefused",
  "TailscaleKeyUnusable",
  "TailscalePrefsNotRecorded",
  "HeadscaleSettingsUnusable",
  "HeadscaleKeyRefused",
  "HeadscaleUnreachable",
  "ApprovalFailed",
  "ApprovalWithoutTag",
  "ApprovalOfNoBlock",
  "ApprovalOfSecondBlock",
  "ApprovalOfHeldBlock",
  "ApprovalOutsideCluster",
  "ApprovalsStale",
  "StatusServerNotListening",
];

test.each(ofDaemonAlone)("what the daemon says is shown with its remedy: %s", async (code) => {
  scene.heal();
  say(code);
  const report = await scene.examined();
  expect(faultsIn(report)).toEqual([
    { code, status: faultOf(code).status, evidence: `said ${code}`, remedy: faultOf(code).remedy },
  ]);
});

test("every fault of the table is provoked here", () => {
  const provoked = new Set([...scenes.map(([code]) => code), ...ofDaemonAlone]);
  expect(Object.keys(table).filter((code) => !provoked.has(code as FaultCode))).toEqual([]);
});

function remove(path: string): void {
  rmSync(scene.node.root.path + path, { recursive: true });
}

/** A node HeadCNI has never been on. */
function fresh(text: string): void {
  for (const path of ["/var/lib/headcni", conflist]) remove(path);
  rmSync(`${scene.node.root.path}/run/headcni`, { recursive: true, force: true });
  scene.node.kernel.bridge = undefined;
  configured(text);
}

function other(...types: readonly string[]): string {
  return JSON.stringify({ cniVersion: "0.4.0", name: "other", plugins: types.map((type) => ({ type })) });
}

function leases(count: number): void {
  for (let at = 2; at < 2 + count; at++) write(`/var/lib/cni/networks/headcni/10.244.1.${at}`, `pod${at}\r\neth0`);
}

/** A runtime that knows no pods and says what a test has it say. */
async function runtime(state: Partial<FakeRuntimeState>): Promise<Partial<System>> {
  write("/run/containerd/.keep", "");
  runtimes.use(
    await serveFakeRuntime(`${scene.node.root.path}/run/containerd/containerd.sock`, { sandboxIds: [], ...state }),
  );
  // gRPC has a clock of its own.
  return { clock: realClock };
}

function withPod(): void {
  scene.node.kernel.bridge = { addresses: [parsePrefix("10.244.1.1/24")], ports: ["veth1"] };
}

function state(parts: JsonObject): void {
  scene.tailscaled.status = { ...scene.tailscaled.status, ...parts };
}

function prefs(parts: JsonObject): void {
  scene.tailscaled.prefs = { ...scene.tailscaled.prefs, ...parts };
}

/** As the daemon writes them. */
const ownAccepts = ["-i", "-o"].map((way) => `${way} headcni0 -m comment --comment headcni -j ACCEPT`);

/** A plugin that knows other versions of CNI than the rest. */
function answering(plugin: string, supportedVersions: readonly string[]): Partial<System> {
  const { exec } = scene.node.system;
  return {
    exec: {
      run: async (argv, options) => {
        const result = await exec.run(argv, options);
        if (argv[0]?.endsWith(plugin) !== true) return result;
        return { ...result, stdout: JSON.stringify({ cniVersion: "0.2.0", supportedVersions }) };
      },
    },
  };
}

/** What the API server says of Services on a control plane. */
function services(range: string): void {
  const flag = `    - command: [kube-apiserver, --service-cluster-ip-range=${range}]\n`;
  write("/etc/kubernetes/manifests/kube-apiserver.yaml", `kind: Pod\nspec:\n  containers:\n${flag}`);
}

/** A machine with one more address. */
function lan(address: string, ifname = "eth1"): Partial<System> {
  const [local = "", length] = address.split("/");
  const { exec } = scene.node.system;
  return {
    exec: {
      run: async (argv, options) => {
        const result = await exec.run(argv, options);
        if (!argv.includes("addr")) return result;
        const device = {
          ifname,
          mtu: 1500,
          addr_info: [{ local, prefixlen: Number(length), scope: "global" }],
        };
        return { ...result, stdout: JSON.stringify([...JSON.parse(result.stdout), device]) };
      },
    },
  };
}

/** A Headscale that has approved what this node offers, and that of a node that has not been seen for long. */
function headscale({ key = "right" }): Partial<System> {
  configured(`${config}headscale: { url: "http://hs-api.example:8080", apiKeyFile: /etc/headcni/api.key }\n`);
  write("/etc/headcni/api.key", key, 0o600);
  const [facts] = generations.slice(-1);
  if (facts === undefined) throw new Error("No generation");
  const node = (id: string, route: string, isOnline: boolean) => {
    return { id, name: `node-${id}`, tags: [], isOnline, lastSeenMs: 1, available: [route], approved: [route] };
  };
  const state = memoryState(node("1", "10.244.1.0/24", true), node("7", "10.244.7.0/24", false));
  const api = fakeHttp(createFakeHeadscale({ facts, state, keys: () => ["right"] }));
  const { http } = scene.machine();
  const isApi = (target: HttpTarget): boolean => target.kind === "tcp" && target.origin.includes("hs-api");
  return { http: { connect: (target, options) => (isApi(target) ? api : http).connect(target, options) } };
}

test("Headscale shows a route that is not approved", async () => {
  scene.heal();
  const parts = headscale({});
  configured(scene.node.root.read("/etc/headcni/config.yaml").replaceAll("10.244.1.0/24", "10.244.8.0/24"));
  const { checks } = await scene.examined(parts);
  const found = checks.find(({ id }) => id === "headscale-route")?.faults;
  expect(found?.map(({ code }) => code)).toEqual(["RouteNotApproved"]);
  expect(found?.[0]?.remedy).toBe("headscale nodes approve-routes --identifier 1 --routes 10.244.1.0/24,10.244.8.0/24");
});
