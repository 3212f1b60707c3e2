// A healthy node for the doctor's tests: HeadCNI's daemon has been there, tailscaled is on a tailnet with one other node, all answers.
// A scene breaks one thing of it.

import { cpSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { type FakeNode, fakeNode } from "../daemon/testing.ts";
import type { FakeKernel } from "../dataplane/testing.ts";
import type { JsonObject } from "../sys/json.ts";
import type { ConnectOutcome } from "../sys/net/connect.ts";
import type { HttpAnswer, HttpClient } from "../sys/net/http.ts";
import type { System } from "../sys/system.ts";
import { tempRoot } from "../sys/testing.ts";
import { type FakeTailscaled, fakePeer, fakeTailscaled, freshPrefs, readyStatus } from "../tailscale/testing.ts";
import { examine } from "./examination.ts";
import { type DoctorDocument, runChecks } from "./run-checks.ts";

export interface Patient extends AsyncDisposable {
  readonly node: FakeNode;
  readonly tailscaled: FakeTailscaled;
  /** Where packets from gateway to gateway go: `from to`. */
  answers: (from: string, to: string) => ConnectOutcome;
  /** What the running daemon says; undefined: none runs. */
  daemon: JsonObject | undefined;
  /** How far the control server's clock is behind. */
  skewMs: number;
  /** The doctor's report. @param parts what the machine has instead */
  examined(parts?: Partial<System>): Promise<DoctorDocument>;
  /** The machine the doctor looks at. */
  machine(): System;
  /** Makes it healthy again. */
  heal(): void;
}

export const config = `nodeName: node-1
network:
  podCIDR: { nodeLocal: 10.244.1.0/24, base: 10.244.0.0/16 }
`;

export const peer = { PrimaryRoutes: ["10.244.2.0/24"], CurAddr: "192.0.2.2:41641", Active: true };

export async function patient(): Promise<Patient> {
  const node = fakeNode();
  node.root.write("/etc/headcni/config.yaml", config);
  node.root.write("/etc/containerd/config.toml", 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\n');
  node.root.write("/proc/sys/net/ipv4/ip_forward", "1\n");
  node.root.write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
  node.kernel.tailnetMtuBytes = 1280;
  node.kernel.forward["iptables-nft"] = { policy: "ACCEPT", rules: ["-j ts-forward"] };
  node.kernel.nftChains = [
    { chain: { family: "ip", table: "filter", name: "FORWARD", hook: "forward", policy: "accept" } },
  ];
  node.kernel.ipRules.push("-4 priority 5270 lookup 52 protocol 0");
  node.kernel.tailscaleRoutes = ["10.244.2.0/24", "100.64.0.2"];
  const tailscaled = await fakeTailscaled(node.root);
  tailscaled.status = readyStatus(fakePeer(2, peer));
  tailscaled.prefs = { ...freshPrefs, ControlURL: "https://hs.example.com", RouteAll: true, WantRunning: true };
  const daemon = node.start();
  // The first step knows of no peers yet.
  await daemon.reconcile();
  await daemon.reconcile();
  const well = {
    kernel: copyOf(node.kernel),
    status: tailscaled.status,
    prefs: tailscaled.prefs,
    daemon: JSON.parse(JSON.stringify(daemon.document())),
  };
  const saved = tempRoot();
  cpSync(node.root.path, saved.path, { recursive: true, preserveTimestamps: true, filter: isNoSocket });
  const scene: Patient = {
    node,
    tailscaled,
    answers: answered,
    daemon: well.daemon,
    skewMs: 0,
    examined: (parts) => runChecks(examine({ ...systemOf(scene), ...parts }, {}, new AbortController().signal)),
    machine: () => systemOf(scene),
    heal: () => {
      for (const dir of ["/", "/run"]) {
        const kept = ["run", "tailscale"];
        const names = readdirSync(node.root.path + dir).filter((name) => !kept.includes(name));
        for (const name of names) rmSync(`${node.root.path}${dir}/${name}`, { recursive: true });
      }
      cpSync(saved.path, node.root.path, { recursive: true, preserveTimestamps: true });
      Object.assign(node.kernel, copyOf(well.kernel));
      Object.assign(tailscaled, { status: well.status, prefs: well.prefs, answer: () => undefined });
      Object.assign(scene, { answers: answered, daemon: well.daemon, skewMs: 0 });
    },
    [Symbol.asyncDispose]: async () => {
      await tailscaled[Symbol.asyncDispose]();
      saved[Symbol.dispose]();
      node[Symbol.dispose]();
    },
  };
  return scene;
}

const answered = (): ConnectOutcome => ({ kind: "answered", isRefused: true, rttMs: 1 });

type KernelFields = Omit<FakeKernel, "exec" | "calls">;

/** What a scene may change, so that it can be put back; prefixes are values. */
function copyOf({ bridge, forward, ...fields }: KernelFields): KernelFields {
  const { exec: _exec, calls: _calls, ...rest } = fields as FakeKernel;
  return {
    ...rest,
    bridge: bridge && { ...bridge },
    forward: structuredClone(forward),
    ipRules: [...fields.ipRules],
    tailscaleRoutes: [...fields.tailscaleRoutes],
    nftChains: [...fields.nftChains],
  };
}

function isNoSocket(path: string): boolean {
  return !lstatSync(path).isSocket();
}

function systemOf(scene: Patient): System {
  const { system } = scene.node;
  return {
    ...system,
    tryConnect: async ({ from, to }) => scene.answers(from, to),
    http: {
      connect: async (target, options) => {
        if (target.kind === "unix") return system.http.connect(target, options);
        return fakeServer(() => {
          const date = new Date(system.clock.now() - scene.skewMs).toUTCString();
          return { status: 200, headers: { date }, text: JSON.stringify(scene.daemon ?? "") };
        });
      },
    },
  };
}

function fakeServer(answer: () => HttpAnswer): HttpClient {
  return {
    request: async () => answer(),
    text: async () => answer().text,
    json: async () => JSON.parse(answer().text),
    decoded: async (_request, decode) => decode(answer().text),
    lines: async function* () {},
    [Symbol.dispose]: () => undefined,
  };
}
