import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { readService } from "./service-command.ts";
import { flagValue, flagValues } from "./word.ts";

const unit = "/usr/lib/systemd/system/x.service";
const dropIn = "/etc/systemd/system/x.service.d";

/** Files of the node, the words of the command with their places. */
const rows: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ["no unit", {}, []],
  [
    "words over several lines, with quotes and comments",
    {
      [unit]:
        '[Unit]\nExecStart=/no\n[Service]\nExecStart=/x run \\\n  \'--a\' \\\n# not this\n  "b c" \\\n  --d="e f"\nUser=root\n',
    },
    [`/x ${unit}:4`, `run ${unit}:4`, `--a ${unit}:5`, `b c ${unit}:7`, `--d=e f ${unit}:8`],
  ],
  [
    "a command that a drop-in takes back",
    { [unit]: "[Service]\nExecStart=/x --a\n", [`${dropIn}/1.conf`]: "[Service]\nExecStart=\nExecStart=/y\n" },
    [`/y ${dropIn}/1.conf:3`],
  ],
  [
    "the unit of the operator instead of the package's",
    { [unit]: "[Service]\nExecStart=/x\n", "/etc/systemd/system/x.service": "[Service]\nExecStart=/y\n" },
    ["/y /etc/systemd/system/x.service:2"],
  ],
  [
    "variables of the unit, its drop-ins by name, and its files",
    {
      [unit]: `[Service]\nEnvironment=A=1 'B=2 3' C=4\nEnvironmentFile=-/etc/default/x\nEnvironmentFile=-/gone\nExecStart=/x $A $B --c=$\{C} $D $E\n`,
      [`${dropIn}/20.conf`]: '[Service]\nEnvironment="A=20"\n',
      [`${dropIn}/10.conf`]: '[Service]\nEnvironment="A=10"\n',
      [`${dropIn}/30.conf.bak`]: '[Service]\nEnvironment="A=30"\n',
      "/etc/default/x": "# D=no\nD='--d \"e f\"'\nC=5\n",
    },
    [
      `/x ${unit}:5`,
      `20 ${dropIn}/20.conf:2`,
      `2 ${unit}:2`,
      `3 ${unit}:2`,
      `--c=5 ${unit}:5`,
      "--d /etc/default/x:2",
      "e f /etc/default/x:2",
    ],
  ],
  [
    "a quoted variable that goes on over lines, each word with its line",
    {
      [unit]:
        '[Service]\nEnvironment="A=--a x \\\n# not this\n  --b=1 \\\n  --c=2" B=3\nExecStart=/x $A $B \\\n  "y \\\n  z"\n',
    },
    [
      `/x ${unit}:6`,
      `--a ${unit}:2`,
      `x ${unit}:2`,
      `--b=1 ${unit}:4`,
      `--c=2 ${unit}:5`,
      `3 ${unit}:5`,
      `y    z ${unit}:7`,
    ],
  ],
  [
    "the names of the unit and the host",
    {
      "/etc/hostname": "# mine\nw1.example\n",
      [unit]: `[Service]\nEnvironment=A=%l\nEnvironmentFile=/etc/default/%p\nExecStart=/%N --a=%H.$\{A} %n 1%%H %i %m $B\n`,
      "/etc/default/x": "B=%H\n",
    },
    [
      `/x ${unit}:4`,
      `--a=w1.example.w1 ${unit}:4`,
      `x.service ${unit}:4`,
      `1%H ${unit}:4`,
      `%i ${unit}:4`,
      `%m ${unit}:4`,
      "%H /etc/default/x:1",
    ],
  ],
  [
    "drop-ins of one name: the operator's",
    {
      [unit]: "[Service]\nExecStart=/x $A\n",
      "/usr/lib/systemd/system/x.service.d/1.conf": "[Service]\nEnvironment=A=package\n",
      [`${dropIn}/1.conf`]: "[Service]\nEnvironment=A=operator\n",
    },
    [`/x ${unit}:2`, `operator ${dropIn}/1.conf:2`],
  ],
];

describe("readService()", () => {
  test.each(rows)("gives %s", (_, files, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    const { words } = readService(testSystem(root), "x.service");
    expect(words.map(({ text, file, line }) => `${text.replace("\n", " ")} ${file}:${line}`)).toEqual([...expected]);
  });
});

test("readService() finds units of the package with a merged /usr and without", () => {
  for (const dir of ["/usr/lib", "/lib"]) {
    using root = tempRoot();
    root.write(`${dir}/systemd/system/x.service`, "[Service]\nExecStart=/x\n");
    const system = testSystem(root);
    if (dir === "/usr/lib") system.files.symlink("usr/lib", "/lib");
    expect(readService(system, "x.service").words.map(({ file }) => file)).toEqual([`${dir}/systemd/system/x.service`]);
  }
});

describe("flagValue()", () => {
  const words = ["/x", "--a=1", "--ab=no", "-a", "2", "--a"].map((text, at) => ({ text, file: "f", line: at }));

  test("gives the last one", () => {
    expect(flagValue(words, "--a", "-a")).toEqual({ text: "2", file: "f", line: 4 });
    expect(flagValue(words, "--b")).toBeUndefined();
  });

  test("and flagValues() all", () => {
    expect(flagValues(words, "--a", "-a").map(({ text }) => text)).toEqual(["1", "2"]);
  });
});
