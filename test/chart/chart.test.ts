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
  [
    "a controller, monitored",
    [
      "podMonitor.enabled=true",
      "controller.enabled=true",
      "controller.replicas=2",
      "controller.apiKey.existingSecret=headscale",
      "controller.ca.existingConfigMap=headscale-ca",
      "config.network.podCIDR.base=10.244.0.0/16",
      "config.tailscale.nodeTags=tag:k8s-node",
      "config.headscale.url=https://headscale.example.com",
    ],
  ],
];

const controllerOnly = tables.at(-1)?.[1].filter((set) => !set.startsWith("podMonitor")) ?? [];

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

test("Helm 3 finds nothing wrong, and renders the same", async () => {
  const three = helmProgram(3);
  expect(Bun.spawnSync([three, "version", "--short"]).stdout.toString()).toStartWith("v3.");
  expect(Bun.spawnSync([three, "lint", "--strict", chart]).exitCode).toBe(0);
  const sets = ["tailscaled.enabled=true", "podMonitor.enabled=true", ...controllerOnly];
  const kubeVersion = ["--kube-version", "1.33.0"];
  const [old, now] = [await helmTemplate(sets, kubeVersion, three), await helmTemplate(sets, kubeVersion)];
  expect(old.stderr).toBe("");
  const sorted = (objects: readonly JsonObject[]) => objects.map((object) => JSON.stringify(object)).sort();
  expect(sorted(old.objects)).toEqual(sorted(now.objects));
});

test.each([
  ["config", "config="],
  ["a section of it", "config.monitoring="],
  ["a section of a section", "config.network.podCIDR="],
])("takes %s with nothing under it, as the configuration file does", async (_, key) => {
  const { exitCode, stderr } = await helmTemplate([], ["--set-json", `${key}null`]);
  expect([exitCode, stderr]).toEqual([0, ""]);
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

test("every pod runs without privileges of its own, and with all tolerations but the one that waits for nodes", async () => {
  const { objects } = await helmTemplate(["tailscaled.enabled=true", ...controllerOnly]);
  const pods = objects.flatMap(
    (object) => at(object, "spec", "template", "spec") ?? (object.kind === "Pod" ? object.spec : []),
  );
  expect(pods.length).toBe(8);
  for (const pod of pods) {
    expect(at(pod, "hostPID")).toBeUndefined();
    // From a node out of reach it could not say which node that is.
    if (at(pod, "serviceAccountName") === "headcni-uninstall") {
      expect(JSON.stringify(at(pod, "tolerations"))).not.toMatch(/unreachable|\{"operator":"Exists"\}/);
    } else expect(at(pod, "tolerations")).toContainEqual({ operator: "Exists" });
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
    ["a second daemon beside the first", "updateStrategy.rollingUpdate.maxSurge=1", "it has to be 0"],
    ["a controller's key by value", "controller.apiKey.value=hskey", "additional properties 'value'"],
    [
      "a controller that would end at once",
      "controller.enabled=true",
      "needs config.headscale.url, config.network.podCIDR.base, config.tailscale.nodeTags, controller.apiKey.existingSecret",
    ],
  ])("%s", async (_name, set, where) => {
    const { exitCode, stderr } = await helmTemplate([set]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(where);
  });

  test("a controller beside another way of approval", async () => {
    const { exitCode, stderr } = await helmTemplate([...controllerOnly, "config.headscale.approval=node"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("config.headscale.approval is node");
  });
});

test("a controller has the daemons wait for its approval, and no other pod has its key", async () => {
  const { objects, one } = await helmTemplate(controllerOnly);
  expect(String(at(one("ConfigMap", "headcni"), "data", "config.yaml"))).toContain("approval: controller");
  const withKey = objects.filter((object) => JSON.stringify(object).includes('"secretName":"headscale"'));
  expect(withKey.map(({ kind }) => kind)).toEqual(["Deployment"]);
});

test("Prometheus is led to the node's address, whatever its family", async () => {
  const { one } = await helmTemplate(["podMonitor.enabled=true"]);
  const rules = at(one("PodMonitor", "headcni-daemon"), "spec", "podMetricsEndpoints", 0, "relabelings");
  const target = (hostIP: string): readonly string[] =>
    (Array.isArray(rules) ? rules : []).flatMap((rule) => {
      const [regex, replacement] = [String(at(rule, "regex")), String(at(rule, "replacement"))];
      if (at(rule, "targetLabel") !== "__address__" || !new RegExp(`^(?:${regex})$`).test(hostIP)) return [];
      return hostIP.replace(new RegExp(`^(?:${regex})$`), replacement);
    });
  expect(target("10.0.0.1")).toEqual(["10.0.0.1:9465"]);
  expect(target("fd00::1")).toEqual(["[fd00::1]:9465"]);
  const env = at(one("DaemonSet", "headcni-daemon"), "spec", "template", "spec", "containers", 0, "env");
  // Either family may be in brackets; IPv6 has to.
  expect(env).toContainEqual({ name: "HEADCNI_MONITORING_LISTEN", value: "[$(HOST_IP)]:9465" });
});

test("the dashboard asks for metrics that there are", () => {
  const dashboard = readFileSync(`${chart}/dashboards/headcni.json`, "utf8");
  const known = declaredMetrics(agents).map(({ name }) => name);
  const asked = [...dashboard.matchAll(/\bheadcni_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));
  expect(asked.filter((name) => !known.includes(name))).toEqual([]);
  expect(asked.length).toBeGreaterThan(5);
});
