import { describe, expect, test } from "bun:test";
import { ConfigError } from "../sys/errors.ts";
import { machineHostname } from "../sys/hostname.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { type NodeNameOptions, resolveNodeName } from "./node-name.ts";

function resolve(options: NodeNameOptions & { readonly env?: string; readonly hostname?: string }): string {
  using root = tempRoot();
  if (options.hostname !== undefined) root.write("/etc/hostname", options.hostname);
  return resolveNodeName(
    testSystem(root, { env: options.env === undefined ? {} : { NODE_NAME: options.env } }),
    options,
  );
}

describe("resolveNodeName()", () => {
  test("prefers flag, environment, configuration, /etc/hostname, in that order", () => {
    const all = { flag: "a", env: "b", config: "c", hostname: "d\n" };
    expect(resolve(all)).toBe("a");
    expect(resolve({ ...all, flag: undefined })).toBe("b");
    expect(resolve({ ...all, flag: undefined, env: "" })).toBe("c");
    expect(resolve({ hostname: "# ours\n\nd.example\n" })).toBe("d.example");
  });

  test("falls back to the kernel's name", () => {
    expect(resolve({})).toBe(machineHostname()?.toLowerCase() ?? "");
  });

  test("trims and lowers as the kubelet does", () => {
    expect(resolve({ flag: "  Worker-1.Example \n" })).toBe("worker-1.example");
  });

  test.each(["my_host", "-a", "a-", "a..b", ".", "../x", "a/b", "é", "x".repeat(254)])("rejects %p", (name) => {
    expect(() => resolve({ flag: name })).toThrow(ConfigError);
    expect(() => resolve({ flag: name })).toThrow("Cannot tell this node's name");
  });
});
