// The Node object from a real kube-apiserver: the rights that are needed, and what it answers where they are not there. The cases with
// a fake one are in src/kubernetes.

import { describe, expect, test } from "bun:test";
import { headcni, headcniDaemon } from "../harness/headcni.ts";
import { type ControlPlane, nodeUser, startControlPlane } from "../harness/kubernetes/control-plane.ts";
import { controlPlanePrograms } from "../harness/kubernetes/programs.ts";
import { createNode } from "../harness/node.ts";
import { wantedPrograms } from "./programs-found.ts";

// In a node /var/run is a link to /run.
const accountDir = "/run/secrets/kubernetes.io/serviceaccount";
const address = "127.0.0.1";

/** The token of a service account that may `get` nodes, or of one that may nothing. */
async function tokenOf({ api }: ControlPlane, name: string, mayGetNodes: boolean): Promise<string> {
  const metadata = { name };
  const base = "/api/v1/namespaces/kube-system/serviceaccounts";
  await api("POST", base, { metadata });
  if (mayGetNodes) {
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await api("POST", `${rbac}/clusterroles`, {
      metadata,
      rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }],
    });
    await api("POST", `${rbac}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: "kube-system" }],
    });
  }
  const { status } = await api<{ status: { token: string } }>("POST", `${base}/${name}/token`, {});
  return status.token;
}

describe.each(wantedPrograms(controlPlanePrograms))("a real kube-apiserver", (programs) => {
  test("gives the Node object to who may have it, and says why to others", async () => {
    await using node = await createNode({ name: "w1" });
    const plane = await startControlPlane(node, { programs, address, users: [nodeUser("w1")] });
    const { api } = plane;
    await api("POST", "/api/v1/nodes", {
      metadata: { name: "w1" },
      spec: { podCIDR: "10.244.7.0/24", podCIDRs: ["10.244.7.0/24"] },
    });
    await api("POST", "/api/v1/nodes", { metadata: { name: "bare" } });
    const right = await tokenOf(plane, "reader", true);
    const wrong = await tokenOf(plane, "stranger", false);

    // The product asks from inside of the node: its configuration and the service account's files are there.
    node.write(`${accountDir}/ca.crt`, plane.ca);
    node.write("/etc/headcni/config.yaml", "network: { podCIDR: { nodeObject: { enabled: true } } }\n");
    const once = async (token: string, name = "w1"): Promise<string> => {
      node.write(`${accountDir}/token`, token);
      const env = { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: "6443", NODE_NAME: name };
      const { stderr } = await node.run([headcniDaemon, "--once", "--log-format", "json"], { env, timeoutMs: 60_000 });
      return stderr;
    };
    expect(await once(wrong)).toContain('User \\"system:serviceaccount:kube-system:stranger\\" cannot get resource');
    expect(await once("nobody's")).toContain(`does not take the token in /var${accountDir}/token (401)`);
    expect(await once(right)).toContain("Node object w1 of https://127.0.0.1:6443 says PodCIDR 10.244.7.0/24");
    await once(right);
    const { stdout } = await node.run([headcni, "podcidr", "--node-name", "w1"]);
    expect(stdout).toContain("the Node object, fetched from https://127.0.0.1:6443 at 20");
    expect(JSON.parse(node.read("/etc/cni/net.d/10-headcni.conflist")).plugins[0].ipam.subnet).toBe("10.244.7.0/24");

    // A kubelet's own kubeconfig may read its own Node, and no other.
    const path = "/etc/kubernetes/kubelet.conf";
    node.write(path, plane.kubeconfig(nodeUser("w1")));
    await node.must(["chmod", "600", path]);
    node.write(
      "/etc/headcni/config.yaml",
      `network: { podCIDR: { nodeObject: { enabled: true, kubeconfig: ${path} } } }\n`,
    );
    expect(await once("", "bare")).toContain('(403: nodes \\"bare\\" is forbidden');
  }, 240_000);
});
