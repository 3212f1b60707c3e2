// The control plane of a cluster in a node: etcd, kube-apiserver, and what assigns PodCIDRs and schedules. Who may ask is told by
// tokens of a file, so that no certificate has to be made for anybody.

import { generateKeyPairSync } from "node:crypto";
import { waitUntil } from "../../../src/sys/testing.ts";
import type { Node, NodeProcess } from "../node.ts";
import { installProgram } from "./programs.ts";

export const clusterCIDR = "10.244.0.0/16";
const serviceCIDR = "10.96.0.0/16";
const port = 6443;
const dir = "/etc/kubernetes";
/** The server's certificate, which it makes itself, and the CA it is from. */
export const caFile = `${dir}/pki/apiserver.crt`;
export const adminConfig = `${dir}/admin.conf`;

/** A user of the cluster by a token. */
export interface TokenUser {
  readonly name: string;
  readonly groups: readonly string[];
}

export const adminUser: TokenUser = { name: "admin", groups: ["system:masters"] };

export function nodeUser(nodeName: string): TokenUser {
  return { name: `system:node:${nodeName}`, groups: ["system:nodes"] };
}

export interface ControlPlane {
  readonly node: Node;
  readonly server: string;
  /** The CA's certificate, PEM. */
  readonly ca: string;
  /** A kubeconfig of one of the users, with the CA in it. */
  kubeconfig(user: TokenUser): string;
  /** The API server's process. */
  apiServer: NodeProcess;
  /** Starts the API server again after it ended. */
  startApiServer(): Promise<void>;
  /** Asks the API server as the administrator; gives the parsed answer. @throws Error with what it answered when it refuses */
  api<Answer = unknown>(method: string, path: string, body?: object): Promise<Answer>;
}

export interface ControlPlaneOptions {
  readonly programs: ReadonlyMap<string, string>;
  /** Address under which nodes reach it. */
  readonly address: string;
  readonly users: readonly TokenUser[];
}

/** etcd and kube-apiserver. */
export async function startControlPlane(node: Node, options: ControlPlaneOptions): Promise<ControlPlane> {
  const { programs, address, users } = options;
  const all = [adminUser, ...users];
  const tokenOf = (user: TokenUser): string => `token-of-${user.name.replaceAll(":", "-")}`;
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  node.write(`${dir}/pki/sa.key`, keys.privateKey);
  node.write(`${dir}/pki/sa.pub`, keys.publicKey);
  const rows = all.map((user) => `${tokenOf(user)},${user.name},${user.name},"${user.groups.join(",")}"`);
  node.write(`${dir}/tokens.csv`, `${rows.join("\n")}\n`);
  await node.spawn([installProgram(node, programs, "etcd"), "--data-dir=/var/lib/etcd", "--log-level=error"]);
  const apiServer = installProgram(node, programs, "kube-apiserver");
  const start = (): Promise<NodeProcess> => node.spawn([apiServer, ...apiServerFlags(address)]);
  const server = `https://${address}:${port}`;
  let running = await start();
  const plane: ControlPlane = {
    node,
    server,
    get ca() {
      return node.read(caFile);
    },
    kubeconfig: (user) => kubeconfigOf(server, { ca: node.read(caFile), token: tokenOf(user) }),
    get apiServer() {
      return running;
    },
    startApiServer: async () => {
      running = await start();
      await isReady();
    },
    api: (method, path, body) => ask(node, { method, path, body, address, token: tokenOf(adminUser) }),
  };
  const isReady = async (): Promise<void> => {
    let last = "";
    await waitUntil(
      "kube-apiserver is ready",
      async () => {
        const { stdout } = await node.run(curl(address, { method: "GET", path: "/readyz", token: tokenOf(adminUser) }));
        last = stdout;
        return stdout.startsWith("ok");
      },
      90_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${last}\n${running.output().slice(-3000)}`);
    });
  };
  await isReady();
  node.write(adminConfig, plane.kubeconfig(adminUser));
  return plane;
}

function apiServerFlags(address: string): readonly string[] {
  return [
    "--etcd-servers=http://127.0.0.1:2379",
    `--service-cluster-ip-range=${serviceCIDR}`,
    `--advertise-address=${address}`,
    `--bind-address=0.0.0.0`,
    `--secure-port=${port}`,
    `--cert-dir=${dir}/pki`,
    `--token-auth-file=${dir}/tokens.csv`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${dir}/pki/sa.pub`,
    `--service-account-signing-key-file=${dir}/pki/sa.key`,
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

/** kube-controller-manager, which assigns the nodes their PodCIDRs, and kube-scheduler. */
export async function startControllers({ node }: ControlPlane, programs: ReadonlyMap<string, string>): Promise<void> {
  const common = [`--kubeconfig=${adminConfig}`, "--leader-elect=false"];
  await node.spawn([
    installProgram(node, programs, "kube-controller-manager"),
    ...common,
    "--allocate-node-cidrs=true",
    `--cluster-cidr=${clusterCIDR}`,
    `--service-cluster-ip-range=${serviceCIDR}`,
    `--service-account-private-key-file=${dir}/pki/sa.key`,
    `--root-ca-file=${caFile}`,
    "--use-service-account-credentials=true",
  ]);
  await node.spawn([installProgram(node, programs, "kube-scheduler"), ...common]);
}

function kubeconfigOf(server: string, { ca, token }: { readonly ca: string; readonly token: string }): string {
  const cluster = { server, "certificate-authority-data": Buffer.from(ca).toString("base64") };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
  });
}

interface AskOptions {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body?: object | undefined;
}

function curl(address: string, { method, path, token, body }: AskOptions): readonly string[] {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const data = body === undefined ? [] : ["--header", `Content-Type: ${type}`, "--data", JSON.stringify(body)];
  const header = ["--header", `Authorization: Bearer ${token}`];
  return [
    "curl",
    "--silent",
    "--insecure",
    "--max-time",
    "20",
    "-X",
    method,
    ...header,
    ...data,
    `https://${address}:${port}${path}`,
  ];
}

async function ask<Answer>(node: Node, options: AskOptions & { readonly address: string }): Promise<Answer> {
  const answer = JSON.parse(await node.must(curl(options.address, options)));
  if (answer.kind === "Status" && answer.status === "Failure") {
    throw new Error(`${options.method} ${options.path}: ${answer.message}`);
  }
  return answer;
}
