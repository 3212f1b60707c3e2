import { describe, expect, test } from "bun:test";
import { inspectText, rows, type Said, said, warnings } from "../testing.ts";

rows("a program's source says nothing", [
  {
    name: "Go",
    text: 'package main\n\nimport "x"\n\nvar c = Config{\n\tServiceCidr: "10.2.0.0/16",\n\t"cluster-cidr": "10.1.0.0/16",\n}\n',
    says: {},
    kind: "text",
  },
  {
    name: "TypeScript",
    text: "import { x } from './x';\n\nexport const mock = {\n  serviceCidr: '10.2.0.0/16',\n};\n",
    says: {},
    kind: "text",
  },
  {
    name: "Terraform",
    text: 'resource "x" "y" {\n  args = [\n    "--cluster-cidr=10.1.0.0/16",\n  ]\n}\n',
    says: {},
    kind: "text",
  },
  {
    name: "a patch, whose lines are those of before, too",
    text: "--- a/k.service\n+++ b/k.service\n@@ -1,4 +1,4 @@\n [Service]\n podSubnet: 10.3.0.0/16\n-  --cluster-cidr=10.1.0.0/16 \\\n+  --cluster-cidr=10.2.0.0/16 \\\n   --v=2\n",
    says: {},
    kind: "text",
  },
  {
    name: "but a script that writes a kubeconfig and a manifest is no kubeconfig",
    text: "#!/bin/bash\ncat <<E > k\nkind: Config\ncurrent-context: a\nE\nrun it &&\ncat <<E > m\n- /hyperkube\n- --cluster-cidr=10.1.0.0/16\nE\n",
    says: { cluster: ["10.1.0.0/16"] },
    kind: "text",
  },
  {
    name: "but a script that exports is none",
    text: "#!/bin/bash\nexport default=1\nexport type=2\nkubeadm init --pod-network-cidr=10.1.0.0/16\n",
    says: { cluster: ["10.1.0.0/16"] },
    kind: "text",
  },
]);

describe("what was never YAML is not called broken", () => {
  const json = '{\n  "type": "bridge",\n  "ipam": {\n    "type": "host-local"\n  }\n}\n';
  test.each([
    ["a script that is JSON for the most part", `#!/bin/sh\ncat <<EOF > x.conf\n${json}EOF\nrun\n`],
    ["one with documents in it", `#!/usr/bin/env bash\nrun "$x" {\ncat <<EOF\n---\n${json}: {\nEOF\n`],
    ["one of another language", `#!/usr/bin/python3\nx = ${json}y: {\n`],
    ["Terraform", 'module "x" {\n  "a": 1\n  b: "2"\n  c: "3"\n}\n'],
    ["a web page", "<html>\na: b: c\nd: {\ne: f\n</html>\n"],
  ])("%s", (_, text) => {
    expect([inspectText(text).kind, warnings(text)]).toEqual(["text", []]);
  });

  test("but a playbook that is run like a script is", () => {
    const text = "#!/usr/bin/env ansible-playbook\n- a: {\n  b: c\n";
    expect([inspectText(text).kind, warnings(text).length]).toEqual(["invalid-yaml", 1]);
  });
});

describe("a variable that the text sets to a range", () => {
  const run = "kubeadm init --pod-network-cidr=$NET\n";
  test.each<[string, string, Said]>([
    ["in a script", `#!/bin/sh\nNET=10.1.0.0/16 # pods\n${run}`, { cluster: ["10.1.0.0/16"] }],
    [
      "exported, quoted, braced",
      `#!/bin/sh\n  export NET='10.1.0.0/16,fd00::/56';\nx --cluster-cidr "\${NET}" \\\n  --service-cidr $S\nS="10.2.0.0/16"\n`,
      { cluster: ["10.1.0.0/16", "fd00::/56"], service: ["10.2.0.0/16"] },
    ],
    [
      "in a unit",
      `[Service]\nEnvironment=NET=10.1.0.0/16\nEnvironment='BITS=25'\nExecStart=/bin/kube-controller-manager \\\n  --cluster-cidr=\${NET} \\\n  --node-cidr-mask-size=\${BITS}\n`,
      { cluster: ["10.1.0.0/16"], mask: { ipv4: 25 } },
    ],
    [
      "in a document that a script writes",
      `#!/bin/sh\nNET=10.1.0.0/16\ncat <<E\nnetworking:\n  podSubnet: "\${NET}"\nE\nrun "$x"\n`,
      { cluster: ["10.1.0.0/16"] },
    ],
    ["of a function alone", `#!/bin/sh\nf() {\n  local NET=10.1.0.0/16\n  ${run}}\n`, { cluster: ["10.1.0.0/16"] }],
    ["handed on to a program", `#!/bin/sh\nNET=10.1.0.0/16\nNET=$NET y\n${run}`, { cluster: ["10.1.0.0/16"] }],
    ["but not in a comment", `#!/bin/sh\n# NET=10.1.0.0/16\n${run}`, {}],
    ["nor where it is set twice", `#!/bin/sh\nNET=10.1.0.0/16\nif x; then NET=$2; fi\n${run}`, {}],
    ["nor where it is the default of one", `#!/bin/sh\nNET=10.1.0.0/16\nNET=\${NET:-$1}\n${run}`, {}],
    ["nor where it is read or a loop's", `#!/bin/sh\nNET=10.1.0.0/16\nread -r NET\n${run}`, {}],
    ["nor of another name", `#!/bin/sh\nNET6=10.1.0.0/16\nNE=10.1.0.0/16\n${run}`, {}],
    ["nor to anything else", `#!/bin/sh\nNET=net.example.com\n${run}`, {}],
  ])("%s", (_, text, expected) => {
    expect(said(text)).toEqual(expected);
  });
});

test("a document that is too large is said to be, though most of it is prose", () => {
  const text = `kind: A\n---\nkind: B\ndescription: |\n${"  some words of prose\n".repeat(20_000)}`;
  expect(inspectText(text).kind).toBe("unknown");
  expect(warnings(text)).toEqual(["2 -: is too large to be parsed whole"]);
});

describe("a broken list of nodes whose items say no kind", () => {
  const list = (...ranges: readonly string[]): string =>
    `{\n  "kind": "NodeList",\n  "items": [\n${ranges.map((range) => `    "podCIDR": "${range}",\n`).join("")}`;

  test("says nothing of this node", () => {
    expect(said(list("10.1.0.0/24", "10.1.1.0/24"))).toEqual({});
    expect(said(list("fd00:1::/64", "10.1.0.0/24", "10.1.1.0/24"))).toEqual({});
  });
  test("is this node's when it says one range", () => {
    expect(said(list("10.1.0.0/24", "10.1.0.0/24", "fd00:1::/64"))).toEqual({ node: ["10.1.0.0/24", "fd00:1::/64"] });
  });
});

describe("--pod-cidr", () => {
  test.each([
    [
      "of a kubelet's unit",
      "ExecStart=/usr/local/bin/kubelet \\\n  --v=2 \\\n  --pod-cidr=10.1.2.0/24\n",
      ["10.1.2.0/24"],
    ],
    ["of a kubelet's variable", 'KUBELET_ARGS="--pod-cidr=10.1.2.0/24"\n', ["10.1.2.0/24"]],
    [
      "of a cloud's command in a script that speaks of a kubelet",
      "# kubelet identity\naz identity create -n kubelet\naz aks create \\\n  --pod-cidr 10.1.2.0/24 \\\n  --service-cidr 10.2.0.0/16\n",
      undefined,
    ],
    ["of another program for k3s", "liqoctl install k3s --pod-cidr 10.1.2.0/24\n", undefined],
  ])("%s", (_, text, node) => {
    expect(said(text).node).toEqual(node);
  });
});

describe("flags that are text", () => {
  test.each([
    "ps aux | grep -- --cluster-cidr=10.1.0.0/16",
    'if ps aux | grep -q -- "--cluster-cidr=10.1.0.0/16"; then x; fi',
    'assert_contains "$out" "--cluster-cidr=10.1.0.0/16"',
    'x || die "use --cluster-cidr=10.1.0.0/16"',
    'sudo log_error "kube-proxy --cluster-cidr=10.1.0.0/16"',
    "echo kubeadm init --pod-network-cidr=10.1.0.0/16",
  ])("%s", (line) => {
    expect(said(`#!/bin/sh\n${line}\n`)).toEqual({});
  });

  test("also in a container", () => {
    const pod = (command: string): string =>
      `apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, command: ${command}}]}\n`;
    expect(said(pod('[echo, "--cluster-cidr=10.1.0.0/16"]'))).toEqual({});
    expect(said(pod('[sh, -c, "ps | grep -- --cluster-cidr=10.1.0.0/16; x --cluster-cidr=10.2.0.0/16"]'))).toEqual({
      cluster: ["10.2.0.0/16"],
    });
  });

  test("but not what comes after them", () => {
    expect(said("echo go && FOO=1 kube-proxy --cluster-cidr=10.1.0.0/16\n")).toEqual({ cluster: ["10.1.0.0/16"] });
  });
});

test("a service range beside a flag of Kubernetes' alone is Kubernetes', in any command", () => {
  expect(said('export X="$X --cluster-cidr fd01::/48 --service-cidr fd02::/112"\n')).toEqual({
    cluster: ["fd01::/48"],
    service: ["fd02::/112"],
  });
  expect(said("az aks create --service-cidr 10.2.0.0/16\n")).toEqual({});
});

test("k3d's node filter is no part of a range", () => {
  expect(said('k3d cluster create --k3s-arg "--cluster-cidr=10.1.0.0/16@server:0"\n')).toEqual({
    cluster: ["10.1.0.0/16"],
  });
});
