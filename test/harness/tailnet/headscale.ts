// A real Headscale in a node: started with the smallest configuration that needs no internet, its own relay and STUN included.

import { waitUntil } from "../../../src/sys/testing.ts";
import type { Node, NodeProcess } from "../node.ts";
import { install } from "./programs.ts";

const dir = "/var/lib/headscale";
export const nodeTag = "tag:k8s-node";

export interface Headscale {
  readonly url: string;
  readonly process: NodeProcess;
  /** A key by which nodes join with the tag of cluster nodes, or with `tag`; `""` for none. */
  authKey(tag?: string): Promise<string>;
  /** Headscale's own command line, giving its output. */
  cli(...args: readonly string[]): Promise<string>;
  /** Writes another policy and has it read. */
  setPolicy(policy: object): Promise<void>;
  /** Starts it again after it was stopped or killed. */
  restart(): Promise<void>;
}

export interface HeadscaleOptions {
  /** Address under which nodes reach it. */
  readonly address: string;
  /** What `autoApprovers` approves for nodes with the tag. @default 10.244.0.0/16 */
  readonly approves?: readonly string[];
  /** @default own */
  readonly relay?: Relay | undefined;
}

/** Headscale's own, or one that is nowhere: without any it does not start. */
export type Relay = "own" | "unreachable";

/** The policy most clusters have: routes of tagged nodes inside the cluster's ranges are approved, everything may talk. */
export function policyOf(...approves: readonly string[]): object {
  return {
    tagOwners: { [nodeTag]: ["k8s@"] },
    autoApprovers: { routes: Object.fromEntries(approves.map((range) => [range, [nodeTag]])) },
    acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }],
  };
}

export async function startHeadscale(node: Node, program: string, options: HeadscaleOptions): Promise<Headscale> {
  const { address, approves = ["10.244.0.0/16"], relay = "own" } = options;
  const headscale = install(node, program);
  const url = `http://${address}:8080`;
  node.write(`${dir}/policy.json`, JSON.stringify(policyOf(...approves)));
  node.write(`${dir}/config.yaml`, headscaleConfig({ dir, url, address, relay, ports: defaultPorts }));
  node.write(`${dir}/derp.yaml`, unreachableRelay);
  const run = (): Promise<NodeProcess> => node.spawn([headscale, "serve", "-c", `${dir}/config.yaml`]);
  const cli = (...args: readonly string[]): Promise<string> =>
    node.must([headscale, "-c", `${dir}/config.yaml`, ...args]);
  let process = await run();
  const isUp = async (): Promise<void> => {
    await waitUntil(
      "headscale answers",
      async () => (await node.run([headscale, "-c", `${dir}/config.yaml`, "users", "list"])).exitCode === 0,
      20_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${process.output().slice(-2000)}`);
    });
  };
  await isUp();
  await cli("users", "create", "k8s");
  return {
    url,
    get process() {
      return process;
    },
    cli,
    authKey: async (tag = nodeTag) => {
      const tags = tag === "" ? [] : ["--tags", tag];
      const args = ["preauthkeys", "create", "--user", "1", "--reusable", "--expiration", "24h", ...tags];
      return (await cli(...args)).trim().split("\n").at(-1) ?? "";
    },
    setPolicy: async (policy) => {
      node.write(`${dir}/policy.json`, JSON.stringify(policy));
      const seen = process.output().length;
      process.kill("SIGHUP");
      await waitUntil("headscale reads its policy", () => /olicy/.test(process.output().slice(seen)));
    },
    restart: async () => {
      process = await run();
      await isUp();
    },
  };
}

/** An address for documentation, which nothing has. */
const unreachableRelay = `regions:
  900:
    regionid: 900
    regioncode: nowhere
    regionname: nowhere
    nodes: [{ name: 900a, regionid: 900, hostname: derp.invalid, ipv4: 192.0.2.1, ipv6: none }]
`;

export interface HeadscaleConfigOptions {
  readonly dir: string;
  readonly url: string;
  readonly address: string;
  readonly relay?: Relay;
  readonly ports: Readonly<Record<"http" | "metrics" | "grpc" | "stun", number>>;
  /** Whether it serves HTTPS, with `tls.crt` and `tls.key` of the directory. @default false */
  readonly isSecure?: boolean;
}

const defaultPorts = { http: 8080, metrics: 9090, grpc: 50_443, stun: 3478 } as const;

/** The smallest configuration that needs no internet; every generation takes it. */
export function headscaleConfig(options: HeadscaleConfigOptions): string {
  const { dir, url, address, relay = "own", ports, isSecure = false } = options;
  const listen = address === "127.0.0.1" ? address : "0.0.0.0";
  return `server_url: ${url}
listen_addr: ${listen}:${ports.http}
metrics_listen_addr: 127.0.0.1:${ports.metrics}
grpc_listen_addr: 127.0.0.1:${ports.grpc}
noise: { private_key_path: ${dir}/noise.key }
prefixes: { v4: 100.64.0.0/10, v6: "fd7a:115c:a1e0::/48", allocation: sequential }
derp:
  server:
    enabled: ${relay === "own"}
    region_id: 999
    region_code: lab
    region_name: lab
    stun_listen_addr: "${listen}:${ports.stun}"
    private_key_path: ${dir}/derp.key
    automatically_add_embedded_derp_region: true
    verify_clients: true
    ipv4: ${address}
  urls: []
  paths: [${relay === "own" ? "" : `${dir}/derp.yaml`}]
  auto_update_enabled: false
database: { type: sqlite, sqlite: { path: ${dir}/db.sqlite } }
dns: { magic_dns: false, base_domain: lab.internal, override_local_dns: false, nameservers: { global: [] } }
unix_socket: ${dir}/headscale.sock
unix_socket_permission: "0770"
disable_check_updates: true
logtail: { enabled: false }
policy: { mode: file, path: "${dir}/policy.json" }
log: { level: info, format: text }
${isSecure ? `tls_cert_path: ${dir}/tls.crt\ntls_key_path: ${dir}/tls.key\n` : ""}`;
}
