// The chart as Helm renders it: objects of a table of values, what its schema refuses, the configuration file as HeadCNI reads it.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { loadConfig } from "../../src/config/load.ts";
import { declaredMetrics } from "../../src/daemon/metrics.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/sys/json.ts";
import { tempRoot, testSystem } from "../../src/sys/testing.ts";
import { agents } from "../../tools/gen/agents.ts";
import { chart, helmProgram, helmTemplate } from "./helm.ts";

/** Values under their name, as `--set` takes them. */
const tables: readonly (readonly [string, readonly string[]])[] = [
  ["no value", []],
  ["one node's range", ["config.network.podCIDR.nodeLocal=10.244.1.0/24", "singleNode=true"]],
  [
    "ranges by node, another port, no API server",
    [
      "config.network.podCIDR.nodeLocal.node-1=10.244.1.0/24",
      "config.network.podCIDR.nodeObject.enabled=false",
      "config.monitoring.listen=127.0.0.1:9000",
      "installPlugins.enabled=false",
    ],
  ],
  [
    "tailscaled as a DaemonSet, with a key",
    [
      "tailscaled.enabled=true",
      "tailscale.authKey.existingSecret=tailscale",
      "config.tailscale.login.server=https://headscale.example.com",
    ],
  ],
  [
    "monitoring, another image, another runtime's directories",
    [
      "podMonitor.enabled=true",
      "dashboard.enabled=true",
      "image.repository=registry.example.com/headcni",
      "image.digest=sha256:0123",
      "imagePullSecrets[0].name=registry",
      "config.cni.confDir=/var/lib/rancher/k3s/agent/etc/cni/net.d",
      "writableDirs[0]=/usr/lib/cni",
    ],
  ],
];

function at(value: JsonValue | undefined, ...path: readonly (string | number)[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, name) => {
    if (typeof name === "number") return Array.isArray(inner) ? inner[name] : undefined;
    return isJsonObject(inner) ? inner[name] : undefined;
  }, value);
}

/** Without the text that another file of the chart is. */
function shown(objects: readonly JsonObject[]): readonly JsonObject[] {
  return objects.map((object) =>
    at(object, "metadata", "name") === "headcni-dashboard" ? { ...object, data: "…" } : object,
  );
}

test("helm lint finds nothing wrong", () => {
  const { exitCode, stdout } = Bun.spawnSync([helmProgram(), "lint", "--strict", chart]);
  expect(stdout.toString()).toContain("0 chart(s) failed");
  expect(exitCode).toBe(0);
});

describe.each(tables)("with %s", (_name, sets) => {
  test("renders the same objects, in the namespace that they name", async () => {
    const { objects, stderr } = await helmTemplate(sets);
    // Of those that are as without a value, one golden copy is enough.
    const plain = sets.length === 0 ? [] : (await helmTemplate()).objects.map((object) => JSON.stringify(object));
    const own = objects.filter((object) => !plain.includes(JSON.stringify(object)));
    expect(stderr).toBe("");
    const outside = objects.filter(({ kind, metadata }) => {
      return !String(kind).startsWith("ClusterRole") && at(metadata, "namespace") !== "kube-system";
    });
    expect(outside).toEqual([]);
    expect(shown(own)).toMatchSnapshot();
  });

  test("gives a configuration file that HeadCNI takes, with what was asked for", async () => {
    const { one } = await helmTemplate(sets);
    const text = at(one("ConfigMap", "headcni"), "data", "config.yaml");
    expect(at(one("ConfigMap", "headcni-uninstall"), "data", "config.yaml")).toBe(text);
    using root = tempRoot();
    root.write("/etc/headcni/config.yaml", String(text));
    const { origins, warnings } = await loadConfig(testSystem(root, { env: { HEADCNI_ROOT: "/host" } }));
    expect(warnings).toEqual([]);
    expect([...origins.keys()].sort()).toMatchSnapshot();
  });
});

test.each(readdirSync(`${chart}/examples`))(
  "the example %s gives a configuration file that HeadCNI takes",
  async (name) => {
    const { exitCode, stderr, one } = await helmTemplate([], ["-f", `${chart}/examples/${name}`]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    using root = tempRoot();
    root.write("/etc/headcni/config.yaml", String(at(one("ConfigMap", "headcni"), "data", "config.yaml")));
    expect((await loadConfig(testSystem(root))).warnings).toEqual([]);
  },
);

test("every pod runs without privileges of its own, and with all tolerations", async () => {
  const { objects } = await helmTemplate(["tailscaled.enabled=true"]);
  const pods = objects.flatMap(
    (object) => at(object, "spec", "template", "spec") ?? (object.kind === "Pod" ? object.spec : []),
  );
  expect(pods.length).toBe(5);
  for (const pod of pods) {
    expect(at(pod, "hostPID")).toBeUndefined();
    expect(at(pod, "tolerations")).toEqual([{ operator: "Exists" }]);
    const containers = [at(pod, "initContainers"), at(pod, "containers")].flatMap((list) =>
      Array.isArray(list) ? list : [],
    );
    for (const container of containers) {
      expect(at(container, "securityContext")).toMatchObject({
        allowPrivilegeEscalation: false,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(at(container, "securityContext", "capabilities", "drop")).toEqual(["ALL"]);
      // On the host's network it would be a port of the node.
      expect(at(container, "ports")).toBeUndefined();
    }
  }
});

describe("helm template refuses", () => {
  test.each<[string, string, string]>([
    [
      "a misspelt key of the configuration",
      "config.network.podCIDR.nodelocal=10.244.1.0/24",
      "'/config/network/podCIDR'",
    ],
    ["a misspelt value", "imag.tag=1", "additional properties 'imag'"],
    ["a number where a list belongs", "tolerations=1", "'/tolerations'"],
    ["a choice that is none", "config.network.masquerade=maybe", "'/config/network/masquerade'"],
    ["a key by value", "tailscale.authKey.value=tskey", "additional properties 'value'"],
  ])("%s", async (_name, set, where) => {
    const { exitCode, stderr } = await helmTemplate([set]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(where);
  });
});

test("the dashboard asks for metrics that there are", () => {
  const dashboard = readFileSync(`${chart}/dashboards/headcni.json`, "utf8");
  const known = declaredMetrics(agents).map(({ name }) => name);
  const asked = [...dashboard.matchAll(/\bheadcni_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));
  expect(asked.filter((name) => !known.includes(name))).toEqual([]);
  expect(asked.length).toBeGreaterThan(5);
});
