// The schema as the source of everything else: defaults, documentation, environment names, JSON Schema, printing.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as z from "zod/mini";
import type { JsonObject } from "../sys/json.ts";
import { runs } from "../sys/testing.ts";
import { defaultConfig } from "./defaults.ts";
import { toInput, valueAt } from "./explain.ts";
import { configJsonSchema, configKeys, configSections } from "./keys.ts";
import { configSchema, toConfig } from "./schema.ts";

/** An input with one key set. */
function inputWith(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
}

test("configSchema's defaults are those a node without a file starts with", () => {
  expect(toConfig(z.parse(configSchema, {}))).toEqual(defaultConfig);
});

test.each([
  ["bridge", true],
  ["daemon", false],
  ["none", false],
] as const)("toConfig() lets the bridge plugin masquerade: %s", (masquerade, ipMasq) => {
  const { bridge } = toConfig(z.parse(configSchema, { network: { masquerade, mtu: 1400 } })).network;
  expect(bridge).toMatchObject({ mtuBytes: 1400, ipMasq });
});

describe("configKeys", () => {
  test("name each key once, and each variable once", () => {
    expect(configKeys.length).toBeGreaterThan(15);
    expect(new Set(configKeys.map(({ key }) => key)).size).toBe(configKeys.length);
    expect(new Set(configKeys.map(({ variable }) => variable)).size).toBe(configKeys.length);
  });

  test("follow the path in the variable's name", () => {
    const variables = Object.fromEntries(configKeys.map(({ key, variable }) => [key, variable]));
    expect(variables["network.mtu"]).toBe("HEADCNI_NETWORK_MTU");
    expect(variables["network.podCIDR.base"]).toBe("HEADCNI_NETWORK_PODCIDR_BASE");
  });

  test("say what they mean, and every example of theirs is accepted", () => {
    for (const { key, path, description, examples } of configKeys) {
      expect(description, key).toMatch(/^[A-Z`].*\.$/);
      expect(examples.length, key).toBeGreaterThan(0);
      for (const example of examples) {
        expect(z.safeParse(configSchema, inputWith(path, example)).success, `${key}: ${JSON.stringify(example)}`).toBe(
          true,
        );
      }
    }
  });

  test("have their kind of text", () => {
    const kinds = Object.fromEntries(configKeys.map(({ key, kind }) => [key, kind]));
    expect(kinds).toMatchObject({
      "network.mtu": "number",
      "monitoring.enabled": "boolean",
      nodeName: "text",
      "cni.type": "text",
      "cni.plugins": "structure",
      "network.podCIDR.perNode": "structure",
    });
  });
});

test("configSections are the objects above the keys", () => {
  expect(configSections.map((path) => path.join("."))).toEqual([
    "",
    "network",
    "network.podCIDR",
    "network.podCIDR.nodeObject",
    "network.podCIDR.claim",
    "cni",
    "tailscale",
    "tailscale.login",
    "headscale",
    "mesh",
    "logging",
    "monitoring",
  ]);
});

describe("configJsonSchema()", () => {
  const schema = configJsonSchema();
  const at = (...path: string[]): JsonObject =>
    path.reduce((node, name) => (node.properties as JsonObject)[name] as JsonObject, schema);

  test("is draft-7 and closed in every section", () => {
    for (const path of configSections) expect(at(...path).additionalProperties, path.join(".")).toBe(false);
  });

  test("has only patterns that Helm's regular expressions can read", () => {
    const patterns = [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, pattern]) =>
      String(JSON.parse(pattern ?? '""')),
    );
    expect(patterns.length).toBeGreaterThan(0);
    // Go's engine knows neither looking ahead or behind nor references back.
    for (const pattern of patterns) expect(pattern).not.toMatch(/\(\?(?!:)|\\[1-9]/);
  });

  test("carries limits, choices, defaults and meaning", () => {
    expect(at("network", "mtu")).toMatchObject({ type: "integer", minimum: 576, maximum: 65_535, default: 1280 });
    expect(at("network", "masquerade")).toMatchObject({ enum: ["bridge", "daemon", "none"], default: "bridge" });
    for (const { key, path } of configKeys) expect(at(...path).description, key).toBeString();
  });
});

describe("toInput()", () => {
  const block = fc.integer({ min: 0, max: 255 });
  const ipv4 = block.map((n) => `10.${n}.0.0/24`);
  const ipv6 = block.map((n) => `fd00:${n.toString(16)}::/64`);
  const cidrs = fc.oneof(
    ipv4,
    ipv6,
    fc.tuple(ipv4, ipv6).map((pair) => pair.join(",")),
  );
  const length = fc.oneof(
    fc.integer({ min: 1, max: 30 }).map((ipv4) => ({ ipv4 })),
    fc.integer({ min: 1, max: 126 }).map((ipv6) => ({ ipv6 })),
    fc.record({ ipv4: fc.integer({ min: 1, max: 30 }), ipv6: fc.integer({ min: 1, max: 126 }) }),
  );
  const input = fc.record(
    {
      nodeName: fc.constantFrom("a", "worker-1.example"),
      network: fc.record(
        {
          podCIDR: fc.record(
            {
              nodeLocal: fc.oneof(cidrs, fc.dictionary(fc.constantFrom("a", "b"), cidrs)),
              base: cidrs,
              perNode: length,
            },
            { requiredKeys: [] },
          ),
          serviceCIDR: cidrs,
          mtu: fc.integer({ min: 576, max: 65_535 }),
        },
        { requiredKeys: [] },
      ),
      cni: fc.record(
        {
          plugins: fc.array(fc.record({ type: fc.constantFrom("portmap", "bandwidth") })),
          delegateTimeout: fc.oneof(
            fc.integer({ min: 1, max: 3600 }),
            fc.integer({ min: 1, max: 9999 }).map((ms) => `${ms}ms`),
          ),
        },
        { requiredKeys: [] },
      ),
      monitoring: fc.record({ enabled: fc.boolean() }),
    },
    { requiredKeys: [] },
  );

  test("prints what reads back as the same configuration", () => {
    fc.assert(
      fc.property(input, (written) => {
        const config = toConfig(z.parse(configSchema, written));
        const again: unknown = JSON.parse(JSON.stringify(toInput(config)));
        expect(toConfig(z.parse(configSchema, again))).toEqual(config);
      }),
      { numRuns: runs(300) },
    );
  });

  test("has every key that has a value", () => {
    const printed = toInput(defaultConfig);
    const unset = configKeys.filter(({ path }) => valueAt(printed, path) === undefined).map(({ key }) => key);
    expect(unset).toEqual([
      "nodeName",
      "network.podCIDR.nodeLocal",
      "network.podCIDR.base",
      "network.podCIDR.nodeObject.kubeconfig",
      "tailscale.enabled",
      "tailscale.login.server",
      "tailscale.login.authKeyFile",
      "tailscale.login.hostname",
      "headscale.url",
      "headscale.apiKeyFile",
      "headscale.caFile",
    ]);
  });
});
