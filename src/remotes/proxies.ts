/** Whether there is a proxy between here and the servers: git knows the way then, and nobody else. */
const PROXIES = 'http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY'.split(' ');

export function isProxySet(): boolean {
  return PROXIES.some((name) => (process.env[name] ?? '') !== '');
}
