/** How manifests name a secret without holding it: by an environment variable or by a file. */
import { z } from 'zod';
import { resolve } from 'node:path';
import type { TokenSource } from '../reconciler/model.ts';
import { faultOfHttpUrl } from './upstream-url.ts';
import { environmentName, expected, filePath } from './words.ts';

export const httpUrl = z.string().superRefine((text, context) => {
  const message = faultOfHttpUrl(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

export const tokenSources = {
  tokenEnv: environmentName.optional().describe('The environment variable that holds the token.'),
  tokenFile: filePath
    .optional()
    .describe('The file that holds the token, read at each use; a relative path is relative to this file.'),
};

export const oneSource = {
  error: expected('either tokenEnv or tokenFile, which say where the token is found'),
};

interface NamedToken {
  tokenEnv?: string | undefined;
  tokenFile?: string | undefined;
}

/** For a mapping with both of `tokenSources`. */
export function namesOneSource({ tokenEnv, tokenFile }: NamedToken): boolean {
  return (tokenEnv === undefined) !== (tokenFile === undefined);
}

export function toTokenSource({ tokenEnv, tokenFile }: NamedToken, folder: string): TokenSource {
  return tokenEnv === undefined
    ? { kind: 'file', path: resolve(folder, tokenFile ?? '') }
    : { kind: 'env', name: tokenEnv };
}
