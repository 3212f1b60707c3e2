// A kernel for tests, behind the same Exec the code calls `ip`, `nft` and `iptables` through: it has one bridge, one nftables table,
// routing rules and iptables' FORWARD, and remembers what was asked of it. The real programs are held against it in test/daemon.

import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { JsonObject } from "../sys/json.ts";
import type { Exec, ExecResult } from "../sys/process/exec.ts";
import { listFakeTable, runFakeScript } from "./nft/testing.ts";

export interface FakeKernel {
  /** Undefined: there is no bridge. */
  bridge: { addresses: readonly Prefix[]; ports: readonly string[] } | undefined;
  /** Our table as a script declares it; undefined: there is none. */
  table: string | undefined;
  /** Of tailscaled's device; undefined: there is none. */
  tailnetMtuBytes: number | undefined;
  /** The device's name. */
  tailnetDevice: string;
  /** The device's, where there is one. */
  tailnetAddresses: readonly Prefix[];
  /** Destinations in tailscaled's table. */
  tailscaleRoutes: string[];
  /** Other chains, as `nft -j list chains` prints them. */
  nftChains: JsonObject[];
  /** Rules as `ip rule add` is given them, each with its family: `-4 priority 5200 to 10.1.0.0/24 lookup main protocol 72`. */
  ipRules: string[];
  /** FORWARD by program: `iptables-nft`. */
  readonly forward: Record<string, { policy: "ACCEPT" | "DROP"; rules: string[] }>;
  /** What `iptables` answers to a change instead of making it. */
  iptablesFault: string | undefined;
  /** What `iptables` says of the table nat, which it cannot list; "missing" as if it were not installed. */
  natFault: string | undefined;
  /** What `nft` answers instead of working; "missing" as if it were not installed. */
  nftFault: string | undefined;
  /** As `nftFault`, for `ip`. */
  ipFault: string | undefined;
  /** Name of the CNI plugin that says nothing when it is started. */
  brokenPlugin: string | undefined;
  /** Every command line but the plugins', in order. */
  readonly calls: string[];
  readonly exec: Exec;
}

/** @param versions what any CNI plugin under the root answers to VERSION */
export function fakeKernel(versions: readonly string[] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0"]): FakeKernel {
  const kernel: FakeKernel = {
    bridge: undefined,
    table: undefined,
    tailnetMtuBytes: undefined,
    tailnetDevice: "tailscale0",
    tailnetAddresses: [parsePrefix("100.64.0.1/32"), parsePrefix("fd7a:115c:a1e0::1/128")],
    tailscaleRoutes: [],
    nftChains: [],
    ipRules: [],
    forward: {},
    iptablesFault: undefined,
    natFault: undefined,
    nftFault: undefined,
    ipFault: undefined,
    brokenPlugin: undefined,
    calls: [],
    exec: {
      run: async (argv, { stdin } = {}) => {
        const [program = "", ...args] = argv;
        if (kernel.brokenPlugin !== undefined && program.endsWith(`/${kernel.brokenPlugin}`)) return ended(1);
        if (program.startsWith("/"))
          return ended(0, JSON.stringify({ cniVersion: "1.0.0", supportedVersions: versions }));
        kernel.calls.push(argv.join(" "));
        if (/^ip6?tables/.test(program)) return runIptables(kernel, program, args);
        return program === "ip" ? runIp(kernel, args) : runNft(kernel, args, String(stdin ?? ""));
      },
    },
  };
  return kernel;
}

function runIp(kernel: FakeKernel, args: readonly string[]): ExecResult {
  if (kernel.ipFault === "missing") throw missing("ip");
  if (kernel.ipFault !== undefined) return ended(2, "", kernel.ipFault);
  // `ip -j -4 rule show` is asked, too.
  if (args.includes("rule"))
    return runIpRule(
      kernel,
      args.filter((arg) => arg !== "-j"),
    );
  if (args.includes("add")) return addToBridge(kernel, args);
  if (args[0] === "link" && args[1] === "del") {
    if (kernel.bridge === undefined) return ended(1, "", `Cannot find device "${bridgeName}"`);
    kernel.bridge = undefined;
    return ended(0);
  }
  if (args[0] === "link") return ended(0);
  if (args.includes("52")) {
    const routes = args.includes("-4") ? kernel.tailscaleRoutes : [];
    return ended(0, JSON.stringify(routes.map((dst) => ({ dst, dev: "tailscale0", table: "52" }))));
  }
  return ended(0, args.includes("route") ? "[]" : printDevices(kernel.bridge, ...printTailnetDevice(kernel)));
}

/** `link add name headcni0 …`, `addr add 10.1.0.1/24 broadcast + dev headcni0` */
function addToBridge(kernel: FakeKernel, args: readonly string[]): ExecResult {
  kernel.bridge ??= { addresses: [], ports: [] };
  if (args[0] === "addr") {
    kernel.bridge = { ...kernel.bridge, addresses: [...kernel.bridge.addresses, parsePrefix(args[2] ?? "")] };
  }
  return ended(0);
}

/** `-4 rule add priority 5200 to 10.1.0.0/24 lookup main protocol 72`, or `-4 -j rule show` */
function runIpRule(kernel: FakeKernel, [family, ...args]: readonly string[]): ExecResult {
  const [, verb, ...words] = args;
  const rule = [family, ...words].join(" ");
  if (verb === "add") kernel.ipRules.push(rule);
  if (verb === "del") kernel.ipRules = kernel.ipRules.filter((each) => each !== rule);
  const listed = kernel.ipRules.filter((each) => each.startsWith(`${family} `)).map(printIpRule);
  return ended(0, verb === "show" ? JSON.stringify([{ priority: 0, src: "all", table: "local" }, ...listed]) : "");
}

function printIpRule(rule: string): JsonObject {
  const after = (word: string): string | undefined => new RegExp(` ${word} (\\S+)`).exec(rule)?.[1];
  const [dst = "", dstlen] = (after("to") ?? "").split("/");
  const suppress = after("suppress_prefixlength");
  return {
    priority: Number(after("priority")),
    src: "all",
    ...(dst === "" ? {} : { dst, dstlen: Number(dstlen) }),
    protocol: after("protocol"),
    ...(rule.includes(" blackhole") ? { action: "blackhole" } : { table: after("lookup") }),
    ...(suppress === undefined ? {} : { suppress_prefixlen: Number(suppress) }),
  };
}

function missing(program: string): HeadcniError {
  return new HeadcniError("HC_EXEC_FAILED", `Cannot start ${program}: does not exist`);
}

/** The fields of `ip -j addr show` that are read, with some that are not. */
export function printDevices(bridge: FakeKernel["bridge"], ...others: readonly JsonObject[]): string {
  const addrs = bridge?.addresses.map(printAddress);
  const linkLocal = { family: "inet6", local: "fe80::1", prefixlen: 64, scope: "link" };
  return JSON.stringify([
    { ifindex: 1, ifname: "lo", mtu: 65536, addr_info: [] },
    ...others,
    ...(addrs === undefined ? [] : [{ ifindex: 2, ifname: bridgeName, mtu: 1280, addr_info: [...addrs, linkLocal] }]),
    ...(bridge?.ports ?? []).map((ifname, index) => ({
      ifindex: 3 + index,
      ifname,
      master: bridgeName,
      addr_info: [],
    })),
  ]);
}

function printTailnetDevice(kernel: FakeKernel): readonly JsonObject[] {
  const { tailnetMtuBytes: mtu, tailnetDevice: ifname, tailnetAddresses } = kernel;
  return mtu === undefined ? [] : [{ ifname, mtu, addr_info: tailnetAddresses.map(printAddress) }];
}

function printAddress(prefix: Prefix): JsonObject {
  const family = prefix.family === "ipv4" ? "inet" : "inet6";
  return { family, local: prefix.addr.toString(), prefixlen: prefix.bits, scope: "global" };
}

function runNft(kernel: FakeKernel, args: readonly string[], script: string): ExecResult {
  if (kernel.nftFault === "missing") throw missing("nft");
  if (kernel.nftFault !== undefined) return ended(1, "", `Error: ${kernel.nftFault}`);
  const [verb, object, ...rest] = args.filter((arg) => arg !== "-j");
  if (verb === "-f") {
    kernel.table = runFakeScript(kernel.table, script);
    return ended(0);
  }
  if (object === "chains") return ended(0, JSON.stringify({ nftables: kernel.nftChains }));
  if (rest.join(" ") !== "inet headcni") return ended(0, JSON.stringify({ nftables: [] }));
  if (kernel.table === undefined) return ended(1, "", "Error: No such file or directory");
  return ended(0, listFakeTable(kernel.table));
}

function runIptables(kernel: FakeKernel, program: string, args: readonly string[]): ExecResult {
  // Without a backend in its name: the one that the machine has chosen.
  if (kernel.forward[program] === undefined && ["iptables", "ip6tables"].includes(program)) {
    if (kernel.natFault === "missing") throw missing(program);
    if (args[0] === "-V") return ended(0, `${program} v1.8.9 (nf_tables)\n`);
    if (args.includes("nat")) return kernel.natFault === undefined ? ended(0) : ended(1, "", kernel.natFault);
  }
  const forward = kernel.forward[program];
  if (forward === undefined) throw missing(program);
  if (args[0] === "-V") return ended(0, `iptables v1.8.9 (${program.endsWith("-nft") ? "nf_tables" : "legacy"})\n`);
  const [verb, chain, ...words] = args.slice(2);
  if (verb === "-S")
    return ended(
      0,
      [`-P FORWARD ${forward.policy}`, ...forward.rules.map((rule) => `-A FORWARD ${rule}`), ""].join("\n"),
    );
  if (kernel.iptablesFault !== undefined) return ended(4, "", kernel.iptablesFault);
  if (verb === "-A") forward.rules.push(words.join(" "));
  if (verb === "-D") forward.rules.splice(forward.rules.indexOf(words.join(" ")), 1);
  if (verb === "-I") forward.rules.splice(Number(words[0]) - 1, 0, words.slice(1).join(" "));
  return ended(chain === "FORWARD" ? 0 : 2);
}

function ended(exitCode: number, stdout = "", stderr = ""): ExecResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, outputTooLong: false };
}
