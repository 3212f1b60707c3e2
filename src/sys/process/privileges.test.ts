import { expect, test } from "bun:test";
import { refusalHint } from "../fs/refusal.ts";
import { ownPrivileges, readPrivileges } from "./privileges.ts";

const all = "000001ffffffffff";
const whole = "         0          0 4294967295\n";
const status = (uid: number, capEff: string) =>
  `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapPrm:\t${all}\nCapEff:\t${capEff}\n`;
const immutable = "check for the immutable attribute with lsattr";

const rows: readonly (readonly [string, string, string, string, string])[] = [
  [
    "root",
    status(0, all),
    whole,
    "EACCES",
    "root may do this, so SELinux, AppArmor or the server of a network file system forbids it: allow HeadCNI to write there",
  ],
  ["root", status(0, all), whole, "EPERM", immutable],
  ["a user", status(1000, "0"), whole, "EACCES", "run as root"],
  ["a user", status(1000, "0"), whole, "EPERM", `run as root, or ${immutable}`],
  [
    "root of a pod without capabilities",
    status(0, "3000"),
    whole,
    "EACCES",
    "give it CAP_DAC_OVERRIDE (in a pod: securityContext.capabilities.add: [DAC_OVERRIDE]), or let root's own permission bits allow it (ls -ld)",
  ],
  [
    "root of a pod without capabilities",
    status(0, "3000"),
    whole,
    "EPERM",
    `give it CAP_CHOWN and CAP_FOWNER (in a pod: securityContext.capabilities.add: [CHOWN, FOWNER]), or ${immutable}`,
  ],
  ["a user with ambient capabilities", status(1000, "b"), whole, "EPERM", immutable],
  [
    "root of a user namespace",
    status(0, all),
    "         0     100000      65536\n",
    "EACCES",
    "root of a user namespace may not do this: run it as the machine's root (in a pod: hostUsers: true), or give the folder to its user",
  ],
];

test.each(rows)("refusalHint() for %s: %#", (_, text, uidMap, errno, hint) => {
  expect(refusalHint(errno, readPrivileges(text, uidMap))).toBe(hint);
});

test("refusalHint() says what the disk needs, and nothing where the kernel's word says it all", () => {
  expect(refusalHint("EROFS")).toStartWith("mount it writable");
  expect(refusalHint("ENOSPC")).toStartWith("free space");
  expect([refusalHint("EIO"), refusalHint(undefined)]).toEqual([undefined, undefined]);
});

test("ownPrivileges() knows the tests' own user", () => {
  expect(ownPrivileges().isRoot).toBe(process.geteuid?.() === 0);
});
