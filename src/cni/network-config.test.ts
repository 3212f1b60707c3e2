import { describe, expect, test } from "bun:test";
import { nodeStateFiles } from "../node-state/node-state-file.ts";
import { decodeConfig, decodeHead } from "./network-config.ts";

const minimal = { cniVersion: "1.0.0", name: "headcni", type: "headcni" } as const;

function refusal(text: string): unknown {
  try {
    return decodeConfig(decodeHead(text));
  } catch (error) {
    return error;
  }
}

describe("decodeHead(), decodeConfig()", () => {
  test("give the defaults for a minimal config", () => {
    expect(decodeConfig(decodeHead(JSON.stringify(minimal)))).toEqual({
      cniVersion: "1.0.0",
      name: "headcni",
      json: minimal,
      delegate: {},
      dataDir: "/var/lib/headcni/cni",
      delegateTimeoutMs: 30_000,
      nodeStateFiles,
    });
  });

  test("read our own keys", () => {
    const delegate = { type: "ptp", ipam: { type: "static" } };
    const own = { delegate, dataDir: "/d", delegateTimeoutSeconds: 0.5, nodeStateFile: "/n" };
    expect(decodeConfig(decodeHead(JSON.stringify({ ...minimal, ...own })))).toMatchObject({
      delegate,
      dataDir: "/d",
      delegateTimeoutMs: 500,
      nodeStateFiles: ["/n"],
    });
  });

  test.each([
    ["nothing", "", 6, "there is none on standard input"],
    ["white space", " \n", 6, "there is none on standard input"],
    ["half an object", '{"name":', 6, "Cannot decode the network config"],
    ["two objects", "{}{}", 6, "Cannot decode the network config"],
    ["a byte order mark", "\uFEFF{}", 6, "Cannot decode the network config"],
    ["a list", "[]", 6, "it is not a JSON object"],
    ["null", "null", 6, "it is not a JSON object"],
    ["a name that is a number", '{"name":7}', 6, "name is not a string"],
    ["a cniVersion that is a number", '{"name":"x","cniVersion":1}', 6, "cniVersion is not a string"],
    ["no name", '{"cniVersion":"1.0.0"}', 7, "missing network name"],
    ["a name with a slash", '{"name":"../x"}', 7, "invalid characters found in network name"],
  ])("refuse %s", (_name, text, cniCode, message) => {
    expect(refusal(text)).toMatchObject({ cniCode, message: expect.stringContaining(message) });
  });

  test.each([
    ["silence, which means 0.1.0", undefined, "0.1.0"],
    ["0.2.0", "0.2.0", "0.2.0"],
    ["a version to come", "2.0.0", "2.0.0"],
  ])("refuse %s with code 1, naming what is spoken", (_name, cniVersion, named) => {
    expect(refusal(JSON.stringify({ ...minimal, cniVersion }))).toMatchObject({
      cniCode: 1,
      message: "incompatible CNI versions",
      details: `config is "${named}", plugin supports ["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]`,
    });
  });

  test.each([
    ["no type", { type: undefined }, "type is missing"],
    ["a delegate that is a list", { delegate: [] }, "delegate is not an object"],
    ["a delegate type with a slash", { delegate: { type: "../sh" } }, "a plugin's name has no slash"],
    ["a delegate type that is a number", { delegate: { type: 7 } }, "delegate.type is not the name of a plugin"],
    ["itself as delegate", { delegate: { type: "headcni" } }, "cannot delegate to itself"],
    ["an ipam that is a string", { delegate: { ipam: "host-local" } }, "delegate.ipam is not an object"],
    ["an ipam type with a slash", { delegate: { ipam: { type: "a/b" } } }, "a plugin's name has no slash"],
    ["a relative dataDir", { dataDir: "x" }, 'dataDir is "x", not an absolute path'],
    ["a relative nodeStateFile", { nodeStateFile: "x" }, 'nodeStateFile is "x", not an absolute path'],
    ["a timeout of 0", { delegateTimeoutSeconds: 0 }, "delegateTimeoutSeconds is 0"],
    ["a timeout that is text", { delegateTimeoutSeconds: "5" }, 'delegateTimeoutSeconds is "5"'],
    ["a timeout of a day", { delegateTimeoutSeconds: 86_400 }, "delegateTimeoutSeconds is 86400"],
  ])("refuse %s with code 7", (_name, change, message) => {
    expect(refusal(JSON.stringify({ ...minimal, ...change }))).toMatchObject({
      cniCode: 7,
      message: expect.stringContaining(message),
    });
  });
});
