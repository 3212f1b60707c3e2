import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import { exposedDirs } from "./exposed-dirs.ts";

const dir = "/run/headcni";

const rows: readonly (readonly [string, number, readonly [number, number], string | undefined, string | undefined])[] =
  [
    ["as it should be", 0o755, [0, 0], undefined, undefined],
    ["writable by root's group", 0o775, [0, 0], undefined, undefined],
    ["writable by everybody", 0o777, [0, 0], "has mode 0777 (owner 0:0)", `chmod go-w ${dir}`],
    ["like /tmp", 0o1777, [0, 0], "has mode 1777 (owner 0:0)", `chmod go-w ${dir}`],
    ["writable by another group", 0o775, [0, 1000], "has mode 0775 (owner 0:1000)", `chmod go-w ${dir}`],
    ["somebody else's", 0o700, [1000, 1000], "belongs to 1000:1000", `chown 0:0 ${dir}`],
    [
      "somebody else's and open",
      0o777,
      [1000, 0],
      "belongs to 1000:0 and has mode 0777",
      `chown 0:0 ${dir} && chmod go-w ${dir}`,
    ],
  ];

test.each(rows)("exposedDirs() with a folder that is %s", (_, mode, [uid, gid], why, remedy) => {
  using root = tempRoot();
  fs.mkdirSync(`${root.path}${dir}`, { recursive: true });
  fs.chownSync(`${root.path}${dir}`, uid, gid);
  fs.chmodSync(`${root.path}${dir}`, mode);
  expect(exposedDirs(testSystem(root))).toEqual(
    why === undefined || remedy === undefined ? [] : [{ path: dir, why, remedy }],
  );
});

test("exposedDirs() looks at each folder of the daemon's that is there", () => {
  using root = tempRoot();
  expect(exposedDirs(testSystem(root))).toEqual([]);
  for (const path of ["/run/headcni", "/var/lib/headcni", "/var/lib/headcni/cni"]) {
    fs.mkdirSync(root.path + path, { recursive: true });
    fs.chmodSync(root.path + path, 0o777);
  }
  const found = exposedDirs(testSystem(root)).map(({ path }) => path);
  expect(found.toSorted()).toEqual(["/run/headcni", "/var/lib/headcni", "/var/lib/headcni/cni"]);
});
