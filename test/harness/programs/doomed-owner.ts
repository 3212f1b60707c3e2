// Makes a node with a pod, says the pod's address and dies at once, with no chance to tidy up.

import { startContainerd } from "../containerd.ts";
import { connectPods } from "../cri.ts";
import { runDaemonOnce } from "../headcni.ts";
import { kubeadmFiles } from "../kubeadm.ts";
import { createNode } from "../node.ts";

const node = await createNode({ files: kubeadmFiles({ podCIDR: "10.88.0.0/24" }) });
await runDaemonOnce(node);
await startContainerd(node);
const pod = await connectPods(node).runPod({ name: "orphan" });
await Bun.write(Bun.stdout, `${pod.addresses.join()}\n`);
process.kill(process.pid, "SIGKILL");
