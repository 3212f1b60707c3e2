import { describe, expect, test } from "bun:test";
import { HeadcniError } from "../sys/errors.ts";
import type { ExecOptions, ExecResult } from "../sys/process/exec.ts";
import { parseDevices } from "./devices.ts";
import { readNetworks } from "./networks.ts";
import { type Destinations, parseDestinations, parseRoutes } from "./routes.ts";

const devices = JSON.stringify([
  { ifname: "lo", mtu: 65536, addr_info: [{ local: "127.0.0.1", prefixlen: 8, scope: "host" }] },
  {
    ifname: "eth0",
    mtu: 1500,
    addr_info: [
      { family: "inet", local: "192.0.2.7", prefixlen: 24, scope: "global" },
      { family: "inet6", local: "fe80::7", prefixlen: 64, scope: "link" },
      { family: "inet", local: "no address", prefixlen: 24 },
      {},
      null,
    ],
  },
  { ifname: "veth1", mtu: 1280, master: "headcni0", addr_info: [] },
  { ifname: "wwan0" },
]);

describe("parseDevices()", () => {
  test("reads names, MTU, masters and addresses with their host bits", () => {
    const read = parseDevices(devices);
    if (read.kind === "fault") throw new Error(read.why);
    const shown = read.value.map(({ name, mtuBytes, master, addresses }) => {
      return [name, mtuBytes, master, addresses.map(({ address, scope }) => `${address} ${scope}`).join(", ")];
    });
    expect(shown).toEqual([
      ["lo", 65536, undefined, "127.0.0.1/8 host"],
      ["eth0", 1500, undefined, "192.0.2.7/24 global, fe80::7/64 link"],
      ["veth1", 1280, "headcni0", ""],
      ["wwan0", 0, undefined, ""],
    ]);
  });
});

const routeRows: [string, "ipv4" | "ipv6", object, string[]][] = [
  [
    "a default route",
    "ipv4",
    { dst: "default", gateway: "192.0.2.1", dev: "eth0", protocol: "dhcp" },
    ["unicast 0.0.0.0/0 via 192.0.2.1 dev eth0 table main proto dhcp"],
  ],
  ["one of IPv6 without a gateway", "ipv6", { dst: "default", dev: "tun0" }, ["unicast ::/0 dev tun0 table main"]],
  [
    "a connected network",
    "ipv4",
    { dst: "192.0.2.0/24", dev: "eth0", protocol: "kernel", scope: "link", prefsrc: "192.0.2.7", flags: [] },
    ["unicast 192.0.2.0/24 dev eth0 table main proto kernel"],
  ],
  [
    "one address",
    "ipv4",
    { dst: "100.64.0.3", dev: "tailscale0", table: "52" },
    ["unicast 100.64.0.3/32 dev tailscale0 table 52"],
  ],
  [
    "one address of IPv6",
    "ipv6",
    { dst: "fd7a:115c:a1e0::3", dev: "tailscale0", table: 52 },
    ["unicast fd7a:115c:a1e0::3/128 dev tailscale0 table 52"],
  ],
  [
    "an address of the node",
    "ipv4",
    { type: "local", dst: "192.0.2.7", dev: "eth0", table: "local" },
    ["local 192.0.2.7/32 dev eth0 table local"],
  ],
  [
    "a broadcast address",
    "ipv4",
    { type: "broadcast", dst: "192.0.2.255", dev: "eth0", table: "local" },
    ["broadcast 192.0.2.255/32 dev eth0 table local"],
  ],
  [
    "multicast",
    "ipv6",
    { type: "multicast", dst: "ff00::/8", dev: "eth0", table: "local" },
    ["multicast ff00::/8 dev eth0 table local"],
  ],
  [
    "a blackhole",
    "ipv4",
    { type: "blackhole", dst: "10.78.0.0/16", table: "52", flags: [] },
    ["blackhole 10.78.0.0/16 table 52"],
  ],
  [
    "a table with a name",
    "ipv4",
    { dst: "10.0.0.0/8", dev: "eth0", table: "vrf-blue" },
    ["unicast 10.0.0.0/8 dev eth0 table vrf-blue"],
  ],
  [
    "two next hops",
    "ipv4",
    {
      dst: "10.5.0.0/16",
      nexthops: [
        { gateway: "192.0.2.3", dev: "eth0" },
        { gateway: "192.0.2.4", dev: "eth1" },
      ],
    },
    ["unicast 10.5.0.0/16 via 192.0.2.3 dev eth0 table main", "unicast 10.5.0.0/16 via 192.0.2.4 dev eth1 table main"],
  ],
  [
    "a gateway of the other family",
    "ipv4",
    { dst: "10.6.0.0/16", via: { family: "inet6", host: "fe80::1" }, dev: "eth0" },
    ["unicast 10.6.0.0/16 via fe80::1 dev eth0 table main"],
  ],
  [
    "a protocol without a name",
    "ipv4",
    { dst: "10.7.0.0/16", dev: "eth0", protocol: 187 },
    ["unicast 10.7.0.0/16 dev eth0 table main proto 187"],
  ],
  ["what is no route", "ipv4", { dst: "somewhere", dev: "eth0" }, []],
  ["nothing", "ipv4", {}, []],
];

describe("parseRoutes()", () => {
  test.each(routeRows)("reads %s", (_name, family, json, expected) => {
    const read = parseRoutes(JSON.stringify([json, null]), family);
    if (read.kind === "fault") throw new Error(read.why);
    const shown = read.value.map(({ type, destination, via, device, table, protocol }) =>
      [
        type,
        destination,
        via && `via ${via}`,
        device && `dev ${device}`,
        `table ${table}`,
        protocol && `proto ${protocol}`,
      ]
        .filter(Boolean)
        .join(" "),
    );
    expect(shown).toEqual(expected);
  });

  test("takes no output for no routes", () => {
    expect(parseRoutes("", "ipv4")).toEqual({ kind: "ok", value: [] });
  });
});

describe("parseDestinations()", () => {
  const none: Destinations = new Map();
  const read = (printed: unknown, known = none): Destinations => {
    const parsed = parseDestinations(JSON.stringify(printed), "ipv4", known);
    if (parsed.kind === "fault") throw new Error(parsed.why);
    return parsed.value;
  };

  test.each(routeRows)("reads of %s the destination that parseRoutes() reads", (_name, family, json) => {
    const [all, alone] = [
      parseRoutes(JSON.stringify([json]), family),
      parseDestinations(JSON.stringify([json]), family, none),
    ];
    if (all.kind === "fault" || alone.kind === "fault") throw new Error("not read");
    expect([...alone.value.keys()]).toEqual([...new Set(all.value.map(({ destination }) => `${destination}`))]);
    for (const [text, destination] of alone.value) expect(destination.toString()).toBe(text);
  });

  test("keeps what was there before, and what is gone no longer", () => {
    const first = read([{ dst: "100.64.0.1" }, { dst: "10.1.0.0/24" }, { dst: "default" }]);
    expect([...first.keys()]).toEqual(["100.64.0.1/32", "10.1.0.0/24", "0.0.0.0/0"]);
    const next = read([{ dst: "10.1.0.0/24" }, { dst: "10.2.0.0/24" }, { dst: "100.64.0.1" }], first);
    expect([...next.keys()]).toEqual(["10.1.0.0/24", "10.2.0.0/24", "100.64.0.1/32"]);
    expect(next.get("10.1.0.0/24")).toBe(first.get("10.1.0.0/24"));
    expect(next.get("100.64.0.1/32")).toBe(first.get("100.64.0.1/32"));
  });

  test("takes no output for none, and says what is no JSON", () => {
    expect(parseDestinations("\n", "ipv4", none)).toMatchObject({ kind: "ok" });
    expect(parseDestinations("Error", "ipv4", none)).toMatchObject({ kind: "fault" });
  });
});

type Answers = Readonly<Record<string, Partial<ExecResult> | Error>>;

function ipThatSays(answers: Answers) {
  const run = async (argv: readonly string[], _options?: ExecOptions): Promise<ExecResult> => {
    const answer = answers[argv.slice(1).join(" ")] ?? { stdout: "[]" };
    if (answer instanceof Error) throw answer;
    return { exitCode: 0, signal: null, stdout: "", stderr: "", timedOut: false, outputTooLong: false, ...answer };
  };
  return { exec: { run } };
}

describe("readNetworks()", () => {
  test("reads devices, addresses and the routes of both families", async () => {
    const { networks } = await readNetworks(
      ipThatSays({
        "-j addr show": { stdout: devices },
        "-j -4 route show table all": { stdout: '[{"dst":"default","dev":"eth0"}]' },
        "-j -6 route show table all": { stdout: '[{"dst":"default","dev":"eth0"}]' },
      }),
    );
    if (networks.kind === "unknown") throw new Error(networks.why);
    expect(networks.addresses.map(({ device, address }) => `${device} ${address}`)).toEqual([
      "lo 127.0.0.1/8",
      "eth0 192.0.2.7/24",
      "eth0 fe80::7/64",
    ]);
    expect(networks.routes.map(({ destination }) => String(destination))).toEqual(["0.0.0.0/0", "::/0"]);
  });

  test("asks for all at once where ip can", async () => {
    const route = '[{"dst":"default","dev":"eth0"}]';
    const asked: (string | Uint8Array | undefined)[] = [];
    const machine = ipThatSays({ "-j -batch -": { stdout: `${devices.replaceAll("\n", "")}\n${route}\n${route}\n` } });
    const run: typeof machine.exec.run = (argv, options) => {
      asked.push(options?.stdin);
      return machine.exec.run(argv);
    };
    const { networks } = await readNetworks({ exec: { run } });
    if (networks.kind === "unknown") throw new Error(networks.why);
    expect(networks.addresses.map(({ device }) => device)).toEqual(["lo", "eth0", "eth0"]);
    expect(networks.routes.map(({ destination }) => String(destination))).toEqual(["0.0.0.0/0", "::/0"]);
    expect(asked).toEqual(["addr show\nroute show table all root 0.0.0.0/0\nroute show table all root ::/0\n"]);
  });

  test("reads a kernel without IPv6", async () => {
    const stderr = "RTNETLINK answers: Operation not supported\nDump terminated";
    const { networks } = await readNetworks(ipThatSays({ "-j -6 route show table all": { exitCode: 2, stderr } }));
    expect(networks.kind).toBe("known");
  });

  test.each<[string, Answers, string]>([
    [
      "no ip",
      { "-j addr show": new HeadcniError("HC_EXEC_FAILED", "Cannot start ip: does not exist") },
      "Cannot start ip: does not exist",
    ],
    [
      "an ip without JSON",
      { "-j addr show": { stdout: "1: lo: <LOOPBACK>" } },
      "ip -j addr show did not print JSON: this ip is too old, or not iproute2's",
    ],
    [
      "an ip without JSON for routes",
      { "-j -4 route show table all": { stdout: "default via 192.0.2.1" } },
      "ip -j -4 route show table all did not print JSON: this ip is too old, or not iproute2's",
    ],
    [
      "an ip that fails",
      { "-j -6 route show table all": { exitCode: 1, stderr: "Permission denied\nmore" } },
      "ip -j -6 route show table all failed: Permission denied",
    ],
    [
      "an ip that hangs",
      { "-j addr show": { exitCode: null, timedOut: true } },
      "ip -j addr show did not answer in 5 s",
    ],
    [
      "more routes than it takes",
      { "-j -4 route show table all": { exitCode: null, outputTooLong: true } },
      "ip -j -4 route show table all printed more than 8 MiB",
    ],
  ])("knows nothing with %s", async (_name, answers, why) => {
    expect((await readNetworks(ipThatSays(answers))).networks).toEqual({ kind: "unknown", why });
  });
});
