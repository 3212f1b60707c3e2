// Looks at how it was called and loads just that part: the CNI plugin when a runtime calls (CNI_COMMAND is set), the
// daemon as `headcni-daemon`, else the command-line tool. Nothing else is imported up front: the plugin is started for each pod.

const command = process.env.CNI_COMMAND;
if (command !== undefined) {
  const { runPlugin } = await import("./cni/main.ts");
  await runPlugin();
} else {
  const { runCommandLine } = await import("./cli/program.ts");
  const { installCrashHandler } = await import("./sys/crash.ts");
  installCrashHandler();
  const name = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
  const args = process.argv.slice(2);
  process.exit(await runCommandLine(name.startsWith("headcni-daemon") ? ["daemon", ...args] : args));
}
