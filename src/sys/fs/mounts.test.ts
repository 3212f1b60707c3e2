import { expect, test } from "bun:test";
import { findMount, mountOf } from "./mounts.ts";

const mountinfo = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 8:1 /etc/cni/net.d /etc/cni/net.d rw - ext4 /dev/sda1 rw
31 22 8:1 /opt/cni/bin//deleted /opt/cni/bin rw - ext4 /dev/sda1 rw
32 22 0:5 / /run rw - tmpfs tmpfs rw
33 32 0:6 / /run rw - tmpfs tmpfs rw
34 22 8:1 /with\\040space /a\\040b rw - ext4 /dev/sda1 rw
`;

test.each([
  ["/etc/cni/net.d", "30", "/etc/cni/net.d", false],
  ["/etc/cni/net.d/10-a.conf", "30", "/etc/cni/net.d", false],
  ["/etc/cni/net.dx", "22", "/", false],
  ["/opt/cni/bin", "31", "/opt/cni/bin", true],
  ["/run/headcni", "33", "/", false],
  ["/a b/c", "34", "/with space", false],
])("findMount() of %s", (path, id, root, isRemoved) => {
  expect(findMount(mountinfo, path)).toMatchObject({ id, root, isRemoved });
});

test("mountOf() reads this machine's", () => {
  expect(mountOf("/")?.mountPoint).toBe("/");
});
