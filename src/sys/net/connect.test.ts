// Real connects over loopback. What routes and firewalls answer is tried in test/mesh.

import { describe, expect, test } from "bun:test";
import { type ConnectOptions, tryConnect } from "./connect.ts";
import { tryServeHttp } from "./http-server.ts";

const never = new AbortController().signal;
const attempt = (parts: Partial<ConnectOptions>, signal = never) =>
  tryConnect({ from: "127.0.0.5", to: "127.0.0.1", port: 9, timeoutMs: 2000, ...parts }, signal);

describe("tryConnect()", () => {
  test("is answered by what listens", async () => {
    const served = tryServeHttp({
      host: "127.0.0.1",
      port: 0,
      answer: async () => new Response(),
      failed: () => new Response(),
    });
    if (served.kind === "fault") throw new Error(served.why);
    const port = Number(served.value.address.split(":").at(-1));
    expect(await attempt({ port })).toMatchObject({ kind: "answered", isRefused: false });
    await served.value.stop();
  });

  test.each(["127.0.0.1", "127.9.9.9"])("is answered by a port on which nothing listens: %s", async (to) => {
    const outcome = await attempt({ to });
    expect(outcome).toMatchObject({ kind: "answered", isRefused: true });
    expect(outcome.kind === "answered" && outcome.rttMs).toBeLessThan(1000);
  });

  test("says that the address it shall come from is not there", async () => {
    expect(await attempt({ from: "198.51.100.9" })).toEqual({ kind: "no-local-address" });
  });

  test("says that there is no way there", async () => {
    // From loopback leads no route out.
    expect(await attempt({ from: "127.0.0.1", to: "198.51.100.9" })).toEqual({ kind: "no-route" });
  });

  test.each([
    ["from", { from: "somewhere" }],
    ["to", { to: "somewhere" }],
  ])("fails without throwing on what is no address: %s", async (_name, parts) => {
    expect((await attempt(parts)).kind).toBe("failed");
  });

  test("leaves no descriptor open", async () => {
    const { readdirSync } = await import("node:fs");
    await attempt({});
    const before = readdirSync("/proc/self/fd").length;
    for (let count = 0; count < 50; count++) await attempt({});
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });
});
