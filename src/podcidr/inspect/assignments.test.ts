import { describe, expect, test } from "bun:test";
import { findings, rows, said, warnings } from "../testing.ts";

rows("variables that are set in text", [
  {
    name: "in an environment file",
    text: '# CLUSTER_CIDR=10.9.0.0/16\nCLUSTER_CIDR="10.1.0.0/16"   # pods\nexport SERVICE_CIDR=10.2.0.0/16\nNODE_CIDR_MASK_SIZE=25\n',
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"], mask: { ipv4: 25 } },
    kind: "text",
  },
  {
    name: "in a script that uses them",
    text: "#!/bin/sh\ninit() {\n  local POD_NETWORK_CIDR='10.1.0.0/16'\n  declare -r SERVICE_CIDR=10.2.0.0/16;\n}\nkubeadm init --pod-network-cidr=$POD_NETWORK_CIDR\n",
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "text",
  },
  {
    name: "in a unit",
    text: `[Service]\nEnvironment=CLUSTER_CIDR=10.1.0.0/16\nEnvironment="SERVICE_CIDR=10.2.0.0/16"\nExecStart=/bin/kube-controller-manager --cluster-cidr=\${CLUSTER_CIDR}\n`,
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "text",
  },
  {
    name: "in an inventory",
    text: "[all:vars]\nkube_pods_subnet=10.1.0.0/18\nkube_service_addresses=10.2.0.0/18\nkube_network_node_prefix=24\n\n[nodes]\nn1 ansible_host=192.0.2.1\n",
    says: { cluster: ["10.1.0.0/18"], service: ["10.2.0.0/18"], mask: { ipv4: 24 } },
    kind: "text",
  },
  {
    name: "in TOML, with lists",
    text: '[network]\npod_subnets = [\'10.1.0.0/16\', "fd00:1::/56"] # both\nsvc_cidr = "10.2.0.0/16,fd00:2::/112"\n',
    says: { cluster: ["10.1.0.0/16", "fd00:1::/56"], service: ["10.2.0.0/16", "fd00:2::/112"] },
    kind: "text",
  },
  {
    name: "in Nix",
    text: '{ config, ... }: {\n  services.kubernetes = {\n    clusterCidr = "10.1.0.0/16";\n    apiserver.serviceClusterIpRange = "10.2.0.0/24";\n  };\n}\n',
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/24"] },
    kind: "text",
  },
  {
    name: "in a Makefile and a tfvars file",
    text: 'POD_SUBNET ?= 10.1.0.0/16\nSERVICE_SUBNET := 10.2.0.0/16\n"cluster_cidr" = "10.3.0.0/16"\n',
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "text",
  },
  {
    name: "of CoreOS' installation",
    text: "#!/bin/bash\nexport POD_NETWORK=10.1.0.0/16\nexport SERVICE_IP_RANGE=10.2.0.0/24\n",
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/24"] },
    kind: "text",
  },
  {
    name: "but not to something to be filled in, in a test, or with a name that only contains one",
    text: `CLUSTER_CIDR=$1\nSERVICE_CIDR=\${SERVICE_CIDR:-10.2.0.0/16}\nCLUSTER_CIDR=\nif [ $CLUSTER_CIDR == 10.1.0.0/16 ]; then\nCLUSTER_CIDR == 10.1.0.0/16\nMY_CLUSTER_CIDR=10.1.0.0/16\nCALICO_IPV4POOL_CIDR=10.1.0.0/16\n`,
    says: {},
    kind: "text",
  },
]);

rows("the pod range in a broken document, in any spelling", [
  {
    name: "beside the service range",
    text: 'a: {{ x }} y\nSERVICE_CIDR: "10.2.0.0/16"\n# POD_CIDR: 10.9.0.0/16\nPOD_CIDR: "10.1.0.0/20" # pods\n',
    says: { cluster: ["10.1.0.0/20"], service: ["10.2.0.0/16"] },
    kind: "invalid-yaml",
  },
  {
    name: "and alone",
    text: "a: {{ x }} y\npodCidr: 10.1.0.0/16\npod_cidr: 10.3.4.0/24\n",
    says: { cluster: ["10.1.0.0/16"] },
    kind: "invalid-yaml",
  },
]);

describe("a variable of the pod range", () => {
  test("is the cluster's beside the service range", () => {
    expect(said("pod_cidr = '10.1.2.0/24'\nsvc_cidr = '10.2.0.0/16'\n")).toEqual({
      cluster: ["10.1.2.0/24"],
      service: ["10.2.0.0/16"],
    });
  });
  test("is the cluster's when it is wide", () => {
    expect(said("export POD_CIDR=10.1.0.0/16\n")).toEqual({ cluster: ["10.1.0.0/16"] });
  });
  test("is nobody's else", () => {
    expect(said("POD_CIDR=10.1.2.0/24\n")).toEqual({});
    expect(warnings("POD_CIDR=10.1.2.0/24\n")).toContain(
      "1 10.1.2.0/24: POD_CIDR stands where nothing says whose it is: not taken",
    );
  });
});

test.each([
  ["Python", "import os\n\nCLUSTER_CIDR = '10.1.0.0/16'\n"],
  ["a function", "def test_it(x):\n    cluster_cidr = '10.1.0.0/16'\n"],
  ["Rust", 'fn it() {\n    state.cluster_cidr = "10.1.0.0/16"\n}\n'],
  [
    "Java",
    'public class X {\n  private static final String CLUSTER_CIDR = "10.1.0.0/16";\n  cluster_cidr = "10.1.0.0/16";\n}\n',
  ],
  ["documentation", "```\nCLUSTER_CIDR=10.1.0.0/16\n```\n"],
])("a variable in %s says nothing", (_, text) => {
  expect(said(text)).toEqual({});
});

test("keeps lines in a script that stands in a document", () => {
  expect(findings("write_files:\n- content: |\n    #!/bin/sh\n    CLUSTER_CIDR=10.1.0.0/16\n    run\n")).toEqual([
    "4 cluster 10.1.0.0/16",
  ]);
});

rows("flannel's configuration in text", [
  {
    name: "that a script writes",
    text: '#!/bin/sh\nkubectl apply -f - <<EOF\nkind: ConfigMap\ndata:\n  net-conf.json: |\n    {\n      "Network": "10.1.0.0/16",\n      "Backend": {"Type": "vxlan"}\n    }\nEOF\nrun\n',
    says: { cluster: ["10.1.0.0/16"] },
    kind: "text",
  },
  {
    name: "of a manifest that is broken elsewhere",
    text: 'a: b: c\ndata:\n  net-conf.json: |\n    {"Network": "10.1.0.0/16", "IPv6Network": "fd00:1::/56", "Backend": {}}\n',
    says: { cluster: ["10.1.0.0/16"] },
    kind: "invalid-yaml",
  },
  {
    name: "but not anybody's network",
    text: '#!/bin/sh\necho \'{"Network": "10.1.0.0/16"}\'\n# {"Network": "10.1.0.0/16", "Backend": {}}\n',
    says: {},
    kind: "text",
  },
]);
