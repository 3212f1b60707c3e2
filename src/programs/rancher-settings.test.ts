import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { isTrue } from "./program-settings.ts";
import { k3sSettings, type RancherSettings, rke2Settings } from "./rancher-settings.ts";
import { describePlace } from "./word.ts";

type Nodes = Readonly<Record<string, string>>;

const config = "/etc/rancher/k3s/config.yaml";
const unit = "/etc/systemd/system/k3s.service";
const k3s = (flags: string): string => `[Service]\nExecStart=/usr/local/bin/k3s server ${flags}\n`;

function read(files: Nodes, settings = k3sSettings): RancherSettings {
  using root = tempRoot();
  for (const [path, text] of Object.entries(files)) root.write(path, text);
  return settings(testSystem(root));
}

/** The values of a setting with their places, `/etc/rancher/k3s/` left out. */
function given({ settings }: RancherSettings, name: string): readonly string[] {
  return settings
    .all(name)
    .map((setting) => `${setting.value} ${describePlace(setting)}`.replace("/etc/rancher/k3s/", ""));
}

/** Files of the node, a setting, its values in force. */
const rows: readonly (readonly [string, Nodes, string, readonly string[]])[] = [
  ["nothing", {}, "cluster-cidr", []],
  ["a key of its file", { [config]: "node-name: a\n" }, "node-name", ["a config.yaml:1"]],
  [
    "the last file of config.yaml.d, by name, .yaml or .yml in any case",
    {
      [config]: "node-name: a\n",
      [`${config}.d/20.yml`]: "node-name: c\n",
      [`${config}.d/10.yaml`]: "node-name: b\n",
      [`${config}.d/15.YAML`]: "node-name: d\n",
      [`${config}.d/30.conf`]: "node-name: no\n",
      [`${config}.d/30.yaml.bak`]: "node-name: no\n",
      [`${config}.d/40/x.yaml`]: "node-name: no\n",
    },
    "node-name",
    ["c config.yaml.d/20.yml:1"],
  ],
  [
    "capitals before small letters",
    { [`${config}.d/Z.yaml`]: "node-name: a\n", [`${config}.d/a.yaml`]: "node-name: b\n" },
    "node-name",
    ["b config.yaml.d/a.yaml:1"],
  ],
  [
    "drop-ins without a file",
    { [`${config}.d/1.yaml`]: "cluster-cidr: 10.9.0.0/16\n" },
    "cluster-cidr",
    ["10.9.0.0/16 config.yaml.d/1.yaml:1"],
  ],
  [
    "a later list in place of an earlier one",
    { [config]: "kubelet-arg: [pod-cidr=a]\n", [`${config}.d/1.yaml`]: "kubelet-arg:\n- config-dir=b\n" },
    "kubelet-arg",
    ["config-dir=b config.yaml.d/1.yaml:2"],
  ],
  [
    "a later list, of which nothing is looked at, in place of an earlier one",
    { [config]: "kubelet-arg: [pod-cidr=a]\n", [`${config}.d/1.yaml`]: "kubelet-arg: [v=2]\n" },
    "kubelet-arg",
    [],
  ],
  [
    "what `key+` adds",
    { [config]: "cluster-cidr: 10.1.0.0/16\n", [`${config}.d/1.yaml`]: "cluster-cidr+: [fd00::/56]\n" },
    "cluster-cidr",
    ["10.1.0.0/16 config.yaml:1", "fd00::/56 config.yaml.d/1.yaml:1"],
  ],
  [
    "no list that a later key without + takes away",
    {
      [config]: "kubelet-arg+: [pod-cidr=a]\n",
      [`${config}.d/1.yaml`]: "kubelet-arg: [config=b]\n",
      [`${config}.d/2.yaml`]: "kubelet-arg+: config-dir=c\n",
    },
    "kubelet-arg",
    ["config=b config.yaml.d/1.yaml:1", "config-dir=c config.yaml.d/2.yaml:1"],
  ],
  ["the last of a repeated key", { [config]: "node-name: a\nnode-name: b\n" }, "node-name", ["b config.yaml:2"]],
  [
    "an empty value",
    { [config]: "node-name: a\n", [`${config}.d/1.yaml`]: 'node-name: ""\n' },
    "node-name",
    [" config.yaml.d/1.yaml:1"],
  ],
  [
    "no file that is no YAML",
    { [config]: "node-name: [\n", [`${config}.d/1.yaml`]: "node-name: b\n" },
    "node-name",
    ["b config.yaml.d/1.yaml:1"],
  ],
  ["a flag before a key", { [config]: "node-name: a\n", [unit]: k3s("--node-name=b") }, "node-name", [`b ${unit}:2`]],
  [
    "a key before the variable",
    { [config]: "node-name: a\n", [unit]: `${k3s("")}Environment=K3S_NODE_NAME=c\n` },
    "node-name",
    ["a config.yaml:1"],
  ],
  [
    "a flag before the variable",
    { [unit]: `${k3s("--node-name b")}Environment=K3S_NODE_NAME=c\n` },
    "node-name",
    [`b ${unit}:2`],
  ],
  [
    "the variable in the file the installer makes",
    { [unit]: `${k3s("")}EnvironmentFile=-${unit}.env\n`, [`${unit}.env`]: "K3S_TOKEN=secret\nK3S_NODE_NAME='c'\n" },
    "node-name",
    [`c ${unit}.env:2`],
  ],
  [
    "the variable in the files of distributions, the later one",
    {
      [unit]: `${k3s("")}EnvironmentFile=-/etc/default/%N\nEnvironmentFile=-/etc/sysconfig/%N\n`,
      "/etc/default/k3s": "K3S_DATA_DIR=/a\n",
      "/etc/sysconfig/k3s": "K3S_DATA_DIR=/b\n",
    },
    "data-dir",
    ["/b /etc/sysconfig/k3s:1"],
  ],
  [
    "flags over lines, quoted",
    {
      [unit]:
        "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--flannel-backend=none' \\\n\t'--cluster-cidr=10.77.0.0/16' \\\n\n",
    },
    "cluster-cidr",
    [`10.77.0.0/16 ${unit}:5`],
  ],
  [
    "a flag in a drop-in of the unit",
    {
      [unit]: k3s("--node-name=a"),
      [`${unit}.d/1.conf`]: "[Service]\nExecStart=\nExecStart=/usr/local/bin/k3s agent --node-name b\n",
    },
    "node-name",
    [`b ${unit}.d/1.conf:3`],
  ],
  [
    "a flag in a script",
    { [unit]: "[Service]\nExecStart=/bin/sh -c 'exec /usr/local/bin/k3s server --node-name=b'\n" },
    "node-name",
    [`b ${unit}:2`],
  ],
  ["a flag of one dash", { [unit]: k3s("-node-name b") }, "node-name", [`b ${unit}:2`]],
  ["the last of a repeated flag", { [unit]: k3s("--node-name=a --node-name=b") }, "node-name", [`b ${unit}:2`]],
  ["no flags of other programs", { [unit]: "[Service]\nExecStart=/opt/other --node-name=b\n" }, "node-name", []],
  [
    "the command line's range of a family, and the file's of the other",
    { [config]: "cluster-cidr: 10.42.0.0/16,fd00:42::/56\n", [unit]: k3s("--cluster-cidr=10.77.0.0/16") },
    "cluster-cidr",
    ["fd00:42::/56 config.yaml:1", `10.77.0.0/16 ${unit}:2`],
  ],
  [
    "two ranges with a comma",
    { [unit]: k3s("--service-cidr 10.1.0.0/16,fd00::/112") },
    "service-cidr",
    [`10.1.0.0/16 ${unit}:2`, `fd00::/112 ${unit}:2`],
  ],
  [
    "handed on flags of file and command line, of each the last",
    { [config]: "kubelet-arg: [pod-cidr=a, config=b]\n", [unit]: k3s("--kubelet-arg=pod-cidr=c --kubelet-arg=v=5") },
    "kubelet-arg",
    ["config=b config.yaml:1", `pod-cidr=c ${unit}:2`],
  ],
  [
    "the file of --config",
    {
      [unit]: k3s("-c /etc/a.yaml"),
      "/etc/a.yaml": "node-name: a\n",
      "/etc/a.yaml.d/1.yaml": "data-dir: /b\n",
      [config]: "node-name: no\n",
    },
    "node-name",
    ["a /etc/a.yaml:1"],
  ],
  [
    "its drop-ins",
    { [unit]: k3s("--config=/etc/a.yaml"), "/etc/a.yaml.d/1.yaml": "data-dir: /b\n" },
    "data-dir",
    ["/b /etc/a.yaml.d/1.yaml:1"],
  ],
  [
    "the variable's file before that of --config",
    {
      [unit]: `${k3s("--config=/etc/a.yaml")}Environment=K3S_CONFIG_FILE=/etc/b.yaml\n`,
      "/etc/a.yaml": "node-name: a\n",
      "/etc/b.yaml": "node-name: b\n",
    },
    "node-name",
    ["b /etc/b.yaml:1"],
  ],
  [
    "a service with a name of its own",
    {
      "/etc/systemd/system/k3s-two.service": k3s("--node-name=b"),
      "/etc/systemd/system/k3s-other.service": "[Service]\nExecStart=/bin/x --node-name=no\n",
    },
    "node-name",
    ["b /etc/systemd/system/k3s-two.service:2"],
  ],
  [
    "of two services the enabled one",
    {
      [unit]: k3s("--node-name=a"),
      "/etc/systemd/system/k3s-agent.service": "[Service]\nExecStart=/usr/local/bin/k3s agent --node-name=b\n",
      "/etc/systemd/system/multi-user.target.wants/k3s-agent.service": "",
    },
    "node-name",
    ["b /etc/systemd/system/k3s-agent.service:2"],
  ],
  [
    "OpenRC's service, its arguments over lines",
    {
      "/etc/init.d/k3s": `#!/sbin/openrc-run\nname=k3s\ncommand="/usr/local/bin/k3s"\ncommand_args="server '--cluster-cidr=10.9.0.0/16' \\\n  '--node-name=b' $MORE\n    >>/var/log/k3s.log 2>&1"\n`,
    },
    "cluster-cidr",
    ["10.9.0.0/16 /etc/init.d/k3s:4"],
  ],
  [
    "OpenRC's variables",
    {
      "/etc/init.d/k3s": `command="/usr/local/bin/k3s"\ncommand_args="server"\nset -o allexport\nif [ -f /etc/rancher/k3s/k3s.env ]; then . /etc/rancher/k3s/k3s.env; fi\n`,
      "/etc/rancher/k3s/k3s.env": "K3S_NODE_NAME='c'\n",
    },
    "node-name",
    ["c k3s.env:1"],
  ],
  [
    "what OpenRC's settings give the variables of its script",
    {
      "/etc/conf.d/k3s": `export PATH="/usr/libexec/cni/:$PATH"\nK3S_EXEC="server"\nK3S_OPTS="--service-cidr=10.78.0.0/16 --cluster-cidr=10.77.0.0/16"\n`,
      "/etc/init.d/k3s": `command="/usr/bin/\${RC_SVCNAME}"\ncommand_args="\${K3S_EXEC:-server} \${K3S_OPTS}" # here\n`,
    },
    "cluster-cidr",
    ["10.77.0.0/16 /etc/conf.d/k3s:3"],
  ],
  [
    "what is put before and behind OpenRC's arguments",
    {
      "/etc/conf.d/k3s": "NET=10.77.0.0/16\n",
      "/etc/init.d/k3s": `command=/usr/bin/k3s\ncommand_args="server '--cluster-cidr=$NET'"\ncommand_args="\${command_args} \${K3S_EXEC:-}"\n`,
    },
    "cluster-cidr",
    ["10.77.0.0/16 /etc/init.d/k3s:2"],
  ],
  [
    "what stands for an empty variable",
    {
      "/etc/init.d/k3s": `command=/usr/bin/k3s\ncommand_args="server \${A:---cluster-cidr=\${B:-10.9.0.0/16} -d x}"\n`,
    },
    "cluster-cidr",
    ["10.9.0.0/16 /etc/init.d/k3s:2"],
  ],
  [
    "variables of its service in a script",
    {
      [unit]: `[Service]\nEnvironmentFile=-/etc/default/%N\nExecStart=/bin/sh -c 'exec /usr/local/bin/k3s server $OPTS --node-name "$\{NAME}"'\n`,
      "/etc/default/k3s": 'NAME=a\nOPTS="--cluster-cidr=10.77.0.0/16"\n',
    },
    "cluster-cidr",
    ["10.77.0.0/16 /etc/default/k3s:2"],
  ],
  [
    "variables that systemd leaves to the script",
    {
      [unit]: `[Service]\nEnvironment=NET=10.77.0.0/16\nExecStart=/bin/sh -c 'exec k3s server --cluster-cidr=$$NET'\n`,
    },
    "cluster-cidr",
    [`10.77.0.0/16 ${unit}:3`],
  ],
];

/** Command lines, and what of them could not be read. */
const openRows: readonly (readonly [string, Nodes, readonly string[]])[] = [
  ["nothing", { [unit]: k3s(`$NONE --token=$\{NONE} --node-name a`) }, []],
  [
    "a word of a script that may be flags",
    { [unit]: "[Service]\nExecStart=/bin/sh -c 'exec k3s server $OPTS --x=$Y'\n" },
    [`${unit}:2`],
  ],
  ["what a script was given", { [unit]: `[Service]\nExecStart=/bin/sh -c 'exec k3s server "$@"' x\n` }, [`${unit}:2`]],
  [
    "what a script asks another program for",
    {
      [unit]:
        "[Service]\nExecStart=/bin/sh -c 'exec k3s server --node-name=$(hostname -f) \\\n --cluster-cidr $(cat /net)'\n",
    },
    [`${unit}:3`],
  ],
  [
    "a range in a variable that nothing sets",
    { "/etc/init.d/k3s": `command=k3s\ncommand_args="server --cluster-cidr=$NET"\n` },
    ["/etc/init.d/k3s:2"],
  ],
  [
    "a file in one",
    { "/etc/init.d/k3s": `command=k3s\ncommand_args="server --config /etc/$NAME.yaml"\n` },
    ["/etc/init.d/k3s:2"],
  ],
  [
    "arguments in one",
    { "/etc/init.d/k3s": `command=k3s\ncommand_args="server\n $K3S_EXEC"\n` },
    ["/etc/init.d/k3s:3"],
  ],
  ["what is a value already", { [unit]: "[Service]\nExecStart=/bin/sh -c 'k3s server --node-name $NAME'\n" }, []],
];

describe("k3sSettings()", () => {
  test.each(rows)("takes %s", (_, files, name, expected) => {
    expect(given(read(files), name)).toEqual([...expected]);
  });

  test.each(openRows)("says that it could not read %s", (_, files, expected) => {
    const found = read(files);
    expect([found.unread, given(found, "cluster-cidr")]).toEqual([[...expected], []]);
  });

  test("says what was overridden, and by which place", () => {
    const { settings } = read({
      [config]: "cluster-cidr: 10.42.0.0/16\nkubelet-arg: [pod-cidr=a]\nnode-name: a\n",
      [`${config}.d/1.yaml`]: "kubelet-arg: [v=2]\n",
      [unit]: k3s("--cluster-cidr=10.77.0.0/16 --node-name b"),
    });
    expect(settings.overridden.map(({ name, setting, by }) => `${name} ${setting.value} ${describePlace(by)}`)).toEqual(
      [`kubelet-arg pod-cidr=a ${config}.d/1.yaml:1`, `cluster-cidr 10.42.0.0/16 ${unit}:2`, `node-name a ${unit}:2`],
    );
  });

  test("keeps no other flag, key or variable", () => {
    const found = read({
      [config]: "token: secret\nagent-token: secret\nkubelet-arg: [token=secret, pod-cidr=a]\nnode-name: a\n",
      [unit]: `${k3s("--token secret --token=secret -t secret --kubelet-arg=x=secret")}Environment=K3S_TOKEN=secret\n`,
    });
    const { settings } = found;
    expect(settings.names.toSorted()).toEqual(["kubelet-arg", "node-name"]);
    expect(
      JSON.stringify([found, settings.names.map((name) => settings.all(name)), settings.overridden]),
    ).not.toContain("secret");
  });

  test.each<[string, Nodes, ReturnType<typeof k3sSettings>["role"], boolean, string]>([
    ["nothing", {}, undefined, false, "/var/lib/rancher/k3s"],
    ["a server", { [unit]: k3s("--with-node-id") }, "server", true, "/var/lib/rancher/k3s"],
    [
      "an agent",
      { "/etc/systemd/system/k3s-agent.service": "[Service]\nExecStart=/usr/local/bin/k3s agent -d /srv\n" },
      "agent",
      true,
      "/srv",
    ],
    ["a file alone", { [config]: "data-dir: /srv\n" }, undefined, true, "/srv"],
  ])("knows of %s", (_, files, role, isGiven, dataDir) => {
    expect(read(files)).toMatchObject({ role, isGiven, dataDir });
  });

  test("takes a switch without a value, and hands on flags by name", () => {
    const { settings } = read({
      [unit]: k3s("--with-node-id --node-name x --kubelet-arg --hostname_override=y"),
      [config]: "with-node-id: false\n",
    });
    expect([isTrue(settings.one("with-node-id")), settings.one("node-name")?.value]).toEqual([true, "x"]);
    expect(settings.passedOn("kubelet-arg", "hostname-override")).toEqual({ value: "y", file: unit, line: 2 });
  });
});

test("rke2Settings() reads RKE2's own services, files and variables", () => {
  const found = read(
    {
      "/usr/lib/systemd/system/rke2-server.service":
        "[Service]\nEnvironmentFile=-/etc/default/%N\nExecStart=/usr/local/bin/rke2 server\n",
      "/etc/default/rke2-server": "RKE2_NODE_NAME=a\nRKE2_DATA_DIR=/srv\nK3S_NODE_NAME=no\n",
      "/etc/rancher/rke2/config.yaml": "cluster-cidr: 10.9.0.0/16\n",
      [config]: "cluster-cidr: 10.1.0.0/16\n",
    },
    rke2Settings,
  );
  expect(found).toMatchObject({ role: "server", dataDir: "/srv" });
  expect([given(found, "node-name"), given(found, "cluster-cidr")]).toEqual([
    ["a /etc/default/rke2-server:1"],
    ["10.9.0.0/16 /etc/rancher/rke2/config.yaml:1"],
  ]);
});
