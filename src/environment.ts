/** What a child process gets of our environment: these, what it is given by name, and nothing else (invariant I10). */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** `tmp`: a folder for temporary files that goes with the work, in place of the machine's. */
export function childEnvironment(
  extra: Readonly<Record<string, string>>,
  tmp?: string,
): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...(tmp === undefined ? {} : { TMPDIR: tmp }), ...extra };
}
