// What `headcni config explain` answers.

import { expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { defaultConfigFile } from "./defaults.ts";
import { describeOrigin, explainAsJson, explainConfig } from "./explain.ts";
import { configKeys } from "./keys.ts";
import { loadConfig } from "./load.ts";

test("explainConfig() shows every key with its value as written and its origin", async () => {
  using root = tempRoot();
  root.write(
    defaultConfigFile,
    "network:\n  podCIDR:\n    nodeLocal: {a: 10.1.0.0/24}\n    perNode: 24\ncni: {delegateTimeout: 1500ms}\n",
  );
  const system = testSystem(root, { env: { HEADCNI_NETWORK_MTU: "1400" } });
  const loaded = await loadConfig(system, { flags: { nodeName: "a" } });
  const explained = explainConfig(loaded);
  expect(explained.map(({ key }) => key)).toEqual(configKeys.map(({ key }) => key));
  const shown = explained
    .filter(({ origin }) => origin !== undefined)
    .map(({ key, value, origin }) => `${key}=${JSON.stringify(value)} ${describeOrigin(origin)}`);
  expect(shown).toEqual([
    'nodeName="a" flag --node-name',
    `network.podCIDR.nodeLocal={"a":"10.1.0.0/24"} ${defaultConfigFile}:3`,
    `network.podCIDR.perNode="/24" ${defaultConfigFile}:4`,
    "network.mtu=1400 env HEADCNI_NETWORK_MTU",
    `cni.delegateTimeout="1500ms" ${defaultConfigFile}:5`,
  ]);
});

test("explainConfig() shows defaults, and nothing where there is none", async () => {
  using root = tempRoot();
  const explained = explainConfig(await loadConfig(testSystem(root)));
  expect(explained.every(({ origin }) => describeOrigin(origin) === "default")).toBe(true);
  const unset = explained.filter(({ value }) => value === undefined).map(({ key }) => key);
  expect(unset).toEqual([
    "nodeName",
    "network.podCIDR.nodeLocal",
    "network.podCIDR.base",
    "network.podCIDR.perNode",
    "network.podCIDR.nodeObject.kubeconfig",
    "network.serviceCIDR",
    "cni.plugins",
    "tailscale.enabled",
    "tailscale.nodeTags",
    "tailscale.login.server",
    "tailscale.login.authKeyFile",
    "tailscale.login.hostname",
    "headscale.url",
    "headscale.apiKeyFile",
    "headscale.caFile",
    "headscale.reclaimAfter",
  ]);
});

test("explainAsJson() has one object a key, with its place", async () => {
  using root = tempRoot();
  root.write(defaultConfigFile, "network: {mtu: 1400}\n");
  const json = explainAsJson(await loadConfig(testSystem(root)));
  expect(json.file).toBe(defaultConfigFile);
  expect(json.values).toContainEqual({
    key: "network.mtu",
    value: 1400,
    source: "file",
    file: defaultConfigFile,
    line: 1,
  });
  expect(json.values).toContainEqual({ key: "network.masquerade", value: "bridge", source: "default" });
  expect(json.values).toContainEqual({ key: "nodeName", value: null, source: "default" });
});
