import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { defaultConfig } from "../../config/defaults.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { basename } from "../../sys/fs/path.ts";
import type { JsonObject } from "../../sys/json.ts";
import type { Exec, ExecOptions, ExecResult } from "../../sys/process/exec.ts";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import { renderConflist } from "../render.ts";
import { wantedConflist } from "../wanted.ts";
import { validateConflist } from "./validate.ts";

const binDir = "/opt/cni/bin";
const old = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"];
const answered: ExecResult = {
  exitCode: 0,
  signal: null,
  stdout: "",
  stderr: "",
  timedOut: false,
  outputTooLong: false,
};
const versions = (supportedVersions: readonly string[]): ExecResult => ({
  ...answered,
  stdout: JSON.stringify({ cniVersion: "1.0.0", supportedVersions }),
});

type Answer = ExecResult | Error;

/** A plugin folder of files that answer as given; every other name answers as the upstream plugins 1.1.1 do. */
function pluginFolder(programs: readonly string[], answers: Readonly<Record<string, Answer>> = {}) {
  const root = tempRoot();
  for (const program of programs) root.write(`${binDir}/${program}`, "#!", 0o755);
  const calls: { readonly program: string; readonly options: ExecOptions }[] = [];
  const exec: Exec = {
    run: async (argv, options = {}) => {
      const program = basename(argv[0] ?? "");
      calls.push({ program, options });
      const answer = answers[program] ?? versions(old);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const system = testSystem(root, { exec });
  const problems = async (conflist: JsonObject | string) => {
    const text = typeof conflist === "string" ? conflist : JSON.stringify(conflist);
    return (await validateConflist(system, text, { binDir })).map(({ path, message }) => `${path}: ${message}`);
  };
  return { problems, calls, system, [Symbol.dispose]: () => root[Symbol.dispose]() };
}

const everything = ["bridge", "host-local", "portmap", "headcni", "ptp", "loopback"];
const bridge = { type: "bridge", ipam: { type: "host-local", subnet: "10.1.0.0/24" } };
const list = (...plugins: readonly JsonObject[]): JsonObject => ({ cniVersion: "0.4.0", name: "n", plugins });
const withIpam = (ipam: JsonObject, more: JsonObject = {}): JsonObject => list({ ...bridge, ...more, ipam });

describe("validateConflist()", () => {
  const good: readonly (readonly [string, JsonObject])[] = [
    ["the smallest list", list({ type: "loopback" })],
    ["keys it does not know", { ...list({ type: "loopback", x: { y: [1] } }), z: null }],
    ["no addresses, by an empty ipam", withIpam({})],
    ["addresses of another ipam plugin", list({ type: "ptp", ipam: { type: "portmap", subnet: "nonsense" } })],
    [
      "both families",
      withIpam({ type: "host-local", ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "fd00::/64" }]] }),
    ],
    [
      "one subnet in two parts",
      withIpam({
        type: "host-local",
        ranges: [
          [
            { subnet: "10.1.0.0/24", rangeStart: "10.1.0.10", rangeEnd: "10.1.0.20", gateway: "10.1.0.254" },
            { subnet: "10.1.0.0/24", rangeStart: "10.1.0.30", rangeEnd: "10.1.0.40" },
          ],
        ],
      }),
    ],
    ["ranges from the runtime", withIpam({ type: "host-local" }, { capabilities: { ipRanges: true } })],
    ["a /30", withIpam({ type: "host-local", subnet: "10.1.0.0/30" })],
    ["disableCheck as text, which libcni takes", { ...list(bridge), disableCheck: "true" }],
    ["portmap with its capability", list(bridge, { type: "portmap", capabilities: { portMappings: true } })],
  ];
  test.each(good)("takes %s", async (_, conflist) => {
    using folder = pluginFolder(everything);
    expect(await folder.problems(conflist)).toEqual([]);
  });

  test("takes what HeadCNI renders, for every setting", async () => {
    using folder = pluginFolder(everything);
    const spec = wantedConflist(defaultConfig, parsePodCIDRs("10.244.1.0/24,fd00:1::/64"));
    for (const type of ["bridge", "headcni"] as const) {
      expect(await folder.problems(renderConflist({ ...spec, type }))).toEqual([]);
    }
  });

  test("shows no key or token that was written where none belongs", async () => {
    using folder = pluginFolder(everything);
    const secret = "tskey-auth-Zq1";
    const values: readonly (JsonObject | string)[] = [
      { ...list(bridge), cniVersion: secret },
      { ...list(bridge), name: `a ${secret}` },
      list({ ...bridge, bridge: `${secret}-too-long-for-a-device` }),
      list({ ...bridge, ipam: { type: "host-local", subnet: secret } }),
      list({ type: secret }),
      list(bridge, { type: "portmap", capabilities: secret }),
      `{"a": ${secret}}`,
      `${secret}`,
    ];
    for (const value of values) {
      const said = await folder.problems(value);
      expect(said).not.toEqual([]);
      expect(said.join("\n")).not.toContain(secret);
    }
  });

  const bad: readonly (readonly [string, JsonObject | string, readonly string[]])[] = [
    ["an empty file", "", [": is empty"]],
    ["a byte order mark", `\uFEFF{}`, [": starts with a byte order mark, which JSON does not allow"]],
    ["a list", "[]", [": is not a JSON object"]],
    ["no version", { name: "n", plugins: [bridge] }, ["cniVersion: is missing"]],
    [
      "a version before lists",
      { ...list(bridge), cniVersion: "0.2.0" },
      ['cniVersion: is "0.2.0", known are 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0'],
    ],
    ["versions of another kind", { ...list(bridge), cniVersions: "0.4.0" }, ["cniVersions: is not a list of versions"]],
    ["no name", { ...list(bridge), name: "" }, ["name: is missing"]],
    [
      "a name host-local cannot make a folder of",
      { ...list(bridge), name: "../x" },
      ['name: is "../x": a letter or digit, then letters, digits, "_", "." and "-" are allowed'],
    ],
    ["no plugins", { cniVersion: "0.4.0", name: "n", type: "bridge" }, ["plugins: is missing"]],
    ["plugins of another kind", { ...list(), plugins: {} }, ["plugins: is not a list"]],
    ["an empty list", list(), ["plugins: is empty: a runtime refuses the whole folder for it"]],
    ["an entry that is no object", { ...list(), plugins: [bridge, 1] }, ["plugins[1]: is not an object"]],
    ["no type", list({}), ["plugins[0].type: is missing"]],
    [
      "a type with a path",
      list({ type: "../bin/sh" }),
      ['plugins[0].type: is "../bin/sh": a program\'s name without slashes is wanted'],
    ],
    ["a type that is a number", list({ type: 1 }), ["plugins[0].type: is not a string"]],
    [
      "an ipam without a type",
      list({ type: "ptp", ipam: { subnet: "10.0.0.0/8" } }),
      ["plugins[0].ipam.type: is missing"],
    ],
    ["an ipam that is a string", list({ type: "ptp", ipam: "host-local" }), ["plugins[0].ipam: is not an object"]],
    [
      "a capability that is no boolean",
      list({ type: "ptp", capabilities: { mac: "yes" } }),
      ["plugins[0].capabilities.mac: is not true or false"],
    ],
    ["disableCheck as a number", { ...list(bridge), disableCheck: 1 }, ["disableCheck: is not true or false"]],
    [
      "portmap in front",
      list({ type: "portmap", capabilities: { portMappings: true } }),
      ["plugins[0]: is portmap, which works only behind a plugin that makes an interface"],
    ],
    [
      "portmap without ports",
      list(bridge, { type: "portmap" }),
      ["plugins[1].capabilities: lacks portMappings, without which no runtime passes portmap any port"],
    ],
    [
      "hairpin and promiscuous mode",
      list({ ...bridge, hairpinMode: true, promiscMode: true }),
      ["plugins[0].promiscMode: is true together with hairpinMode, which bridge refuses"],
    ],
    [
      "values bridge's decoder refuses",
      list({
        ...bridge,
        ipMasq: "yes",
        isGateway: 1,
        vlan: "100",
        vlanTrunk: {},
        ipMasqBackend: true,
        portIsolation: null,
      }),
      [
        "plugins[0].isGateway: is 1: true or false is wanted",
        'plugins[0].ipMasq: is "yes": true or false is wanted',
        "plugins[0].ipMasqBackend: is true: text is wanted",
        'plugins[0].vlan: is "100": a whole number is wanted',
        "plugins[0].vlanTrunk: is {}: a list is wanted",
      ],
    ],
    [
      "a device name too long",
      list({ ...bridge, bridge: "a-name-of-16-chr" }),
      ['plugins[0].bridge: is "a-name-of-16-chr", which cannot name a network device'],
    ],
    [
      "an MTU in quotes",
      list({ ...bridge, mtu: "1280" }),
      ['plugins[0].mtu: is "1280": a whole number of bytes is wanted'],
    ],
    [
      "an MTU IPv6 does not allow",
      withIpam({ type: "host-local", subnet: "fd00::/64" }, { mtu: 1279 }),
      ["plugins[0].mtu: is 1279, and IPv6 needs at least 1280"],
    ],
    ["no subnet", withIpam({ type: "host-local" }), ["plugins[0].ipam: names no subnet and no ranges"]],
    [
      "a subnet that is none",
      withIpam({ type: "host-local", subnet: "10.1.0.0" }),
      ['plugins[0].ipam.subnet: is "10.1.0.0", not a CIDR'],
    ],
    [
      "host bits",
      withIpam({ type: "host-local", subnet: "10.1.0.5/24" }),
      ["plugins[0].ipam.subnet: is 10.1.0.5/24, which has host bits set"],
    ],
    [
      "a /31",
      withIpam({ type: "host-local", subnet: "10.1.0.0/31" }),
      ["plugins[0].ipam.subnet: is 10.1.0.0/31, which leaves no address for a pod"],
    ],
    [
      "a /128",
      withIpam({ type: "host-local", subnet: "fd00::1/128" }),
      ["plugins[0].ipam.subnet: is fd00::1/128, which leaves no address for a pod"],
    ],
    [
      "a gateway outside",
      withIpam({ type: "host-local", subnet: "10.1.0.0/24", gateway: "10.2.0.1" }),
      ['plugins[0].ipam.gateway: is "10.2.0.1", not in 10.1.0.0/24'],
    ],
    [
      "a range backwards",
      withIpam({ type: "host-local", subnet: "10.1.0.0/24", rangeStart: "10.1.0.9", rangeEnd: "10.1.0.8" }),
      ["plugins[0].ipam.rangeEnd: is 10.1.0.8, before the range's start 10.1.0.9"],
    ],
    [
      "ranges that overlap",
      withIpam({
        type: "host-local",
        ranges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "10.1.0.128/25" }]],
      }),
      ["plugins[0].ipam.ranges[1][0]: overlaps plugins[0].ipam.ranges[0][0]"],
    ],
    [
      "families in one range set",
      withIpam({
        type: "host-local",
        ranges: [[{ subnet: "10.1.0.0/24" }, { subnet: "fd00::/64" }]],
      }),
      [
        "plugins[0].ipam.ranges[0][1]: mixes families with plugins[0].ipam.ranges[0][0]: each family needs a list of its own",
      ],
    ],
    [
      "ranges one list too flat",
      withIpam({ type: "host-local", ranges: [{ subnet: "10.1.0.0/24" }] }),
      ["plugins[0].ipam.ranges[0]: is not a list of ranges"],
    ],
    [
      "routes without a destination",
      withIpam({ type: "host-local", subnet: "10.1.0.0/24", routes: [{ gw: "x" }] }),
      ["plugins[0].ipam.routes[0].dst: is missing", 'plugins[0].ipam.routes[0].gw: is "x", not an IP address'],
    ],
    [
      "a deadline that is none",
      list({ type: "headcni", delegateTimeoutSeconds: "30s" }),
      ['plugins[0].delegateTimeoutSeconds: is "30s": a number of seconds over 0 is wanted'],
    ],
    [
      "the delegate of headcni",
      list({ type: "headcni", delegate: { bridge: "a b", ipam: { type: "host-local", subnet: "x" } } }),
      [
        'plugins[0].delegate.bridge: is "a b", which cannot name a network device',
        'plugins[0].delegate.ipam.subnet: is "x", not a CIDR',
      ],
    ],
  ];
  test.each(bad)("refuses %s", async (_, conflist, expected) => {
    using folder = pluginFolder(everything);
    expect(await folder.problems(conflist)).toEqual([...expected]);
  });

  test("says where JSON goes wrong, and that it has no comments", async () => {
    using folder = pluginFolder(everything);
    const text = `{\n  # mine\n  "name": "n"\n}`;
    const [problem] = await validateConflist(folder.system, text, { binDir });
    expect(problem?.message).toStartWith("is not JSON: ");
    expect(problem?.hint).toBe("JSON has no comments: remove them");
  });

  test("repeats nothing of a text that is no JSON", async () => {
    using folder = pluginFolder(everything);
    const problems = await validateConflist(folder.system, '{"name": hunter2secret}', { binDir });
    expect(problems.map(({ message }) => message)).toEqual(["is not JSON: Unexpected identifier"]);
  });

  test("asks every program once, in parallel, with the environment libcni gives and a deadline", async () => {
    using folder = pluginFolder(everything);
    await folder.problems(list(bridge, { ...bridge, bridge: "other0" }, { type: "headcni" }));
    expect(folder.calls.map(({ program }) => program)).toEqual(["bridge", "host-local", "headcni"]);
    for (const { options } of folder.calls) {
      expect(options.env?.CNI_COMMAND).toBe("VERSION");
      expect(options.timeoutMs).toBe(5000);
      expect(options.stdin).toBe(`{"cniVersion":"1.1.0"}`);
    }
  });

  const missing: readonly (readonly [string, readonly string[], JsonObject, readonly string[]])[] = [
    ["the plugin", ["host-local"], list(bridge), [`plugins[0].type: is bridge, and ${binDir}/bridge does not exist`]],
    [
      "its ipam",
      ["bridge"],
      list(bridge),
      [`plugins[0].ipam.type: is host-local, and ${binDir}/host-local does not exist`],
    ],
    [
      "what headcni delegates to",
      ["headcni"],
      list({ type: "headcni" }),
      [
        `plugins[0].delegate.type: is bridge, and ${binDir}/bridge does not exist`,
        `plugins[0].delegate.ipam.type: is host-local, and ${binDir}/host-local does not exist`,
      ],
    ],
    [
      "the delegate it names",
      ["headcni", "host-local"],
      list({ type: "headcni", delegate: { type: "macvlan" } }),
      [`plugins[0].delegate.type: is macvlan, and ${binDir}/macvlan does not exist`],
    ],
  ];
  test.each(missing)("misses %s", async (_, programs, conflist, expected) => {
    using folder = pluginFolder(programs);
    expect(await folder.problems(conflist)).toEqual([...expected]);
  });

  test("refuses a program that is not executable, and one that is a folder", async () => {
    using root = tempRoot();
    root.write(`${binDir}/bridge`, "", 0o644);
    root.write(`${binDir}/host-local/file`, "");
    const problems = await validateConflist(testSystem(root), JSON.stringify(list(bridge)), { binDir });
    expect(problems.map(({ message }) => message)).toEqual([
      `is bridge, and ${binDir}/bridge is not an executable file`,
      `is host-local, and ${binDir}/host-local is not an executable file`,
    ]);
  });

  const answers: readonly (readonly [string, Answer, string])[] = [
    ["too old", versions(["0.3.1"]), "does not support CNI 0.4.0"],
    [
      "too slow",
      { ...answered, exitCode: null, signal: "SIGKILL", timedOut: true },
      "did not answer VERSION within 5 s",
    ],
    [
      "flooding us",
      { ...answered, exitCode: null, signal: "SIGKILL", outputTooLong: true },
      "printed too much when asked for its VERSION",
    ],
    ["killed", { ...answered, exitCode: null, signal: "SIGSEGV" }, "was killed by SIGSEGV when asked for its VERSION"],
    [
      "no plugin",
      { ...answered, stdout: "hello" },
      "is no CNI plugin: it answered VERSION with exit code 0 and no supportedVersions",
    ],
    [
      "an error",
      { ...answered, exitCode: 1, stdout: `{"code":4}` },
      "is no CNI plugin: it answered VERSION with exit code 1 and no supportedVersions",
    ],
    [
      "built for another machine",
      new HeadcniError("HC_EXEC_FAILED", "Cannot start", { cause: Object.assign(new Error(), { code: "ENOEXEC" }) }),
      "is not a program this machine can run: built for another processor, or damaged",
    ],
    ["no friend of this version", versions([]), "does not support CNI 0.4.0"],
  ];
  test.each(answers)("refuses a program that is %s", async (_, answer, what) => {
    using folder = pluginFolder(everything, { bridge: answer });
    expect(await folder.problems(list(bridge))).toEqual([`plugins[0].type: is bridge, and ${binDir}/bridge ${what}`]);
  });

  const failed = (code: string) =>
    new HeadcniError("HC_EXEC_FAILED", "Cannot start", { cause: Object.assign(new Error(), { code }) });
  const byHand = `run it by hand to see more: CNI_COMMAND=VERSION ${binDir}/bridge < /dev/null`;
  const remedies: readonly (readonly [string, Answer, string])[] = [
    [
      "the versions that would do",
      versions(["0.2.0", "0.3.0", "0.3.1"]),
      "it supports 0.3.0, 0.3.1: set cni.cniVersion to one of these, or install a newer bridge",
    ],
    [
      "that no version would do",
      versions(["0.2.0"]),
      "it supports none that knows lists of plugins: install a newer bridge",
    ],
    ["so where it says none", versions([]), "it supports none that knows lists of plugins: install a newer bridge"],
    ["how to try a plugin that is none", answered, byHand],
    [
      "what a missing interpreter means",
      failed("ENOENT"),
      "install what it is run by, or a build of the plugin that needs nothing (the CNI project's are static)",
    ],
    [
      "what a mount without exec means",
      failed("EACCES"),
      `remount it with exec, or name another folder as cni.binDir (findmnt -T ${binDir} shows the mount)`,
    ],
  ];
  test.each(remedies)("says %s", async (_, answer, hint) => {
    using folder = pluginFolder(everything, { bridge: answer });
    const [problem] = await validateConflist(folder.system, JSON.stringify(list(bridge)), { binDir });
    expect(problem?.hint).toBe(hint);
  });

  test.each([
    ["#!/no/such/shell -e\n", "interpreter /no/such/shell"],
    [fs.readFileSync("/bin/true"), "dynamic loader /lib"],
    ["\x7fELF", "dynamic loader it needs"],
  ])("names what a program is run by when that is missing: %#", async (content, interpreter) => {
    using folder = pluginFolder(everything, { bridge: failed("ENOENT") });
    fs.writeFileSync(folder.system.files.hostPath(`${binDir}/bridge`), content);
    const [problem] = await folder.problems(list(bridge));
    expect(problem).toContain(`${binDir}/bridge cannot start on this host: its ${interpreter}`);
    expect(problem).toEndWith(" does not exist");
  });

  test("never throws, whatever the document", async () => {
    using folder = pluginFolder(everything);
    const nearConflist = fc.record(
      {
        cniVersion: fc.oneof(fc.constant("0.4.0"), fc.jsonValue()),
        name: fc.oneof(fc.constant("n"), fc.jsonValue()),
        plugins: fc.oneof(
          fc.array(
            fc.record(
              {
                type: fc.oneof(fc.constantFrom("bridge", "headcni", "portmap"), fc.jsonValue()),
                ipam: fc.oneof(
                  fc.record(
                    {
                      type: fc.constant("host-local"),
                      subnet: fc.jsonValue(),
                      ranges: fc.array(fc.array(fc.jsonValue())),
                      routes: fc.jsonValue(),
                    },
                    { requiredKeys: ["type"] },
                  ),
                  fc.jsonValue(),
                ),
                delegate: fc.jsonValue(),
                capabilities: fc.jsonValue(),
              },
              { requiredKeys: [] },
            ),
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      nearConflist.map((value) => JSON.stringify(value)),
      fc.string(),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (document) => {
        expect(Array.isArray(await validateConflist(folder.system, document, { binDir }))).toBe(true);
      }),
    );
  });
});
