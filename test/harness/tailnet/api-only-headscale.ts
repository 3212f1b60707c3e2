// A real Headscale on loopback for what only its API is asked: one user, one node that was never there, nobody joins.

import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "../../../src/sys/fs/path.ts";
import type { Identity } from "../../../src/sys/net/certificates.fixture.ts";
import { realExec } from "../../../src/sys/process/exec.ts";
import { tempRoot, waitUntil } from "../../../src/sys/testing.ts";
import { headscaleConfig, policyOf } from "./headscale.ts";

export interface ApiOnlyHeadscale extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
  cli(...args: readonly string[]): Promise<string>;
}

/** @param identity of the HTTPS it serves instead of HTTP */
export async function startApiOnlyHeadscale(program: string, identity?: Identity): Promise<ApiOnlyHeadscale> {
  const root = tempRoot();
  const [http = 0, metrics = 0, grpc = 0, stun = 0] = await Promise.all([1, 2, 3, 4].map(freePort));
  const isSecure = identity !== undefined;
  const url = `${isSecure ? "https" : "http"}://127.0.0.1:${http}`;
  const dir = root.path;
  const policy = JSON.stringify(policyOf("10.244.0.0/16"));
  root.write("/policy.json", policy);
  const ports = { http, metrics, grpc, stun };
  root.write("/config.yaml", headscaleConfig({ dir, url, address: "127.0.0.1", ports, isSecure }));
  if (isSecure) root.write("/tls.crt", identity.certPem);
  if (isSecure) root.write("/tls.key", identity.keyPem);
  const log = fs.openSync(join(dir, "log"), "w");
  const server = Bun.spawn([program, "serve", "-c", join(dir, "config.yaml")], { stdout: log, stderr: log });
  const dispose = async (): Promise<void> => {
    server.kill();
    await server.exited;
    fs.closeSync(log);
    root[Symbol.dispose]();
  };
  const cli = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await realExec.run([program, "-c", join(dir, "config.yaml"), ...args]);
    if (exitCode !== 0) throw new Error(`headscale ${args.join(" ")}: ${stderr}${root.read("/log").slice(-1000)}`);
    return stdout;
  };
  try {
    await waitUntil(
      "headscale answers",
      async () =>
        (await fetch(`${url}/health`, { tls: { rejectUnauthorized: false } }).catch(() => undefined))?.ok === true,
      20_000,
    );
    await cli("users", "create", "k8s");
    const key = (await cli("apikeys", "create", "--expiration", "24h")).trim().split("\n").at(-1) ?? "";
    return { url, key, cli, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
