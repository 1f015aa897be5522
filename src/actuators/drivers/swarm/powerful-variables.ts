/**
 * Which variables of a recipe the docker command does not get. `docker stack deploy` fills in compose files from its own
 * environment and from nothing else, so what a recipe sets must stand there, next to what decides which engine is talked
 * to and which programs and libraries are used for it. What is read for that, no recipe may set (invariant I12).
 * Names are in full, wherever apps have others that begin alike: `SSH_PORT`, `GOOGLE_CLIENT_ID` and `SSL_MODE` are theirs.
 */
type Environment = Readonly<Record<string, string>>;

/** Families that grow, of which apps have no use: of the docker command, its plugins, the loader, bash, this program. */
const FAMILIES = ['DOCKER_', 'BUILDKIT_', 'BUILDX_', 'LD_', 'BASH_', 'RECONCILE_'];

const NAMES: readonly string[] = [
  // Of every program.
  'PATH HOME TMPDIR SHELL PWD XDG_CONFIG_HOME XDG_RUNTIME_DIR',
  // Of the shells that ssh starts its own helpers with.
  'IFS CDPATH PS4 SHELLOPTS BASHOPTS',
  // What is said in another language could not be told from other answers.
  'LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES',
  // What the C library takes from nobody whom it does not trust: some are files that it reads, loads or writes.
  'GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_TRACE NIS_PATH NLSPATH',
  'RESOLV_HOST_CONF RES_OPTIONS TZDIR',
  // Of Go's runtime.
  'GODEBUG GOGC GOMAXPROCS GOMEMLIMIT GOTRACEBACK GOCOVERDIR GORACE GOROOT ZONEINFO',
  // Of ssh, and of Kerberos within it.
  'SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_SK_PROVIDER SSH_SK_HELPER SSH_PKCS11_HELPER',
  'DISPLAY WAYLAND_DISPLAY KRB5_CONFIG KRB5_TRACE KRB5CCNAME KRB5_KTNAME KRB5_CLIENT_KTNAME',
  // Of TLS.
  'SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE OPENSSL_CONF OPENSSL_CONF_INCLUDE OPENSSL_ENGINES OPENSSL_MODULES',
  // Of whatever calls over HTTP.
  'HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy',
];

const WITHHELD = new Set(NAMES.flatMap((names) => names.split(' ')));

/** What is left of it for the docker command. */
export function harmless(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isPowerful(name)));
}

/** The names of what is not. */
export function withheldFrom(env: Environment): string[] {
  return Object.keys(env).filter(isPowerful);
}

function isPowerful(name: string): boolean {
  return WITHHELD.has(name) || FAMILIES.some((family) => name.startsWith(family));
}
