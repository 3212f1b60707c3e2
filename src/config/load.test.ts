// The whole way from file, environment and flags to a configuration: what wins, what is refused and in which words.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { ConfigError } from "../sys/errors.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { LoadedConfig } from "./config.ts";
import { defaultConfig, defaultConfigFile } from "./defaults.ts";
import { createConfigLoader, type LoadConfigOptions, loadConfig } from "./load.ts";

interface Given extends LoadConfigOptions {
  readonly file?: string | Uint8Array;
  readonly env?: Record<string, string>;
}

async function load({ file, env = {}, ...options }: Given): Promise<LoadedConfig> {
  using root = tempRoot();
  if (file !== undefined) root.write(defaultConfigFile, file);
  return loadConfig(testSystem(root, { env }), options);
}

/** The issues as a person sees them, without the file's name. */
async function issuesOf(given: Given): Promise<string[]> {
  const error = await load(given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${error}`);
  expect(error.code).toBe("HC_CONFIG_INVALID");
  return error.issues.map(({ line, path, message }) => `${line ?? "-"} ${path}: ${message}`);
}

async function failureOf(given: Given & { readonly root?: TempRoot }): Promise<string> {
  const { root, env = {}, path } = given;
  const loading = root === undefined ? load(given) : loadConfig(testSystem(root, { env }), { path });
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${error}`);
  expect(error.code).toBe("HC_CONFIG_FILE");
  return error.message;
}

describe("loadConfig() without a word from the operator", () => {
  test("gives the defaults and no file", async () => {
    const { config, file, origins, warnings } = await load({});
    expect(config).toEqual(defaultConfig);
    expect({ file, origins: [...origins], warnings }).toEqual({ file: undefined, origins: [], warnings: [] });
  });

  test("says where the file would lie, for whoever waits for it", async () => {
    using root = tempRoot();
    expect((await loadConfig(testSystem(root))).hostFile).toBe(`${root.path}/etc/headcni/config.yaml`);
  });

  test.each([
    ["", "an empty file"],
    ["# nothing yet\n", "comments alone"],
    ["network:\ncni: {}\n", "empty sections"],
    ["network:\n  mtu:\n  podCIDR:\n    base: null\n", "keys without values"],
  ])("takes %p (%s) as the defaults, too", async (file) => {
    const { config, origins } = await load({ file });
    expect(config).toEqual(defaultConfig);
    expect([...origins.keys()]).toEqual([]);
  });
});

describe("loadConfig() lets flags win over the environment, and that over the file", () => {
  const file = "nodeName: from-file\nnetwork:\n  mtu: 1300\n";

  test("file alone, with its line", async () => {
    const { config, origins, file: name } = await load({ file });
    expect([config.nodeName, config.network.bridge.mtuBytes, name]).toEqual(["from-file", 1300, defaultConfigFile]);
    expect(origins.get("network.mtu")).toEqual({ source: "file", file: defaultConfigFile, line: 3 });
    expect([...origins.keys()]).toEqual(["nodeName", "network.mtu"]);
  });

  test("environment over file", async () => {
    const { config, origins } = await load({
      file,
      env: { HEADCNI_NODENAME: "from-env", HEADCNI_NETWORK_MTU: "1400" },
    });
    expect([config.nodeName, config.network.bridge.mtuBytes]).toEqual(["from-env", 1400]);
    expect(origins.get("network.mtu")).toEqual({ source: "env", variable: "HEADCNI_NETWORK_MTU" });
  });

  test("flag over both", async () => {
    const { config, origins } = await load({
      file,
      env: { HEADCNI_NODENAME: "from-env" },
      flags: { nodeName: "from-flag" },
    });
    expect(config.nodeName).toBe("from-flag");
    expect(origins.get("nodeName")).toEqual({ source: "flag", flag: "--node-name" });
  });

  test("flag alone, read without the schema as with it", async () => {
    const alone = await load({ flags: { nodeName: "Worker-1" } });
    const beside = await load({ file: "{}", flags: { nodeName: "Worker-1" } });
    expect(alone.config).toEqual({ ...defaultConfig, nodeName: "worker-1" });
    expect([alone.config, [...alone.origins]]).toEqual([beside.config, [...beside.origins]]);
    expect(await issuesOf({ flags: { nodeName: "no/name" } })).toEqual([
      '- nodeName: --node-name: "no/name" is not a node name; write letters, digits, - and .',
    ]);
  });

  test("a bad value below one that wins does no harm", async () => {
    expect(
      (await load({ file: "network: {mtu: 3}\n", env: { HEADCNI_NETWORK_MTU: "1400" } })).config.network.bridge
        .mtuBytes,
    ).toBe(1400);
  });
});

test.each([
  ["authKeyFile: /etc/headcni/key", "- tailscale.login.authKeyFile: needs tailscale.login.server"],
  ["server: https://hs.example.com", "- tailscale.login.server: needs tailscale.login.authKeyFile"],
])("loadConfig() refuses half a login: %s", async (login, issue) => {
  const issues = await issuesOf({ file: `tailscale: {login: {${login}}}\n` });
  expect(issues).toEqual([expect.stringContaining(issue.replace(/^- /, ""))]);
});

test.each([
  ["approval: node", "headscale.approval: node needs headscale.url"],
  ["approval: nobody", "headscale.approval"],
  ["pollInterval: 100ms", "is less than 1s"],
  ["reclaimAfter: 5m", "is less than 10m"],
  ["reclaimAfter: soon", "is not a time"],
  ["url: headscale", "is not the address of a control server"],
])("loadConfig() refuses in headscale: %s", async (keys, issue) => {
  expect((await issuesOf({ file: `headscale: {${keys}}\n` })).join("\n")).toContain(issue);
});

test("loadConfig() reads times of headscale with their units", async () => {
  const { config } = await load({ file: "headscale: {pollInterval: 10s, reclaimAfter: 30d}\n" });
  expect(config.headscale).toMatchObject({ pollIntervalMs: 10_000, reclaimAfterMs: 30 * 86_400_000 });
});

describe("loadConfig() tells unset from empty", () => {
  test("an empty variable takes away what the file says, where nothing is a value", async () => {
    const file =
      "nodeName: a\nnetwork: {serviceCIDR: 10.96.0.0/12, podCIDR: {base: 10.0.0.0/9, nodeLocal: 10.0.0.0/24, perNode: 24}}\ncni: {plugins: [{type: portmap}]}\n";
    const keys = [
      "NODENAME",
      "NETWORK_SERVICECIDR",
      "NETWORK_PODCIDR_BASE",
      "NETWORK_PODCIDR_NODELOCAL",
      "NETWORK_PODCIDR_PERNODE",
      "CNI_PLUGINS",
    ];
    const { config, origins } = await load({
      file,
      env: Object.fromEntries(keys.map((key) => [`HEADCNI_${key}`, ""])),
    });
    expect(config).toEqual(defaultConfig);
    expect([...origins.values()].map(({ source }) => source)).toEqual(keys.map(() => "env"));
  });

  test.each([
    ["HEADCNI_NETWORK_MTU", "network.mtu"],
    ["HEADCNI_NETWORK_MASQUERADE", "network.masquerade"],
    ["HEADCNI_CNI_CNIVERSION", "cni.cniVersion"],
    ["HEADCNI_CNI_CONFDIR", "cni.confDir"],
    ["HEADCNI_CNI_DELEGATETIMEOUT", "cni.delegateTimeout"],
    ["HEADCNI_MONITORING_ENABLED", "monitoring.enabled"],
    ["HEADCNI_MONITORING_LISTEN", "monitoring.listen"],
  ])("elsewhere an empty %s is an error", async (variable, key) => {
    expect(await issuesOf({ env: { [variable]: "" } })).toEqual([
      `- ${key}: ${variable}: is empty; give it a value, or leave it out for the default`,
    ]);
  });
});

describe("loadConfig() reads text from the environment as the key's kind", () => {
  test.each([
    ["HEADCNI_NETWORK_MTU", " 1400 ", (c: LoadedConfig["config"]) => c.network.bridge.mtuBytes, 1400],
    ["HEADCNI_MONITORING_ENABLED", "false", (c: LoadedConfig["config"]) => c.monitoring.enabled, false],
    ["HEADCNI_NODENAME", "1234", (c: LoadedConfig["config"]) => c.nodeName, "1234"],
    ["HEADCNI_CNI_CNIVERSION", "1.0.0", (c: LoadedConfig["config"]) => c.cni.cniVersion, "1.0.0"],
    ["HEADCNI_CNI_DELEGATETIMEOUT", "2m", (c: LoadedConfig["config"]) => c.cni.delegateTimeoutMs, 120_000],
    ["HEADCNI_NETWORK_PODCIDR_PERNODE", "26", (c: LoadedConfig["config"]) => c.network.podCIDR.perNode, { ipv4: 26 }],
    [
      "HEADCNI_NETWORK_PODCIDR_PERNODE",
      '{"ipv4": 25, "ipv6": 80}',
      (c: LoadedConfig["config"]) => c.network.podCIDR.perNode,
      { ipv4: 25, ipv6: 80 },
    ],
    [
      "HEADCNI_CNI_PLUGINS",
      '[{"type":"portmap"}]',
      (c: LoadedConfig["config"]) => c.cni.plugins,
      [{ type: "portmap" }],
    ],
    [
      "HEADCNI_NETWORK_PODCIDR_BASE",
      '["10.0.0.0/9"]',
      (c: LoadedConfig["config"]) => c.network.podCIDR.base?.list.join(),
      "10.0.0.0/9",
    ],
  ])("%s=%s", async (variable, value, pick, expected) => {
    expect(pick((await load({ env: { [variable]: value } })).config)).toEqual(expected);
  });

  test("what begins like JSON and is none is refused", async () => {
    expect(await issuesOf({ env: { HEADCNI_CNI_PLUGINS: "[{type: portmap}]" } })).toEqual([
      '- cni.plugins: HEADCNI_CNI_PLUGINS: [{type: portmap}] is not valid JSON; write for example ["a"] or {"a": "b"}',
    ]);
  });

  test("a variable that is nearly one of ours gets a warning, one of Kubernetes' does not", async () => {
    const env = {
      HEADCNI_NETWORK_MTUU: "1",
      HEADCNI_SERVICE_HOST: "10.96.0.9",
      HEADCNI_PORT_9465_TCP_ADDR: "10.96.0.9",
    };
    const { config, warnings } = await load({ env });
    expect(config).toEqual(defaultConfig);
    expect(warnings).toEqual([
      { path: "HEADCNI_NETWORK_MTUU", message: "unknown variable; did you mean HEADCNI_NETWORK_MTU?" },
    ]);
  });
});

describe("loadConfig() names place, value and remedy of", () => {
  test.each<[string, string, string]>([
    ["an unknown key", "netwrok: {}\n", "1 netwrok: unknown key; did you mean network?"],
    [
      "an unknown key without a value",
      "cni:\n  foo:\n",
      "2 cni.foo: unknown key; known here: cniVersion, type, plugins, confDir, binDir, otherConfigs, delegateTimeout",
    ],
    ["a key in the wrong section", "mtu: 1280\n", "1 mtu: unknown key here; did you mean network.mtu?"],
    [
      "a key in the wrong case",
      "network:\n  podCidr: {}\n",
      "2 network.podCidr: unknown key; did you mean network.podCIDR?",
    ],
    [
      "a key of a map value",
      "network: {podCIDR: {perNode: {ipv5: 3}}}\n",
      "1 network.podCIDR.perNode.ipv5: unknown key; did you mean network.podCIDR.perNode.ipv4?",
    ],
    [
      "a number out of range",
      "network:\n  mtu: 99999\n",
      "2 network.mtu: 99999 is more than 65535; write a number from 576 to 65535",
    ],
    [
      "a quoted number",
      'network: {mtu: "1280"}\n',
      '1 network.mtu: "1280" is not a whole number; write for example 1280',
    ],
    ["a fraction", "network: {mtu: 1280.5}\n", "1 network.mtu: 1280.5 is not a whole number; write for example 1280"],
    [
      "a choice",
      "network: {masquerade: brigde}\n",
      '1 network.masquerade: "brigde" is not one of bridge, daemon, none; did you mean bridge?',
    ],
    [
      "a version as a number",
      "cni: {cniVersion: 1.0}\n",
      "1 cni.cniVersion: 1 is not one of 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0",
    ],
    ["an unquoted yes", "monitoring: {enabled: yes}\n", '1 monitoring.enabled: "yes" is neither true nor false'],
    ["a value for a section", "logging: debug\n", '1 logging: "debug" stands where a map of keys belongs'],
    ["a list for the file", "- a\n", '1 : ["a"] stands where a map of keys belongs'],
    ["a relative folder", "cni: {binDir: opt/cni}\n", '1 cni.binDir: "opt/cni" is not an absolute path'],
    [
      "a folder with ..",
      "cni: {binDir: /opt/../cni}\n",
      '1 cni.binDir: "/opt/../cni" is not an absolute path without . and ..',
    ],
    ["a node name", "nodeName: Worker_1\n", '1 nodeName: "Worker_1" is not a node name'],
    [
      "a plugin without a type",
      "cni: {plugins: [{typ: x}]}\n",
      "1 cni.plugins[0].type: nothing stands where the name of a plugin belongs; write for example type: portmap",
    ],
    [
      "a plugin that is a word, at its line",
      "cni:\n  plugins:\n    - {type: portmap}\n    - bandwidth\n",
      '4 cni.plugins[1]: "bandwidth" is not a plugin; write for example {type: portmap}',
    ],
    [
      "plugins that are no list",
      "cni: {plugins: portmap}\n",
      '1 cni.plugins: "portmap" is not a list of plugins, each with a type',
    ],
    ["no number", "network: {mtu: .nan}\n", "1 network.mtu: .nan is not a whole number"],
    [
      "a CIDR of a list",
      "network: {podCIDR: {base: [10.0.0.0/16, 5]}}\n",
      "1 network.podCIDR.base[1]: 5 is not text; put it in quotes",
    ],
    [
      "a length of a map",
      "network: {podCIDR: {perNode: {ipv4: []}}}\n",
      "1 network.podCIDR.perNode.ipv4: [] is not a prefix length",
    ],
    [
      "host bits",
      "network:\n  podCIDR:\n    nodeLocal: 10.1.1.1/24\n",
      '3 network.podCIDR.nodeLocal: "10.1.1.1/24" has host bits set in 10.1.1.1/24; write 10.1.1.0/24',
    ],
    [
      "one node's CIDR, at its line",
      "network:\n  podCIDR:\n    nodeLocal:\n      a: 10.1.0.0/24\n      b: nope\n",
      '5 network.podCIDR.nodeLocal.b: "nope" is not a CIDR: nope',
    ],
    [
      "a node without a CIDR",
      'network: {podCIDR: {nodeLocal: {a: ""}}}\n',
      '1 network.podCIDR.nodeLocal.a: "" is no CIDR; write one, or leave the node out',
    ],
    [
      "an address to listen on",
      "monitoring: {listen: 9465}\n",
      "1 monitoring.listen: 9465 is not text; put it in quotes",
    ],
  ])("%s", async (_name, file, expected) => {
    const issues = await issuesOf({ file });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toStartWith(expected);
  });

  test("everything at once, down the file and then elsewhere", async () => {
    const file = "netwrok: {}\nnetwork:\n  mtu: 3\n  masquerade: x\nlogging: {level: loud}\n";
    const issues = await issuesOf({ file, env: { HEADCNI_CNI_TYPE: "vxlan" } });
    expect(issues.map((issue) => issue.split(": ")[0])).toEqual([
      "1 netwrok",
      "3 network.mtu",
      "4 network.masquerade",
      "5 logging.level",
      "- cni.type",
    ]);
  });

  test("each wrong entry of a map at its own line, and what is wrong between those that are right", async () => {
    const nodes = [
      "a: 10.0.1.0/24",
      "f: null",
      "B: 10.0.1.128/25",
      "c: nope",
      "no/de: 10.0.3.0/24",
      "d: [10.0.4.0/24, 7]",
    ];
    const file = `network:\n  podCIDR:\n    nodeLocal:\n${nodes.map((node) => `      ${node}\n`).join("")}  mtu: 3\n`;
    expect(await issuesOf({ file })).toEqual([
      "5 network.podCIDR.nodeLocal.f: null is neither a CIDR nor a list of CIDRs",
      "6 network.podCIDR.nodeLocal.b: 10.0.1.128/25 overlaps 10.0.1.0/24 of node a; give each node its own",
      '7 network.podCIDR.nodeLocal.c: "nope" is not a CIDR: nope has no prefix length; write for example 10.244.0.0/16',
      '8 network.podCIDR.nodeLocal.no/de: "no/de" is not a node name; write letters, digits, - and .',
      "9 network.podCIDR.nodeLocal.d[1]: 7 is not text; put it in quotes",
      "10 network.mtu: 3 is less than 576, what IPv4 needs; write a number from 576 to 65535",
    ]);
  });

  test("a node that stands twice, beside other faults", async () => {
    const file = "network: {podCIDR: {nodeLocal: {a: 10.0.1.0/24, b: x, A: 10.0.2.0/24}}}\n";
    expect((await issuesOf({ file })).map((issue) => issue.slice(0, 62))).toEqual([
      '1 network.podCIDR.nodeLocal.b: "x" is not a CIDR: x has no pre',
      '1 network.podCIDR.nodeLocal.A: "A" names a node a second time;',
    ]);
  });

  test("a value of a megabyte, cut to a line", async () => {
    const [issue] = await issuesOf({ file: `network: {masquerade: ${"x".repeat(900_000)}}\n` });
    expect(issue?.length).toBeLessThan(200);
  });
});

describe("loadConfig() refuses values that contradict each other:", () => {
  test.each([
    [
      "a block larger than the base",
      "{podCIDR: {base: 10.0.0.0/24, perNode: 16}}",
      "network.podCIDR.perNode: /16 is a larger block than network.podCIDR.base 10.0.0.0/24",
    ],
    [
      "a length for a family that the base lacks",
      "{podCIDR: {base: 'fd00::/48', perNode: 24}}",
      "network.podCIDR.perNode: /24 is a length for IPv4, which network.podCIDR.base fd00::/48 does not have",
    ],
    [
      "base and services",
      "{podCIDR: {base: 10.0.0.0/8}, serviceCIDR: 10.96.0.0/12}",
      "network.podCIDR.base: 10.0.0.0/8 overlaps network.serviceCIDR 10.96.0.0/12",
    ],
    [
      "a node and services",
      "{podCIDR: {nodeLocal: 10.96.1.0/24}, serviceCIDR: 10.96.0.0/12}",
      "network.podCIDR.nodeLocal: 10.96.1.0/24 overlaps network.serviceCIDR 10.96.0.0/12",
    ],
    [
      "two nodes",
      "{podCIDR: {nodeLocal: {a: 10.1.0.0/24, b: 10.1.0.0/25}}}",
      "network.podCIDR.nodeLocal.b: 10.1.0.0/25 overlaps 10.1.0.0/24 of node a",
    ],
    [
      "a base of every address",
      "{podCIDR: {base: '::/0', nodeLocal: 'fd00:1::/64'}}",
      "network.podCIDR.base: ::/0 is every address there is",
    ],
    [
      "services on every address",
      "{serviceCIDR: 0.0.0.0/0}",
      "network.serviceCIDR: 0.0.0.0/0 is every address there is",
    ],
    [
      "a node with every address",
      "{podCIDR: {nodeLocal: {a: 0.0.0.0/0}}}",
      "network.podCIDR.nodeLocal.a: 0.0.0.0/0 is every address there is",
    ],
    [
      "a small MTU and IPv6",
      "{mtu: 1000, podCIDR: {base: 'fd00::/48'}}",
      "network.mtu: 1000 is less than 1280, which IPv6 (fd00::/48) needs",
    ],
  ])("%s", async (_name, network, expected) => {
    const issues = await issuesOf({ file: `network: ${network}\n` });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toStartWith(`1 ${expected}`);
  });

  test("also while other values are wrong, but not what the wrong ones would be without", async () => {
    const file = "network: {mtu: 3, serviceCIDR: 10.0.0.0/16, podCIDR: {base: 10.0.0.0/8}}\ncni: {type: x}\n";
    expect((await issuesOf({ file })).map((issue) => issue.split(":")[0])).toEqual([
      "1 network.mtu",
      "1 network.podCIDR.base",
      "2 cni.type",
    ]);
    // Below a variable that cannot be read the file's value does not count.
    expect(
      await issuesOf({
        file: "network: {serviceCIDR: 10.0.0.0/16, podCIDR: {base: 10.0.0.0/8}}\n",
        env: { HEADCNI_NETWORK_SERVICECIDR: "[" },
      }),
    ).toHaveLength(1);
  });

  test("a contradiction brought by the environment names the variable", async () => {
    const env = { HEADCNI_NETWORK_SERVICECIDR: "10.0.0.0/16", HEADCNI_NETWORK_PODCIDR_BASE: "10.0.0.0/8" };
    expect(await issuesOf({ env })).toEqual([
      expect.stringContaining("HEADCNI_NETWORK_PODCIDR_BASE: 10.0.0.0/8 overlaps"),
    ]);
  });

  test("but not what fits", async () => {
    const file =
      "network:\n  mtu: 576\n  serviceCIDR: 10.96.0.0/12,fd00:1::/108\n  podCIDR:\n    base: 10.244.0.0/16\n    perNode: 16\n    nodeLocal: {a: 10.244.0.0/24, b: 10.244.1.0/24}\n";
    expect((await load({ file })).warnings).toEqual([]);
  });
});

test("loadConfig() warns of a status server that others can reach, at its line", async () => {
  const { warnings } = await load({ file: 'monitoring:\n  listen: "0.0.0.0:9465"\n' });
  expect(warnings).toEqual([expect.objectContaining({ path: "monitoring.listen", file: defaultConfigFile, line: 2 })]);
  expect((await load({ file: 'monitoring: {enabled: false, listen: "0.0.0.0:9465"}\n' })).warnings).toEqual([]);
});

describe("loadConfig() finds the file", () => {
  test("named by --config before HEADCNI_CONFIG before the default", async () => {
    using root = tempRoot();
    for (const name of ["flag", "env", "default"]) root.write(`/etc/headcni/${name}.yaml`, `nodeName: ${name}\n`);
    root.write(defaultConfigFile, "nodeName: default\n");
    const system = testSystem(root, { env: { HEADCNI_CONFIG: "/etc/headcni/env.yaml" } });
    expect((await loadConfig(system, { path: "/etc/headcni/flag.yaml" })).config.nodeName).toBe("flag");
    expect((await loadConfig(system)).config.nodeName).toBe("env");
    expect((await loadConfig({ ...system, env: {} })).config.nodeName).toBe("default");
  });

  test("under the root first, else where the path leads outside of it", async () => {
    using root = tempRoot();
    using outside = tempRoot();
    outside.write("/c.yaml", "nodeName: outside\n");
    const path = `${outside.path}/c.yaml`;
    const loaded = await loadConfig(testSystem(root), { path });
    expect([loaded.config.nodeName, loaded.file, loaded.hostFile]).toEqual(["outside", path, path]);
    root.write(path, "nodeName: inside\n");
    const inside = await loadConfig(testSystem(root), { path });
    expect([inside.config.nodeName, inside.file, inside.hostFile]).toEqual(["inside", path, `${root.path}${path}`]);
  });

  test("and says that one outside of the root was passed over, unless it is the same file", async () => {
    using root = tempRoot();
    using outside = tempRoot();
    outside.write("/c.yaml", "nodeName: outside\n");
    const path = `${outside.path}/c.yaml`;
    const load = () => loadConfig(testSystem(root), { path });
    expect((await load()).warnings).toEqual([]);
    root.write(path, "nodeName: inside\n");
    const { warnings, passedOver } = await load();
    expect(warnings).toEqual([
      {
        path: "",
        file: path,
        message:
          `of this machine is not read: with --root ${root.path} the configuration is ${root.path}${path}. ` +
          "If the other shall count, give it a path of its own and name that with --config",
      },
    ]);
    expect(passedOver).toBe(warnings[0]);
    fs.rmSync(`${root.path}${path}`);
    fs.linkSync(path, `${root.path}${path}`);
    expect((await load()).warnings).toEqual([]);
  });

  test("and says so when one that was named is missing", async () => {
    expect(await failureOf({ path: "/nowhere/c.yaml" })).toBe(
      "Cannot read the configuration /nowhere/c.yaml, named by --config: it does not exist",
    );
    expect(await failureOf({ env: { HEADCNI_CONFIG: "/nowhere/c.yaml" } })).toContain(
      "named by HEADCNI_CONFIG: it does not exist",
    );
    expect(await failureOf({ path: "" })).toBe("Cannot read the configuration: --config is empty");
    expect(await failureOf({ env: { HEADCNI_CONFIG: "" } })).toBe(
      "Cannot read the configuration: HEADCNI_CONFIG is empty",
    );
  });

  test("and refuses what is no text of its kind", async () => {
    expect(await failureOf({ file: new Uint8Array([0xff, 0xfe, 0x61, 0]) })).toContain(
      "it is not UTF-8 text but UTF-16 or binary",
    );
    expect(await failureOf({ file: new Uint8Array([0x61, 0xe9, 0x0a]) })).toEndWith("it is not UTF-8 text");
    expect(await failureOf({ file: "a: 1\u0000\n" })).toContain("it is not UTF-8 text but UTF-16 or binary");
    expect(await failureOf({ file: `# ${"x".repeat(1 << 20)}` })).toContain("it is larger than 1048576 bytes");
    using root = tempRoot();
    root.write("/etc/headcni/config.yaml/x", "");
    expect(await failureOf({ root })).toContain("it is a folder");
  });

  test("and says so when the way to it is a loop", async () => {
    using root = tempRoot();
    fs.mkdirSync(`${root.path}/etc`);
    fs.symlinkSync("headcni", `${root.path}/etc/headcni`);
    expect(await failureOf({ root })).toContain("too many symbolic links");
  });

  test("with a byte order mark", async () => {
    expect((await load({ file: "\uFEFFnodeName: a\n" })).config.nodeName).toBe("a");
  });
});

describe("createConfigLoader() evaluates", () => {
  test("nothing again while file, environment and flags stay as they are", async () => {
    using root = tempRoot();
    root.write(defaultConfigFile, "network: {mtu: 1400}\n");
    const system = testSystem(root);
    const load = createConfigLoader();
    const first = await load(system, {});
    root.write(defaultConfigFile, "network: {mtu: 1400}\n");
    expect(await load(system, {})).toBe(first);
    expect(await load({ ...system, env: { HOME: "/" } }, {})).toBe(first);
  });

  test.each<[string, Partial<Given>]>([
    ["file", { file: "network: {mtu: 1300}\n" }],
    ["environment", { env: { HEADCNI_NETWORK_MTU: "1300" } }],
    ["flags", { flags: { nodeName: "b" } }],
  ])("a change of the %s", async (_what, { file, env, flags }) => {
    using root = tempRoot();
    root.write(defaultConfigFile, "network: {mtu: 1400}\n");
    const load = createConfigLoader();
    const first = await load(testSystem(root), {});
    if (file !== undefined) root.write(defaultConfigFile, file);
    expect((await load(testSystem(root, { env: env ?? {} }), { flags })).config).not.toEqual(first.config);
    root.write(defaultConfigFile, "network: {mtu: 1400}\n");
    expect((await load(testSystem(root), {})).config).toEqual(first.config);
  });

  test("nothing again either while it is wrong, and says the same again", async () => {
    using root = tempRoot();
    root.write(defaultConfigFile, "network: {mtu: 3}\n");
    const load = createConfigLoader();
    const failures = [await load(testSystem(root), {}).catch(String), await load(testSystem(root), {}).catch(String)];
    expect(failures).toEqual(Array(2).fill(expect.stringContaining("it has one problem")));
    root.write(defaultConfigFile, "");
    expect((await load(testSystem(root), {})).config).toEqual(defaultConfig);
  });
});
