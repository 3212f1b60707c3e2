import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../sys/fs/testing.ts";
import { runs, tempRoot } from "../sys/testing.ts";
import { errorOf, fakePlugin, selfContained } from "./testing.ts";

describe("VERSION", () => {
  const supportedVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

  test.each<readonly [string, string, string]>([
    ["the version asked in", '{"cniVersion":"0.4.0"}', "0.4.0"],
    ["its newest without one", "", "1.1.0"],
    ["its newest for rubbish", "}{", "1.1.0"],
    ["its newest for what is no version", '{"cniVersion":"<b>"}', "1.1.0"],
  ])("answers in %s", async (_name, stdin, cniVersion) => {
    using root = tempRoot();
    const { exitCode, stdout } = await fakePlugin({ root, env: { CNI_COMMAND: "VERSION" }, stdin }).run();
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ cniVersion, supportedVersions });
  });
});

describe("dispatch()", () => {
  test.each<readonly [string, Parameters<typeof fakePlugin>[0]["stdin"], number]>([
    ["too large", { ended: "too-large", text: "" }, 6],
    ["left open", { ended: "timeout", text: "{}" }, 5],
    ["unreadable", { ended: "failed", text: "", reason: "input/output error" }, 5],
    ["empty", "", 6],
  ])("answers standard input that is %s", async (_name, stdin, code) => {
    using root = tempRoot();
    expect(errorOf(await fakePlugin({ root, stdin: stdin ?? "" }).run()).code).toBe(code);
  });

  test("turns a fault of its own into code 999", async () => {
    using root = tempRoot();
    const plugin = fakePlugin({ root });
    const system = { ...plugin.system, readStdin: () => Promise.reject(new TypeError("a bug")) };
    const { dispatch } = await import("./dispatch.ts");
    expect(errorOf(await dispatch(system))).toMatchObject({ code: 999, msg: "The plugin failed: a bug" });
  });

  test("answers any bytes in any command with one CNI error or a result, and nothing else", async () => {
    using root = tempRoot();
    const command = fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", "", "X");
    const scalars = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const value = fc.oneof(scalars, fc.array(scalars), fc.dictionary(fc.string(), scalars));
    const key = fc.constantFrom(
      "cniVersion",
      "name",
      "type",
      "delegate",
      "ipam",
      "prevResult",
      "runtimeConfig",
      "dataDir",
    );
    const version = fc.constantFrom("0.3.0", "0.4.0", "1.1.0", "9");
    const nearly = fc
      .tuple(fc.dictionary(key, value), version)
      .map(([json, cniVersion]) => JSON.stringify({ ...selfContained, cniVersion, ...json }));
    const text = fc.oneof(anyText(), fc.json(), nearly);
    const env = fc.dictionary(fc.constantFrom("CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS", "CNI_PATH"), fc.string());
    await fc.assert(
      fc.asyncProperty(command, text, env, async (name, stdin, variables) => {
        // Whatever is saved stays in the root: a dataDir that fast-check makes up is none, or refused.
        const { exitCode, stdout } = await fakePlugin({ root, stdin, env: { ...variables, CNI_COMMAND: name } }).run();
        if (exitCode === 0 && stdout === "") return;
        const json = errorOf({ exitCode, stdout });
        if (exitCode === 0) expect(json.cniVersion).toBeString();
        else
          expect(json).toMatchObject({
            cniVersion: expect.any(String),
            code: expect.any(Number),
            msg: expect.any(String),
          });
      }),
      { numRuns: runs(300) },
    );
  });
});
