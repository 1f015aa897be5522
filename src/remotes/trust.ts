/**
 * Whose word counts for the certificate of a server: whom git is told to trust in its environment is trusted here too, in
 * place of those that Node trusts by itself.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Reads the file that the environment names, if any: once for all connections. */
export function trust(): { secureContext?: SecureContext } {
  const file = trustedFile();
  return file === '' ? {} : { secureContext: createSecureContext({ ca: readFileSync(file) }) };
}

/** Git is told of a folder of certificates, which Node cannot be told of. */
export function isTrustKnownToGitOnly(): boolean {
  return trustedFile() === '' && isSet('GIT_SSL_CAPATH', 'SSL_CERT_DIR');
}

function trustedFile(): string {
  return process.env['GIT_SSL_CAINFO'] || process.env['SSL_CERT_FILE'] || '';
}

function isSet(...names: readonly string[]): boolean {
  return names.some((name) => (process.env[name] ?? '') !== '');
}
