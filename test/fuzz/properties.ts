/** Every property, in the order in which they are tried. */
import { listings } from './properties/listings.ts';
import { logs } from './properties/logs.ts';
import { manifests } from './properties/manifests.ts';
import { names } from './properties/names.ts';
import { servers, serversAskedByGit } from './properties/servers.ts';
import { stored } from './properties/stored.ts';
import { tags } from './properties/tags.ts';
import { text } from './properties/text.ts';
import { urls } from './properties/urls.ts';
import type { Property } from './property.ts';

export const PROPERTIES: readonly Property[] = [
  manifests,
  names,
  tags,
  urls,
  listings,
  text,
  logs,
  servers,
  serversAskedByGit,
  stored,
];
