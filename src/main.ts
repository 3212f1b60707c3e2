// Looks at how it was called and loads just that part: the CNI plugin when a runtime calls (CNI_COMMAND is set), else the
// command-line tool, which `headcni-daemon` is one command of. Nothing else is imported up front: the plugin is started
// for each pod.

const command = process.env.CNI_COMMAND;
if (command === "VERSION") {
  const { runVersion } = await import("./cni/commands/version-command.ts");
  // By force, here and below: standard input may still be open, and would keep the process alive.
  process.exit(await runVersion());
} else if (command !== undefined) {
  const { runPlugin } = await import("./cni/plugin.ts");
  process.exit(await runPlugin());
} else {
  const { runCommandLine } = await import("./cli/program.ts");
  const { installCrashHandler } = await import("./sys/process/crash.ts");
  installCrashHandler();
  const calledAs = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
  process.exit(await runCommandLine(process.argv.slice(2), calledAs));
}
